import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.config import Config, ConfigError, Language, Limits, OptOuts, Output, Source
from massivetext.filters import measure
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import balances
from massivetext.pipeline.phases.curate import check
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.plan import plan
from massivetext.pipeline.phases.table import phase_named
from massivetext.records import DOCUMENT_SCHEMA, FAILED_SCHEMA, REJECTED_SCHEMA
from tests.pipeline.readers.archives import warc_record

PROSE = (
    "The river that runs through the old town is slow in summer, and the people who live beside "
    "it have learned to be patient with the heat. They sit under the trees and talk of work, of "
    "children, and of the harvest to come. In winter the water rises, the bridges close, and the "
    "market moves to the square behind the church, where bread and cheese are sold from carts."
)


def curate(tmp_path: Path, source: Source, **changes: Any) -> tuple[Manifest, Path]:
    config = Config(sources=(source,), **changes)
    output = tmp_path / "out"
    return run_phase(
        Job(config, str(output), quiet=True), phase_named("curate"), plan(config)
    ), output


def rows(output: Path, folder: str) -> list[dict[str, Any]]:
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def jsonl(tmp_path: Path, *lines: str | bytes, name: str = "a.jsonl") -> Source:
    text = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    (tmp_path / name).write_bytes(text + b"\n")
    fields = {"text": "text", "id": "id", "license": "license"}
    return Source("books", "text", "jsonl", str(tmp_path / name), fields)


def document(text: str, **fields: Any) -> str:
    return json.dumps({"text": text, **fields})


def test_a_kept_document_has_every_column_and_measure(tmp_path: Path) -> None:
    source = jsonl(tmp_path, document(PROSE + "\r\nThe end.", id="b1", license="mit"))
    manifest, output = curate(tmp_path, source)
    (row,) = rows(output, "documents")
    text = PROSE + "\nThe end."
    assert row["text"] == text
    assert (row["source_id"], row["subset"], row["language"]) == ("b1", "books", "en")
    assert json.loads(row["metadata"])["license"] == "mit"
    expected = measure([text]).to_pylist()[0]
    assert {name: row[name] for name in expected} == expected
    for folder, schema in [
        ("documents", DOCUMENT_SCHEMA),
        ("rejected", REJECTED_SCHEMA),
        ("failed", FAILED_SCHEMA),
    ]:
        assert pq.read_schema(output / folder / "books/a.jsonl.parquet").equals(schema)
    assert manifest.ledger == {"in": 1, "kept": 1, "rejected": 0, "failed": 0, "skipped": 0}


def test_skipped_bytes_and_digests_are_counted(tmp_path: Path) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>" + PROSE.encode()
    pdf = page.replace(b"<p>", b"%PDF-1.4 ")
    digest = {"WARC_Block_Digest": "sha1:" + "A" * 32}
    records = [warc_record(page, 1, **digest), warc_record(pdf, 2, **digest), warc_record(pdf, 3)]
    (tmp_path / "a.warc").write_bytes(b"".join(records))
    manifest, output = curate(tmp_path, Source("web", "web", "warc", str(tmp_path / "a.warc")))
    found = manifest.findings["web"]
    assert found["skipped"] == {"application/pdf": 2}
    assert found["skipped_bytes"] == {"application/pdf": 2 * len(pdf)}
    assert found["digests"] == {"block differs": 2}
    (row,) = [*rows(output, "documents"), *rows(output, "rejected")]
    assert json.loads(row["metadata"])["digest_mismatch"] == "block"


def test_texts_are_judged_by_language_and_licence_only(tmp_path: Path) -> None:
    lines = [
        document("too short"),
        document("Der Fluss, der durch die alte Stadt fließt, ist im Sommer langsam.", id="de"),
        document(PROSE, id="gpl", license="GPL-3.0"),
        document(PROSE, id="mit", license="MIT"),
    ]
    source = jsonl(tmp_path, *lines)
    listed = Source(**{**source.__dict__, "licenses": ("mit",)})
    _, output = curate(tmp_path, listed)
    fates = {row["source_id"]: (row["stage"], row["reasons"]) for row in rows(output, "rejected")}
    assert fates["de"] == ("content", ["source.licenses", "language.keep"])
    assert fates["gpl"] == ("content", ["source.licenses"])
    assert [row["source_id"] for row in rows(output, "documents")] == ["mit"]


