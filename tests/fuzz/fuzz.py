"""Feeds damaged and hostile bytes to all that reads what others wrote, for a while.

    python tests/fuzz/fuzz.py [--seconds 60 | --mutations 100000] [--seed 0] [--only readers]
    python tests/fuzz/fuzz.py --input out/fuzz/FILE            one input again

Seeds are small archives and files made here, and the pages of `tests`; each is changed a few times
in a row. An input fails that raises, that takes longer than its size allows, that gives records
which cannot be written down, or none for a file that holds something, or that makes the process
larger than MEMORY_BYTES. It is written to `out/fuzz` under a name that says what it was fed to. The
same seed and number of mutations give the same inputs.
"""

from __future__ import annotations

import argparse
import bz2
import contextlib
import io
import json
import random
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from massivetext.config import SafeSearch  # noqa: E402
from massivetext.filters.safesearch import load_scorer  # noqa: E402
from massivetext.pipeline.extraction.encoding import decode_page  # noqa: E402
from massivetext.pipeline.extraction.extract import extract_page  # noqa: E402
from massivetext.pipeline.extraction.wikitext import article_text  # noqa: E402
from massivetext.pipeline.readers import ReadContext, read_file  # noqa: E402
from massivetext.pipeline.readers.http import BodyError, decode_body  # noqa: E402
from massivetext.records import FailedRecord, RawRecord, SkippedRecord  # noqa: E402
from tests.fuzz.seeds import CODINGS, FILES, PAGES, TOKENS, WIKITEXTS  # noqa: E402

BASE_SECONDS: Final = 0.5
SECONDS_A_MEGABYTE: Final = 10.0
"""Our choice: an ordinary page of 1 MB takes about a tenth of a second to extract, ten are allowed
for hostile ones, and the machine may be ten times slower; half a second for its hiccups."""

RECORD_WORTH_BYTES: Final = 100
"""Our choice: a record by itself takes as long as so many bytes are allowed to."""

MEMORY_BYTES: Final = 200_000_000
"""Above the process once it has warmed up: what any body may take."""

INFLATIONS: Final = 3
"""Our choice: a dump of many streams is inflated to its end, whatever it holds; 24 kB of bzip2 may
be half a gigabyte. Reading may take as long as inflating it so many times."""

INFLATED_BYTES: Final = 1_000_000
"""Our choice: of a stream at a time."""

RECORD_BYTES: Final = 2_000_000
LONGEST_BYTES: Final = 200_000
MOST_CHANGES: Final = 6
"""Our choices: small inputs, so that many are tried; a limit that bombs reach."""

OUT = ROOT / "out/fuzz"


class FindingError(Exception):
    """What an input has shown."""


@dataclass(frozen=True)
class Target:
    """Something that is fed.

    Attributes:
        feed: takes the bytes, and returns how many came of them; raises for what must not happen.
        seeds: sound inputs.
        inflate: only inflates the bytes; None if they are not compressed, or bounded.
    """

    feed: Callable[[bytes], int]
    seeds: tuple[bytes, ...]
    inflate: Callable[[bytes], None] | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--mutations", type=int, help="instead of --seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="targets whose names begin so")
    parser.add_argument("--input", type=Path, help="an input that was found")
    options = parser.parse_args()
    every = targets()
    if options.input:
        name = options.input.name.partition("--")[0]
        if name not in every or not options.input.is_file():
            raise SystemExit(f"no input of a target at {options.input}; expected TARGET--DIGEST")
        try_input(every[name], options.input.read_bytes())
        print(f"{name}: nothing found")
        return
    chosen = {name: target for name, target in every.items() if name.startswith(options.only)}
    if not chosen:
        raise SystemExit(f"no target begins with {options.only!r}; there are {', '.join(every)}")
    print(f"seed {options.seed}, targets {', '.join(chosen)}", flush=True)
    raise SystemExit(fuzz(chosen, options.seed, options.seconds, options.mutations))


