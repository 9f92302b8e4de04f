"""A run over names that strangers chose to do harm, and under rules that differ by source."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from massivetext.pipeline.commands.cli import main
from tests.pipeline.small_run import WORDS

NAMES: Final = (
    "[/bold]",
    "[/]",
    "[bold red]x[/bold red]",
    "[link=https://evil.example]click[/link]",
    ":smile: {0} %s {title!r}",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "moc.live\u202e and \u2067right\u2069 to left",
    "two\nlines\rand\u2028more\x00",
    "<script>alert(1)</script>&amp;'\"",
    "{% raw %}{{ 7 * 7 }}",
    "\ufeff\u200b\u00ad",
    "x" * 1_000_000,
    "  padded  ",
    "=cmd|' /C calc'!A0",
)

_CONFIG: Final = """
[[source]]
subset = "code"
kind = "text"
format = "jsonl"
path = "{folder}/code/*.jsonl"
fields = {{ text = "text", license = "license" }}
licenses = ["mit"]
language = false

[[source]]
subset = "prose"
kind = "text"
format = "jsonl"
path = "{folder}/prose/a*.jsonl"
fields = {{ text = "text" }}

[[source]]
subset = "prose"
kind = "text"
format = "jsonl"
path = "{folder}/prose/b*.jsonl"
fields = {{ text = "text" }}
language = false

[tokenizer]
vocab_size = 400

[sequence]
length = 64
crops_per_group = 2
weights = {{ code = 0.5, prose = 0.5 }}
"""


def hostile_run(folder: Path) -> Path:
    """Makes the inputs and a run over them in a folder; returns the output folder."""
    (folder / "in/code").mkdir(parents=True)
    (folder / "in/prose").mkdir()
    draw, code, prose = random.Random(0), [], []

    def row(name: str, **fields: str) -> dict[str, str]:
        return {"text": " ".join(draw.choices(WORDS, k=60)) + name[:100], "title": name, **fields}

    for number, name in enumerate(NAMES):
        code.append(row(name, id=f"{name} code", license=name))
        code.append(row(name, id=f"mit {number}", url=f"https://{name}/", license="MIT"))
        prose.append(row(name, id=f"{name} prose", url=f"https://host.example/{name}"))
        prose.append({"id": f"{name} failed", "url": name, "title": name})
    code.append(row("", id="no licence"))
    french = {"text": "Un texte qui est en français, et non pas en anglais.", "id": "french"}
    _write(folder / "in/code/a.jsonl", code)
    _write(folder / "in/prose/a.jsonl", [*prose, french])
    _write(folder / "in/prose/b.jsonl", [{**french, "id": "french too"}])
    (folder / "config.toml").write_text(_CONFIG.format(folder=folder / "in"))
    arguments = ["run", str(folder / "config.toml"), "--output", str(folder / "out"), "--quiet"]
    assert main(arguments) == 0
    return folder / "out"


def _write(file: Path, rows: Sequence[Mapping[str, str]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
