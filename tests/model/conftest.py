"""Small shards and small models; JAX sees eight devices on this machine's processor."""

from __future__ import annotations

import os

_FLAGS = (
    "--xla_force_host_platform_device_count=8",
    "--xla_backend_optimization_level=0",  # these tests compile much and compute little
)
os.environ["XLA_FLAGS"] = " ".join((os.environ.get("XLA_FLAGS", ""), *_FLAGS)).strip()
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from massivetext.model.configs import ModelConfig, TrainConfig  # noqa: E402
from massivetext.model.optimiser import OptimiserConfig  # noqa: E402
from massivetext.sequencing.dataset import Dataset, ShardEntry  # noqa: E402

VOCAB_SIZE = 61
RECORD_TOKENS = 64
BOS, EOS = 1, 2


@dataclass(frozen=True)
class ListedRecords:
    """Shards in memory, with the interface of ShardReader."""

    tokens: np.ndarray
    dataset: Dataset
    shard_records: int = 8

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.tokens[index]

    def locate(self, index: int) -> tuple[int, int]:
        return divmod(index, self.shard_records)


def dataset_of(records: int, shard_records: int = 8) -> Dataset:
    shards = []
    for first in range(0, records, shard_records):
        size = min(shard_records, records - first)
        name = f"shard-{first // shard_records}"
        shards.append(ShardEntry(name, size, size * RECORD_TOKENS, size * RECORD_TOKENS * 3, ""))
    tokens = records * RECORD_TOKENS
    return Dataset(
        schema_version=1,
        format="arrayrecord",
        sequence_length=RECORD_TOKENS,
        vocab_size=VOCAB_SIZE,
        bos=BOS,
        eos=EOS,
        tokenizer_sha256="ab" * 32,
        config_hash="",
        seed=0,
        records=records,
        tokens=tokens,
        utf8_bytes=tokens * 3,
        shards=tuple(shards),
        subsets={},
        warnings=(),
    )


@pytest.fixture(scope="session", autouse=True)
def compilation_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What one test has compiled, the next one need not."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("jax")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


@pytest.fixture(scope="session")
def listed_records() -> Callable[[int], ListedRecords]:
    """Makes records in which a token mostly follows from the one before."""

    def make(records: int) -> ListedRecords:
        rng = np.random.default_rng(0)
        tokens = rng.integers(3, VOCAB_SIZE, (records, RECORD_TOKENS))
        for place in range(1, RECORD_TOKENS):
            follows = rng.random(records) < 0.9
            successor = 3 + (tokens[:, place - 1] * 7) % (VOCAB_SIZE - 3)
            tokens[:, place] = np.where(follows, successor, tokens[:, place])
        return ListedRecords(tokens.astype(np.uint16), dataset_of(records))

    return make


@pytest.fixture(scope="session")
def small_model() -> ModelConfig:
    return ModelConfig(
        layers=2,
        heads=4,
        key_size=8,
        d_model=32,
        vocab_size=VOCAB_SIZE,
        window=32,
        remat="none",
    )


@pytest.fixture(scope="session")
def small_run(small_model: ModelConfig) -> TrainConfig:
    """A run whose Adam, by its large epsilon, does not blow rounding errors of gradients up."""
    return TrainConfig(
        preset="small",
        model=small_model,
        optimiser=OptimiserConfig(max_learning_rate=3e-2, epsilon=1e-3),
        steps=60,
        batch_windows=8,
        precision="float32",
    )
