"""What an own measure costs beside its own time: a share of the time that documents take.

    python tests/benchmarks/own_steps.py

Makes documents of generated texts with and without an own measure in pyarrow, in turns, and prints
the shortest times, as other programs lengthen some: with, without, the function alone, and what is
left over as a share.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from massivetext.config import Config, Source
from massivetext.own_steps import MeasureStep, RuleStep, StepModule
from massivetext.pipeline.phases.documents import DocumentMaker, load_models
from massivetext.records import RawRecord

ROUNDS, DOCUMENTS, WORDS = 60, 500, 400
CODE = """
import pyarrow as pa
import pyarrow.compute as pc


def braces(texts):
    found = pc.cast(pc.count_substring(texts, "{"), pa.float64())
    return pc.divide(found, pc.max_element_wise(pc.utf8_length(texts), 1))
"""


def seconds(maker: DocumentMaker, records: list[RawRecord]) -> float:
    """Returns the time that the documents of some records take."""
    start = time.process_time()
    maker.make(records, "")
    return time.process_time() - start


def alone(texts: pa.Array) -> float:
    """Returns the time of the function itself."""
    start = time.process_time()
    found = pc.cast(pc.count_substring(texts, "{"), pa.float64())
    pc.divide(found, pc.max_element_wise(pc.utf8_length(texts), 1))
    return time.process_time() - start


def main() -> None:
    """Prints the shortest times."""
    draw = random.Random(0)
    words = [f"w{draw.getrandbits(14)}" for _ in range(5000)] + ["the", "of", "and"] * 500
    texts = [" ".join(draw.choices(words, k=WORDS)) for _ in range(DOCUMENTS)]
    records = [RawRecord(str(n), text.encode()) for n, text in enumerate(texts)]
    source = Source("massiveweb", "text", "jsonl")
    plain = Config(sources=(source,))
    own = replace(
        plain,
        measures=(MeasureStep("braces", "bench_own_steps:braces"),),
        rules=(RuleStep("braces", max=0.05),),
        step_modules=(StepModule("bench_own_steps", "0", CODE),),
    )
    makers = [DocumentMaker(config, source, *load_models(config)) for config in (plain, own)]
    for maker in makers:
        maker.make(records, "")
    array = pa.array(texts)
    times = [(*(seconds(m, records) for m in makers), alone(array)) for _ in range(ROUNDS)]
    without, with_own, function = (min(t) for t in zip(*times, strict=True))
    rest = (with_own - without - function) / without
    print(f"without {without * 1e3:.1f} ms, with {with_own * 1e3:.1f} ms, ", end="")
    print(f"the function alone {function * 1e3:.2f} ms; beside it {rest:.2%} more")


if __name__ == "__main__":
    main()