def fuzz(chosen: Mapping[str, Target], seed: int, seconds: float, mutations: int | None) -> int:
    """Feeds the targets in turn; returns the exit code."""
    for target in chosen.values():  # what they import and compile is none of the inputs'
        for sound in target.seeds:
            target.feed(sound)
    end = time.monotonic() + seconds
    memory = peak_memory()
    done: Counter[str] = Counter()
    found = 0
    for name, stored in inputs(chosen, seed):
        is_over = sum(done.values()) >= mutations if mutations else time.monotonic() > end
        if is_over or found >= 10:
            break
        done[name] += 1
        try:
            try_input(chosen[name], stored)
            if peak_memory() > memory + MEMORY_BYTES:
                memory = peak_memory()
                raise FindingError(f"the process has grown by over {MEMORY_BYTES:,} bytes")
        except Exception as error:  # whatever it is, it must not come out
            found += 1
            report(name, stored, error)
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(done.items()))
    print(f"{sum(done.values()):,} mutations, {found} findings ({counts})")
    return 1 if found else 0


def inputs(chosen: Mapping[str, Target], seed: int) -> Iterator[tuple[str, bytes]]:
    """Yields targets and inputs without end, the same for the same seed."""
    numbers = random.Random(seed)
    while True:
        for name, target in chosen.items():
            stored = bytearray(numbers.choice(target.seeds))
            for _ in range(numbers.randint(1, MOST_CHANGES)):
                mutate(stored, numbers, target.seeds)
            yield name, bytes(stored[:LONGEST_BYTES])


def mutate(stored: bytearray, numbers: random.Random, seeds: tuple[bytes, ...]) -> None:
    """Changes bytes in one of the ways in which files are damaged, or attackers write them."""
    at = numbers.randrange(len(stored) + 1)
    size = int(2 ** numbers.uniform(0, 13))
    kind = numbers.randrange(9)
    if kind == 0 and at < len(stored):
        stored[at] = numbers.randrange(256)
    elif kind == 1:
        del stored[at : at + size]
    elif kind == 2:
        stored[at : at + size] = bytes(min(size, len(stored) - at))
    elif kind == 3:
        stored[at : at + size] = numbers.randbytes(min(size, 512))
    elif kind == 4:
        other = numbers.choice(seeds)
        begin = numbers.randrange(len(other) + 1)
        stored[at:at] = other[begin : begin + size]
    elif kind == 5:
        stored[at:at] = numbers.choice(TOKENS) * numbers.choice([1, 1, 2, 100, 3_000])
    elif kind == 6:
        del stored[at:]
    elif kind == 7:
        stored[at:at] = stored[at : at + size] * numbers.choice([1, 2, 50])
    else:
        stored[at:at] = numbers.choice(TOKENS)
    del stored[LONGEST_BYTES:]


def try_input(target: Target, stored: bytes) -> None:
    """Feeds a target.

    Raises:
        FindingError: if it took longer than the size allows.
    """
    begun = time.process_time()
    given_bytes = target.feed(stored)
    spent = time.process_time() - begun
    size_bytes = max(len(stored), given_bytes)  # small files may hold much
    allowed = BASE_SECONDS + SECONDS_A_MEGABYTE * size_bytes / 1e6
    if spent > allowed and target.inflate:
        allowed += INFLATIONS * _seconds(target.inflate, stored)
    if spent > allowed:
        raise FindingError(f"{spent:.1f} s for {size_bytes:,} bytes; {allowed:.1f} are allowed")


def _seconds(inflate: Callable[[bytes], None], stored: bytes) -> float:
    begun = time.process_time()
    inflate(stored)
    return time.process_time() - begun


def inflate_streams(stored: bytes) -> None:
    """Inflates every bzip2 stream that begins anywhere, as far as it goes."""
    for match in re.finditer(b"BZh", stored):
        stream = bz2.BZ2Decompressor()
        with contextlib.suppress(OSError):
            stream.decompress(stored[match.start() :], INFLATED_BYTES)
            while not stream.eof and not stream.needs_input:
                stream.decompress(b"", INFLATED_BYTES)


