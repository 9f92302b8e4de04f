import json
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main


def test_verify_finds_a_changed_byte(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = config.parent / "out"
    assert main(["curate", str(config), "--output", str(output), "--quiet"]) == 0
    assert main(["verify", str(output)]) == 0
    assert "8 files checked, 0 faults" in capsys.readouterr().out
    file = output / "documents/books/a.txt.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    (output / "failed/books/a.txt.parquet").unlink()
    assert main(["verify", str(output)]) == 1
    out = capsys.readouterr().out
    assert "documents/books/a.txt.parquet" in out
    assert "failed/books/a.txt.parquet: missing" in out
    assert "2 faults" in out


def test_verify_finds_a_ledger_that_does_not_balance(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = config.parent / "out"
    assert main(["curate", str(config), "--output", str(output), "--quiet"]) == 0
    file = output / "phases/curate/manifest.json"
    manifest = json.loads(file.read_text())
    manifest["items"]["books/a.txt"]["ledger"]["kept"] += 1
    file.write_text(json.dumps(manifest))
    assert main(["verify", str(output)]) == 1
    assert "phases/curate/manifest.json: missing or damaged" in capsys.readouterr().out
    del manifest["xxh3"]  # as an early release wrote it
    file.write_text(json.dumps(manifest))
    assert main(["verify", str(output)]) == 1
    assert "does not balance" in capsys.readouterr().out
