"""What SEQUENCE costs, for `massivetext estimate`."""

from __future__ import annotations

import math
from typing import Final

from massivetext.pipeline.phases.costs import Costs, Files, Forecast
from massivetext.pipeline.phases.sequence.parts import READ_BYTES, must_sort
from massivetext.pipeline.phases.sequence.planning import (
    KEPT_TOKENS,
    SAMPLE,
    SCRATCH,
    SHARD_BYTES,
    count_parts,
    visits_of,
)
from massivetext.sequencing.crop_batches import CROP_DTYPE
from massivetext.sequencing.dataset import TOKENIZER_FILE
from massivetext.sequencing.held_out import Side

_PARTS: Final = f"{SCRATCH}/parts"
"""Sorted parts of the documents to train on; a small corpus has none."""

_TOKENS: Final = (SCRATCH, KEPT_TOKENS)
"""Tokenised crops lie in one of them: with a tokenizer that is given they stay."""

_HEAPS: Final = 0.6
"""Heaps' law: so the different words of the sample, which are stored, grow with its text (0.4 to
0.6 in English)."""


def _reads(forecast: Forecast) -> float:
    """The corpus is surveyed once, and read again for each draw; crops are counted, then placed."""
    corpus = sum(
        forecast.texts("corpus", [name]) * (1 + draws) for name, draws in forecast.draws.items()
    )
    sample = forecast.size(SAMPLE) + forecast.footers(SAMPLE)
    crops = _crop_bytes(forecast)
    tokens = _token_bytes(forecast) * forecast.volumes.total("tokens")
    if _is_sorted(forecast):  # read to be sorted, then from the sorted parts
        placed, times = 3 * crops + 2 * tokens, 1
    else:
        shard_bytes = _token_bytes(forecast) * forecast.volumes.shard_tokens
        placed = 2 * crops + tokens
        times = math.ceil(shard_bytes / SHARD_BYTES) + math.ceil(tokens / READ_BYTES)
    footers = sum(map(forecast.footers, _TOKENS))
    return corpus + sample + crops + placed + (1 + times) * footers


def _shuffles(forecast: Forecast) -> float:
    """Crops go to be counted; where parts are sorted, so do they and their tokens."""
    crops = _crop_bytes(forecast)
    if not _is_sorted(forecast):
        return crops
    return 2 * crops + _token_bytes(forecast) * forecast.volumes.total("tokens")


def _crop_bytes(forecast: Forecast) -> float:
    return CROP_DTYPE.itemsize * forecast.volumes.total("crops")


def _token_bytes(forecast: Forecast) -> int:
    """Returns the size of a token, as the files of crops show it."""
    of_all = forecast.size(*_TOKENS) - _crop_bytes(forecast)
    return max(1, round(of_all / max(1.0, forecast.volumes.total("tokens"))))


def _is_sorted(forecast: Forecast) -> bool:
    config, subsets = forecast.config.sequence, forecast.volumes.subsets
    visits = visits_of(config, Side(forecast.config.seed, config.held_out))
    supply = int(forecast.visit_tokens * visits)
    files = sum(subsets[name].items * draws for name, draws in forecast.draws.items())
    return must_sort(count_parts(config, supply, _token_bytes(forecast)), math.ceil(files))


COSTS: Final = Costs(
    items="surveyed_bytes",
    steps={"tokenise": "tokens"},
    rest="tokens",
    program_is_constant=True,
    files=(
        Files("sequences", "shard_tokens"),
        Files(f"sequences/{TOKENIZER_FILE}", ""),
        Files(SAMPLE, "training_bytes", _HEAPS),
        Files(_PARTS, "tokens"),
        *(Files(folder, "tokens") for folder in _TOKENS),
    ),
    reads=_reads,
    shuffles=_shuffles,
)