def peak_memory() -> int:
    """Returns the most that the process has taken, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def report(name: str, stored: bytes, error: Exception) -> None:
    """Writes down an input and says how to try it again."""
    OUT.mkdir(parents=True, exist_ok=True)
    digest = f"{sum(stored) % 2**16:04x}-{len(stored)}"
    file = OUT / f"{name}--{digest}"
    file.write_bytes(stored)
    print(f"{name}: {type(error).__name__}: {str(error)[:300]}")
    print(f"  again: python tests/fuzz/fuzz.py --input {file.relative_to(ROOT)}", flush=True)


def targets() -> dict[str, Target]:
    """Returns everything that is fed, by name."""
    scorer = load_scorer(SafeSearch())
    found = {
        f"readers-{name}": Target(
            reader_of(*name.split("-")), seeds, inflate_streams if name.endswith("bz2") else None
        )
        for name, seeds in FILES.items()
    }
    found |= {f"body-{coding}": Target(body_of(coding), seeds) for coding, seeds in CODINGS.items()}
    found["decoder"] = Target(lambda page: len(decode_page(page)[1]), PAGES)
    found["extraction"] = Target(lambda page: len(extract_page(page).text), PAGES)
    found["wikitext"] = Target(
        lambda page: len(article_text(page.decode(errors="replace").encode())), WIKITEXTS
    )
    found["markdown"] = Target(markdown_size, PAGES)
    found["safesearch"] = Target(
        lambda page: len(scorer.score("http://a.b/", page, {"rating": "general"}).signals), PAGES
    )
    return found


def markdown_size(page: bytes) -> int:
    """Returns how long a page is as Markdown; its text must be that of the text form."""
    both = extract_page(page, format="markdown", markdown_links=True)
    if both.text != extract_page(page).text:
        raise FindingError("the text beside the Markdown is another one")
    return len(both.markdown or "")


def body_of(coding: str) -> Callable[[bytes], int]:
    """Returns what undoes a coding of HTTP; only a `BodyError` may come of it."""
    transfer = "chunked" if coding == "chunked" else ""

    def feed(body: bytes) -> int:
        try:
            decoded = decode_body(body, transfer, coding, RECORD_BYTES)
        except BodyError:
            return 0
        if len(decoded) > max(RECORD_BYTES, len(body)):
            raise FindingError(f"{len(decoded):,} bytes, over the limit")
        return len(decoded)

    return feed


def reader_of(source_format: str, suffix: str) -> Callable[[bytes], int]:
    """Returns what reads a file and looks at the records."""

    def feed(stored: bytes) -> int:
        context = ReadContext(f"a.{suffix}", record_bytes=RECORD_BYTES)
        ledger: Counter[type] = Counter()
        given_bytes = 0
        for record in read_file(source_format, io.BytesIO(stored), context):
            ledger[type(record)] += 1
            check(record)
            given_bytes += RECORD_WORTH_BYTES
            given_bytes += len(record.raw) if isinstance(record, RawRecord) else 0
        known = ledger[RawRecord] + ledger[FailedRecord] + ledger[SkippedRecord]
        if known != ledger.total() or (stored.strip(b"\0\r\n\t ") and not known):
            raise FindingError(f"the ledger does not balance: {ledger}")
        return given_bytes

    return feed


def check(record: object) -> None:
    """Raises if a record could not be written down."""
    if isinstance(record, RawRecord):
        for text in (record.source_id, record.url, record.title, *record.digests):
            text.encode()
        json.dumps(dict(record.metadata), allow_nan=False, ensure_ascii=False).encode()
        if len(record.raw) > RECORD_BYTES:
            raise FindingError(f"a record of {len(record.raw):,} bytes, over the limit")
    elif isinstance(record, FailedRecord):
        record.error.encode()
        if not record.error or record.offset < 0:
            raise FindingError(f"a failure without a cause or place: {record}")
    elif isinstance(record, SkippedRecord):
        record.kind.encode()


if __name__ == "__main__":
    main()
