"""The tokenizer of a run, as plans and workers know it: its facts, and where its file lies."""

from __future__ import annotations

from dataclasses import dataclass

from massivetext.config import ConfigError, TokenizerConfig
from massivetext.content_cache import load_by_content
from massivetext.pipeline.engine import store
from massivetext.sequencing.tokenizer import Tokenizer, make_tokenizer, require_usable


@dataclass(frozen=True)
class TokenizerFile:
    """A model is too large to travel with every step, so workers read it, once a process.

    Attributes:
        path: of the model.
        file_name: beside the shards.
        sha256: its checksum; a process may meet several models under one path.
        vocab_size: number of token ids.
        bos: the id before each crop.
        eos: the id after each crop.
        special: names of both as they were asked for, "" for the file's own.
    """

    path: str
    file_name: str
    sha256: str
    vocab_size: int
    bos: int
    eos: int
    special: tuple[str, str]

    @classmethod
    def of(cls, tokenizer: Tokenizer, folder: str, special: tuple[str, str]) -> TokenizerFile:
        """Returns what there is to know of a tokenizer.

        Args:
            tokenizer: of the run.
            folder: of the shards, where its file is.
            special: names of BOS and EOS, "" for its own.
        """
        path = store.join(folder, tokenizer.file_name)
        facts = tokenizer.sha256, tokenizer.vocab_size, tokenizer.bos, tokenizer.eos
        return cls(path, tokenizer.file_name, *facts, special)

    def load(self) -> Tokenizer:
        """Returns the tokenizer."""
        return load_by_content(self.path, self.sha256, self._read)

    def _read(self, path: str) -> Tokenizer:
        return make_tokenizer(store.read_bytes(path), *self.special)


def load_configured_tokenizer(config: TokenizerConfig) -> Tokenizer:
    """Returns the tokenizer that `tokenizer.model` names.

    Raises:
        ConfigError: if the file is missing or is not a suitable model.
    """
    try:
        tokenizer = make_tokenizer(store.read_bytes(config.model), config.bos, config.eos)
        require_usable(tokenizer, config.allow_lossy)
    except (OSError, ValueError) as error:
        raise ConfigError(f"tokenizer.model = {config.model!r}: {error}") from None
    return tokenizer
