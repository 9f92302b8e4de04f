"""Take-downs from a finished run: what goes, what follows, and what is left as it was."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main
from tests.pipeline.small_run import finished_run

Files = dict[str, tuple[int, bytes]]


def rows(output: Path, folder: str) -> list[dict[str, Any]]:
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def files(output: Path, *folders: str) -> Files:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for folder in folders
        for path in sorted((output / folder).rglob("*"))
        if path.is_file()
    }


def taken_down(folder: Path, **lists: list[str]) -> Path:
    """Adds lists to the finished run in a folder and runs it again; returns its output folder."""
    config = folder / "config.toml"
    section = ["[exclude]"]
    for key, names in lists.items():
        (folder / f"{key}.txt").write_text("\n".join(names))
        section.append(f'{key} = ["{key}.txt"]')
    old = config.read_text().partition("\n[exclude]")[0]
    config.write_text(old + "\n" + "\n".join(section) + "\n")
    output = folder / "out"
    assert main(["run", str(config), "--output", str(output), "--quiet", "--restart"]) == 0
    return output


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("takedown")
    finished_run(folder)
    return folder


def test_a_take_down_repeats_only_what_follows_from_it(
    finished: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = finished / "out"
    earlier = ("documents", "rejected", "failed", "dedup", "decontamination", "phases/curate")
    before, corpus = files(output, *earlier), rows(output, "corpus")
    pairs = {row["id"]: row for row in rows(output, "removed")}
    kept = {row["id"] for row in corpus}
    survivor = next(row["survivor_id"] for row in pairs.values())
    copy = next(row for row in pairs.values() if row["survivor_id"] != survivor)
    plain = next(
        row for row in corpus if row["id"] not in {r["survivor_id"] for r in pairs.values()}
    )
    taken_down(
        finished,
        ids=[survivor.upper()],
        source_ids=["# comment", "", copy["source_id"], plain["source_id"], "no such name"],
    )
    assert files(output, *earlier) == before

    now = {row["id"] for row in rows(output, "corpus")}
    assert kept - now == {survivor, plain["id"]}
    assert not now - kept, "copies of what was taken down must not return"
    removed = {row["id"]: row for row in rows(output, "removed")}
    assert removed[survivor]["reasons"] == ["excluded"]
    assert removed[survivor]["excluded_by"] == f"id {survivor}"
    assert removed[plain["id"]]["excluded_by"] == f"source_id {plain['source_id']}"
    orphan = next(r for r in removed.values() if r["partner_id"] == survivor)
    assert orphan["survivor_id"] is None
    # The copy had gone already; the document that it was a copy of is not named, and stays.
    assert removed[copy["id"]]["reasons"] == [*copy["reasons"], "excluded"]
    assert removed[copy["id"]]["survivor_id"] == copy["survivor_id"]
    said = capfd.readouterr().err
    assert "exclude: 1 of the named documents were copies of documents that no list names" in said

    funnel = json.loads((output / "report/funnel.json").read_text())["total"]
    assert funnel["removed"]["excluded"] == 2
    assert funnel["documents"] == funnel["corpus"] + sum(funnel["removed"].values())
    in_shards = {row["document_id"] for row in rows(output, "sequences/provenance")}
    assert in_shards
    assert not in_shards & {survivor, plain["id"]}
    assert main(["verify", str(output)]) == 0

    capfd.readouterr()
    assert main(["explain", str(output), survivor]) == 0
    assert (
        f"removed: excluded; a list of take-downs names id {survivor}\n" in capfd.readouterr().out
    )
    assert main(["explain", str(output), orphan["id"]]) == 0
    assert "nothing of their kind stays" in capfd.readouterr().out
    assert main(["explain", str(output), copy["id"], "--json"]) == 0
    (record,) = json.loads(capfd.readouterr().out)["records"]
    assert record["removal"]["excluded_by"] == f"source_id {copy['source_id']}"
    assert record["removal"]["survivor"]["id"] == copy["survivor_id"]

    # Without the lists all is as it was.
    taken_down(finished)
    assert rows(output, "corpus") == corpus


def test_another_list_needs_the_flag_and_says_so(
    finished: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = taken_down(finished, ids=["0" * 32])
    arguments = ["run", str(finished / "config.toml"), "--output", str(output), "--quiet"]
    assert main(arguments) == 0
    capfd.readouterr()
    (finished / "ids.txt").write_text("1" * 32)
    assert main(arguments) == 2
    said = capfd.readouterr().err
    assert "phase 'exclude'" in said
    assert "--restart" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00bad", "is not UTF-8 text"),
        (b"0" * 31, "line 1: '0000000000000000000000000000000' is not a document id"),
        (None, "is not a file"),
        (b"/", "is not a file"),
    ],
)
def test_a_wrong_list_is_one_line_before_any_work(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    (tmp_path / "a.txt").write_text("text")
    config = tmp_path / "config.toml"
    config.write_text(
        '[[source]]\nsubset = "a"\nkind = "text"\nformat = "text"\npath = "a.txt"\n'
        '[exclude]\nids = ["list"]\n'
    )
    if content == b"/":
        (tmp_path / "list").mkdir()
    elif content is not None:
        (tmp_path / "list").write_bytes(content)
    assert main(["run", str(config), "--output", str(tmp_path / "out"), "--quiet"]) == 2
    error = capfd.readouterr().err
    assert said in error
    assert "exclude.ids" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out/documents").exists()
