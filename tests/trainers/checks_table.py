"""Which shards each trainer of docs/shards.md reads."""

FORMATS = {
    "grain": "arrayrecord",
    "PyTorch": "arrayrecord",
    "Hugging Face datasets": "parquet",
    "Megatron-LM": "raw",
    "MosaicML Streaming": "parquet",
    "MaxText": "parquet",
    "OLMo-core": "raw",
    "datatrove and nanotron": "raw",
}
"""`sequence.format`, by the heading of the page."""
