"""Reading the development corpus, which is not part of the repository."""

import io
import json

import zstandard


def _lines(path):
    with open(path, "rb") as stream:
        reader = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(stream)
        yield from io.TextIOWrapper(reader, encoding="utf-8")


def read_jsonl(path):
    """Yields the objects of a compressed file of JSON lines."""
    return map(json.loads, _lines(path))


def read_tsv(path):
    """Yields the fields of each line of a compressed table."""
    return (line.rstrip("\n").split("\t") for line in _lines(path))
