"""Bytes a token of the run's tokenizer and of a second one, on the same texts (A.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from massivetext.config import Config, ConfigError
from massivetext.content_cache import load_by_content
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer

COMPARED_BYTES: Final = 1_000_000
"""Our choice: text of each work item, from its beginning; of documents that end within it."""


@dataclass(frozen=True)
class StoredTokenizer:
    """A tokenizer's file, which workers read once a process.

    Attributes:
        path: of the file.
        xxh3: its checksum.
    """

    path: str
    xxh3: str

    @classmethod
    def at(cls, path: str) -> StoredTokenizer:
        """Returns what there is to know of a file."""
        return cls(path, store.digest_file(path)[1])

    def load(self) -> Tokenizer:
        """Returns the tokenizer; raises as `make_tokenizer`."""
        return load_by_content(self.path, self.xxh3, _read)


def _read(path: str) -> Tokenizer:
    return make_tokenizer(store.read_bytes(path))


def check_second_tokenizer(config: Config) -> None:
    """Reads the second tokenizer, if one is named.

    Raises:
        ConfigError: if it cannot be read.
    """
    path = config.report.second_tokenizer
    try:
        if path:
            StoredTokenizer.at(path).load()
    except (OSError, ValueError) as error:
        raise ConfigError(f"report.second_tokenizer = {path!r}: {error}") from None


@dataclass(frozen=True)
class CompareTokenizers:
    """Counts what two tokenizers make of the first texts of an item.

    Attributes:
        output: the output folder.
        first: the run's tokenizer.
        second: the one beside it.
    """

    output: str
    first: StoredTokenizer
    second: StoredTokenizer

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns bytes and tokens by subset as statistics."""
        tokenizers = {"first": self.first.load(), "second": self.second.load()}
        counts = dict.fromkeys(("bytes", *tokenizers), 0)
        for group in store.row_groups(store.below(self.output, f"corpus/{item.name}.parquet")):
            for text in group.read(["text"])["text"].to_pylist():
                encoded = text.encode()
                if counts["bytes"] + len(encoded) > COMPARED_BYTES and counts["bytes"]:
                    return ItemResult(statistics={"compression": {item.subset: counts}})
                counts["bytes"] += len(encoded)
                for name, tokenizer in tokenizers.items():
                    counts[name] += len(tokenizer.encode(encoded))
        return ItemResult(statistics={"compression": {item.subset: counts}})


def compression_record(counted: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Returns `final_set.compression` of `funnel.json`: bytes a token by subset."""
    return {
        subset: {
            "text_bytes": found["bytes"],
            **{
                f"{name}_bytes_per_token": round(found["bytes"] / found[name], 4)
                for name in ("first", "second")
            },
        }
        for subset, found in counted.items()
        if found["first"] and found["second"]
    }
