"""What it costs to add 1 % of pages to a corpus, beside a run from scratch.

    python tests/benchmarks/growth.py PAGES FOLDER [--copies 4]

PAGES is a folder of HTML files. They become 100 WARC files in FOLDER. A run over 99 of them, from
scratch, is compared with the run after it, when the last one was added. Each page is there several
times: once as it is, and with its words in other orders, so that no two share a 13-gram. CPU
seconds are those of a process with one worker, without compiling. Every run pays for its start, for
models and kernels that it loads and for pipelines that it builds: what a run over 40 pages takes is
stated, too, and taken off both for "share_beyond_start". A tokenizer of 8,000 pieces, trained on
the first files, is given to all.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = 100
FEW = 40
MEASURED = ("curate", "dedup", "decontaminate", "exclude", "corpus", "sequence")

CONFIG = """
[[source]]
subset = "web"
kind = "web"
format = "warc"
path = "{source}/*.warc"

[tokenizer]
{tokenizer}

[sequence]
length = 1024
weights = {{ web = 1.0 }}
"""

NO_TEXT = re.compile(rb"(?is)(<script.*?</script>|<style.*?</style>|<!--.*?-->|<[^>]*>)")

RECORD = """WARC/1.0\r
WARC-Type: response\r
WARC-Target-URI: http://site-{site}.example/{number}\r
WARC-Date: 2026-01-01T00:00:00Z\r
WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012d}>\r
Content-Type: application/http; msgtype=response\r
Content-Length: {size}\r
\r
"""


def shuffled(page: bytes, seed: int) -> bytes:
    """Returns a page with its words in another order; each stretch of text keeps its length."""
    parts = NO_TEXT.split(page)
    texts = [part.split() for part in parts[::2]]
    words = [word for text in texts for word in text]
    random.Random(seed).shuffle(words)
    rest = iter(words)
    parts[::2] = [
        re.sub(rb"\S+", lambda _: next(rest), part) if text else part
        for part, text in zip(parts[::2], texts, strict=True)
    ]
    return b"".join(parts)


def record(number: int, page: bytes) -> bytes:
    """Returns a response with a page."""
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    header = RECORD.format(site=number % 1000, number=number, size=len(body)).encode()
    return header + body + b"\r\n\r\n"


def write_pages(pages: Path, folder: Path, copies: int) -> int:
    """Writes the WARC files of the run from scratch; returns how many pages they hold."""
    folder.mkdir(parents=True)
    originals = [path.read_bytes() for path in sorted(pages.rglob("*.html"))]
    every = [(page, copy) for copy in range(copies) for page in originals]
    random.Random(0).shuffle(every)
    for file in range(FILES):
        with open(folder / f"{file:03d}.warc", "wb") as stream:
            for number in range(file, len(every), FILES):
                page, copy = every[number]
                stream.write(record(number, shuffled(page, copy) if copy else page))
    return len(every)


def write_config(path: Path, source: Path, tokenizer: str) -> Path:
    """Writes the configuration that reads a folder."""
    path.write_text(CONFIG.format(source=source, tokenizer=tokenizer))
    return path


def measured(config: Path, output: Path) -> dict[str, float]:
    """Runs all phases up to the shards; returns the CPU seconds at the end of each."""
    command = [sys.executable, __file__, "--measure", str(config), str(output)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def measure(config_path: str, output: str) -> None:
    """Does what `measured` starts, in a process of its own."""
    from massivetext.compilation import working_seconds
    from massivetext.config_file import load_config
    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.phases.phase import run_phase
    from massivetext.pipeline.phases.plan import plan
    from massivetext.pipeline.phases.recognition import recognized
    from massivetext.pipeline.phases.table import PHASES

    config = load_config(config_path)
    job, told = Job(config, output, quiet=True), {}
    items = recognized(output, plan(config))
    for phase in PHASES:
        if phase.name in MEASURED:
            run_phase(job, phase, items)
            told[phase.name] = working_seconds()
    print(json.dumps(told))


def main() -> None:
    """Prints the shares, and what each phase took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=4)
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    pages = write_pages(arguments.pages, folder / "all", arguments.copies)
    for name, count in (("first", 10), ("grown", FILES - 1)):
        (folder / name).mkdir()
        for file in sorted((folder / "all").iterdir())[:count]:
            shutil.copy2(file, folder / name)
    first = write_config(folder / "first.toml", folder / "first", "vocab_size = 8000")
    measured(first, folder / "out-first")  # compiles as well, and gives the tokenizer
    model = f'model = "{folder / "out-first/sequences/tokenizer.model"}"'
    few = write_config(folder / "few.toml", write_few(folder), model)
    start = measured(few, folder / "out-few")
    config = write_config(folder / "grown.toml", folder / "grown", model)
    scratch = measured(config, folder / "out")
    shutil.copy2(folder / f"all/{FILES - 1:03d}.warc", folder / "grown")
    report(pages, start, measured(config, folder / "out"), scratch)


def write_few(folder: Path) -> Path:
    """Writes a WARC file of some pages; returns its folder."""
    (folder / "few").mkdir()
    records = (folder / "all/000.warc").read_bytes().split(b"WARC/1.0\r\n")[1 : FEW + 1]
    content = b"".join(b"WARC/1.0\r\n" + found for found in records)
    (folder / "few/0.warc").write_bytes(content)
    return folder / "few"


def report(
    pages: int, start: dict[str, float], grown: dict[str, float], scratch: dict[str, float]
) -> None:
    """Prints CPU seconds by phase, and the shares up to `corpus/` and `sequences/`."""
    before = dict.fromkeys(("start", "grown", "scratch"), 0.0)
    for phase in scratch:
        ends = {"start": start[phase], "grown": grown[phase], "scratch": scratch[phase]}
        print(json.dumps({"phase": phase, **{n: round(ends[n] - before[n], 2) for n in ends}}))
        before = ends
    for phase in MEASURED[-2:]:
        share = grown[phase] / scratch[phase]
        beyond = (grown[phase] - start[phase]) / (scratch[phase] - start[phase])
        told = {"share": round(share, 4), "share_beyond_start": round(beyond, 4)}
        print(json.dumps({"pages": pages, "up_to": phase, **told}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:])
    else:
        main()