def test_what_cannot_be_read_is_a_row_in_failed_and_the_ledger_balances(tmp_path: Path) -> None:
    lines = [
        document(PROSE, id="good"),
        "{not json",
        b'{"text": "caf\xe9"}',
        '{"text": "lone \\ud800 surrogate"}',
        '{"other": "x"}',
        '{"text": 3}',
    ]
    manifest, output = curate(tmp_path, jsonl(tmp_path, *lines))
    failed = rows(output, "failed")
    assert [row["source_id"] for row in rows(output, "documents")] == ["good"]
    assert len(failed) == 5
    assert all(row["file"].endswith("a.jsonl") and row["error"] for row in failed)
    assert manifest.ledger["in"] == 6
    assert balances(manifest.ledger)


def test_a_broken_gzip_member_costs_its_records_and_no_others(tmp_path: Path) -> None:
    members = [gzip.compress((document(PROSE, id=f"m{n}") + "\n").encode()) for n in range(3)]
    broken = bytearray(members[1])
    broken[len(broken) // 2] ^= 0xFF
    (tmp_path / "a.jsonl.gz").write_bytes(members[0] + bytes(broken) + members[2])
    source = Source(
        "books", "text", "jsonl", str(tmp_path / "a.jsonl.gz"), {"text": "text", "id": "id"}
    )
    manifest, output = curate(tmp_path, source)
    kept = [row["source_id"] for row in rows(output, "documents")]
    assert kept[0] == "m0"
    assert kept[-1] == "m2"
    assert len(rows(output, "failed")) >= 1
    assert balances(manifest.ledger)


def test_an_empty_file_and_an_oversized_record_fail(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"")
    (tmp_path / "c.txt").write_bytes(b"x" * 101)
    source = Source("books", "text", "text", str(tmp_path / "*.txt"))
    from massivetext.config import Limits

    manifest, output = curate(tmp_path, source, limits=Limits(record_bytes=100))
    assert manifest.ledger["failed"] == 2
    assert "empty" in rows(output, "failed")[0]["error"]
    assert "100" in rows(output, "failed")[1]["error"]


def vanish(file: Path) -> None:
    file.unlink()


def become_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def become_a_loop(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


@pytest.mark.parametrize("happen", [vanish, become_a_folder, become_a_loop])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_input_that_cannot_be_opened_fails_the_run_when_the_others_are_done(
    tmp_path: Path, happen: Callable[[Path], None], workers: int
) -> None:
    texts = {name: f"{name} {PROSE}" for name in "abc"}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text)
    config = Config(sources=(Source("books", "text", "text", str(tmp_path / "*.txt")),))
    items, lost = plan(config), tmp_path / "b.txt"
    status = lost.stat()
    job = Job(config, str(tmp_path / "out"), BeamEngine(workers=workers), quiet=True)
    happen(lost)
    with pytest.raises(RunError, match=rf"cannot read {lost}: .*all other inputs are done"):
        run_phase(job, phase_named("curate"), items)
    records = tmp_path / "out/phases/curate/read/books"
    assert sorted(record.name for record in records.iterdir()) == ["a.txt.json", "c.txt.json"]
    assert not (tmp_path / "out/documents/books/b.txt.parquet").exists()
    # Put back, as it was: the next run reads it, and gives what a run without the fault gives.
    if lost.is_dir():
        lost.rmdir()
    lost.unlink(missing_ok=True)
    lost.write_text(texts["b"])
    os.utime(lost, ns=(status.st_atime_ns, status.st_mtime_ns))
    manifest = run_phase(job, phase_named("curate"), plan(config))
    assert manifest.ledger == {"in": 3, "kept": 3, "rejected": 0, "failed": 0, "skipped": 0}
    assert not list((tmp_path / "out/phases/curate/read-faults").glob("**/*.json"))
    clean = Job(config, str(tmp_path / "clean"), quiet=True)
    assert run_phase(clean, phase_named("curate"), plan(config)) == manifest


def test_several_inputs_that_cannot_be_opened_are_counted(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(PROSE)
    config = Config(sources=(Source("books", "text", "text", str(tmp_path / "*.txt")),))
    items = plan(config)
    for name in "ab":
        (tmp_path / f"{name}.txt").unlink()
    with pytest.raises(RunError, match=r"a\.txt: No such file or directory \(and 1 more inputs\)"):
        run_phase(Job(config, str(tmp_path / "out"), quiet=True), phase_named("curate"), items)


def cut(content: bytes) -> bytes:
    """Clips a compressed file, as an interrupted copy does."""
    return content[: len(content) // 2]


def spoil(content: bytes) -> bytes:
    """Damages a compressed file in its middle."""
    middle = len(content) // 2
    return content[:middle] + bytes(64) + content[middle + 64 :]


@pytest.mark.parametrize("damage", [cut, spoil])
def test_files_that_are_not_read_to_their_end_are_counted_apart(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    lines = [json.dumps({"text": f"{n} {PROSE}", "id": str(n)}) for n in range(3000)]
    for name, content in (("a", lines), ("b", ["no JSON"] * 50)):
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress("\n".join(content).encode()))
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(damage(file.read_bytes()))
    source = Source("books", "text", "jsonl", str(tmp_path / "*.jsonl.gz"), {"text": "text"})
    manifest, _ = curate(tmp_path, source)
    assert manifest.findings["books"]["incomplete_files"] == {"books/a.jsonl.gz": 1}


@pytest.mark.parametrize(("keep", "length"), [("none", 0), ("excerpt", 500), ("full", 1400)])
def test_how_much_of_a_rejected_text_is_kept(tmp_path: Path, keep: Any, length: int) -> None:
    text = "Ein deutscher Satz. " * 70
    _, output = curate(tmp_path, jsonl(tmp_path, document(text)), output=Output(rejected_text=keep))
    (row,) = rows(output, "rejected")
    assert row["text"] == text[:length]


def test_a_page_is_extracted_measured_and_judged_by_all_rules(tmp_path: Path) -> None:
    body = "".join(f"<p>{PROSE}</p>" for _ in range(3))
    page = f"<html><head><title>A town</title></head><body><article>{body}</article></body></html>"
    (tmp_path / "page.html").write_text(page)
    source = Source("massiveweb", "web", "html", str(tmp_path / "*.html"))
    _, output = curate(tmp_path, source, output=Output(rejected_text="full"))
    (row,) = rows(output, "rejected")
    assert row["text"] == "\n\n".join([PROSE] * 3)
    assert row["title"] == "A town"
    assert row["stage"] == "repetition"
    assert "repetition.max_duplicate_paragraph_fraction" in row["reasons"]
    assert "repetition.max_duplicate_10_gram_character_fraction" in row["reasons"]


RESERVED = (
    '<html><head><meta name="robots" content="noindex, NoAI"><meta name="tdm-reservation" '
    f'content="1"><title>t</title></head><body><p>{PROSE}</p></body></html>'
)


def signals(output: Path) -> dict[str, tuple[float, list[str], list[str]]]:
    found = [*rows(output, "documents"), *rows(output, "rejected")]
    return {
        row["url"]: (row["safesearch_score"], row["safesearch_signals"], row["opt_out_signals"])
        for row in found
    }


def test_opt_outs_and_verdicts_of_pages_in_json_lines(tmp_path: Path) -> None:
    lines = [
        json.dumps({"html": html, "url": f"http://a.example/{n}", "verdict": verdict})
        for n, (html, verdict) in enumerate(
            [(RESERVED, None), (f"<p>{PROSE}", "LIKELY"), (f"<p>{PROSE}", False), (RESERVED, 1)]
        )
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    fields = {"html": "html", "url": "url", "safesearch": "verdict"}
    source = Source("massiveweb", "web", "jsonl", str(tmp_path / "a.jsonl"), fields)
    manifest, output = curate(tmp_path, source)
    reserved = ["noai", "tdm_reservation"]
    assert signals(output) == {
        "http://a.example/0": (0.0, [], reserved),
        "http://a.example/1": (0.75, ["stated"], []),
        "http://a.example/2": (0.0, [], []),
        "http://a.example/3": (1.0, ["stated"], reserved),
    }
    reasons = {row["url"][-1]: row["reasons"] for row in rows(output, "rejected")}
    assert [n for n in reasons if "safesearch.max_score" in reasons[n]] == ["1", "3"]
    assert not any("opt_outs.reject" in found for found in reasons.values())
    found = manifest.findings["massiveweb"]
    assert found["opt_out_signals"] == {"noai": 2, "tdm_reservation": 2}
    assert found["safesearch_signals"] == {"stated": 2}
    assert found["safesearch_sources"] == {"self-labels": 4, "a column of the input": 4}


def test_opt_outs_of_pages_and_headers_in_an_archive(tmp_path: Path) -> None:
    def response(number: int, html: str, *headers: str) -> bytes:
        lines = ["HTTP/1.1 200 OK", "Content-Type: text/html", *headers, "", html]
        block = "\r\n".join(lines).encode()
        return warc_record(block, WARC_Target_URI=f"http://a.example/{number}")

    archive = tmp_path / "a.warc"
    archive.write_bytes(
        response(0, RESERVED)
        + response(1, f"<p>{PROSE}", "X-Robots-Tag: noimageai", "TDM-Policy: http://a.example/p")
        + response(2, f"<p>{PROSE}", "Rating: RTA-5042-1996-1400-1577-RTA")
    )
    source = Source("massiveweb", "web", "warc", str(archive))
    _, output = curate(tmp_path, source, opt_outs=OptOuts(reject=("noimageai",)))
    assert signals(output) == {
        "http://a.example/0": (0.0, [], ["noai", "tdm_reservation"]),
        "http://a.example/1": (0.0, [], ["noimageai", "tdm_policy"]),
        "http://a.example/2": (1.0, ["label_rta"], []),
    }
    reasons = {row["url"][-1]: row["reasons"] for row in rows(output, "rejected")}
    assert [n for n in reasons if "opt_outs.reject" in reasons[n]] == ["1"]
    assert [n for n in reasons if "safesearch.max_score" in reasons[n]] == ["2"]


def test_ids_do_not_depend_on_files(tmp_path: Path) -> None:
    lines = [document(f"{n} {PROSE}", id=f"b{n}") for n in range(6)]
    _, whole = curate(tmp_path, jsonl(tmp_path, *lines))
    ids = {row["source_id"]: row["id"] for row in rows(whole, "documents")}
    (tmp_path / "cut").mkdir()
    jsonl(tmp_path / "cut", *lines[3:], name="a.jsonl")
    jsonl(tmp_path / "cut", *lines[:3], name="z.jsonl")
    source = Source(
        "books", "text", "jsonl", str(tmp_path / "cut/*.jsonl"), {"text": "text", "id": "id"}
    )
    _, cut = curate(tmp_path / "cut", source)
    assert {row["source_id"]: row["id"] for row in rows(cut, "documents")} == ids


def test_row_groups_hold_whole_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massivetext.pipeline.phases.curate_item._BATCH_RECORDS", 2)
    lines = [document(f"{n} {PROSE}") for n in range(5)]
    _, output = curate(tmp_path, jsonl(tmp_path, *lines))
    parquet = pq.ParquetFile(output / "documents/books/a.jsonl.parquet")
    assert [parquet.metadata.row_group(n).num_rows for n in range(parquet.num_row_groups)] == [
        2,
        2,
        1,
    ]
    assert isinstance(parquet.read(), pa.Table)


def test_another_list_under_the_same_name_is_another_phase(tmp_path: Path) -> None:
    from massivetext.config import SafeSearch
    from massivetext.pipeline.phases.curate import settings

    source = jsonl(tmp_path, document(PROSE))
    (tmp_path / "domains.txt").write_text("adult.example\n")
    config = Config(sources=(source,), safesearch=SafeSearch((str(tmp_path / "domains.txt"),)))
    before = settings(Job(config, ""), plan(config))
    assert settings(Job(config, ""), plan(config)) == before
    (tmp_path / "domains.txt").write_text("other.example\n")
    assert settings(Job(config, ""), plan(config)) != before


@pytest.mark.parametrize(
    ("failed", "records", "share", "ends"),
    [(51, 100, 0.5, True), (50, 100, 0.5, False), (99, 99, 0.5, False), (120, 120, 1.0, False)],
)
def test_a_source_of_failures_ends_the_run(
    tmp_path: Path, failed: int, records: int, share: float, ends: bool
) -> None:
    lines = [*["no JSON"] * failed, *[document(PROSE)] * (records - failed)]
    source, limits = jsonl(tmp_path, *lines), Limits(max_failed_share=share)
    if ends:
        with pytest.raises(RunError, match=r"source 'books': 51 of 100 .*a\.jsonl at 0: invalid"):
            curate(tmp_path, source, limits=limits)
    else:
        assert curate(tmp_path, source, limits=limits)[0].ledger["failed"] == failed


def test_one_bad_file_of_a_good_source_ends_nothing(tmp_path: Path) -> None:
    jsonl(tmp_path, *["no JSON"] * 150, name="bad.jsonl")
    source = jsonl(tmp_path, *[document(PROSE)] * 150, name="good.jsonl")
    both = Source(**{**source.__dict__, "path": str(tmp_path / "*.jsonl")})
    assert curate(tmp_path, both)[0].ledger["failed"] == 150


def test_languages_that_the_model_does_not_know_are_refused(tmp_path: Path) -> None:
    source = jsonl(tmp_path, document(PROSE))
    with pytest.raises(ConfigError, match=r"no label 'english'.*did you mean 'en'"):
        check(Config(sources=(source,), language=Language(keep=("en", "english"))))
    unasked = Source(**{**source.__dict__, "language": False})
    check(Config(sources=(unasked,), language=Language(keep=("english",))))
