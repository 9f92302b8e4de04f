from massivetext.pipeline.readers.compression import COMPRESSIONS, compression_of


def test_every_compression_of_the_configuration_is_known() -> None:
    assert sorted(COMPRESSIONS) == [".bz2", ".gz", ".lz4", ".xz", ".zst"]
    assert compression_of("gs://bucket/a.b/c.WARC.GZ") is COMPRESSIONS[".gz"]
    assert compression_of("a.gz/plain.jsonl") is None
