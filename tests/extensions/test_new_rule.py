"""A new quality rule with a measure of its own, added to a copy as CONTRIBUTING.md says.

The rule: at most so many commas a word. Nothing else is changed, so every other test of the copy
must pass as it stands.
"""

import json
from pathlib import Path

import pytest

from tests.extensions.project_copy import ProjectCopy, files_named

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # the kernel is compiled anew

RULE = "quality.max_comma_to_word_ratio"
MEASURE = "comma_to_word_ratio"

TESTS = (
    "tests/filters/test_rules.py",
    "tests/filters/test_verdicts.py",
    "tests/filters/test_measures.py",
    "tests/filters/test_evidence.py",
    "tests/massivetext/test_records.py",
    "tests/massivetext/test_config_file.py",
    "tests/pipeline/test_sample.py::test_every_rule_of_the_paper_has_a_document",
)


def add_to_the_product(copy: ProjectCopy) -> None:
    """Adds the threshold, the measure, the count and the rule."""
    copy.insert_after(
        "massivetext/config.py",
        "    min_stop_words: int = 2\n",
        "    max_comma_to_word_ratio: float = 1_000.0\n"
        '    """Our choice: off, as the paper has no such rule."""\n',
    )
    copy.insert_after(
        "massivetext/measure_table.py",
        '    Measure("stop_words", "stop_words"),\n',
        '    Measure("comma_to_word_ratio", "commas", "words"),\n',
    )
    kernel = "filters/text_kernel.py"
    copy.insert_before(kernel, "    LINES = auto()\n", "    COMMAS = auto()\n")
    copy.insert_before(kernel, "_ELLIPSIS: Final = ", "_COMMA: Final = 0x2C\n")
    copy.insert_after(
        kernel,
        "                    row[Tally.HASH_SYMBOLS] += 1\n",
        "                elif byte == _COMMA:\n                    row[Tally.COMMAS] += 1\n",
    )
    copy.insert_after(
        "filters/rules.py",
        "        stop_words,\n    ),\n",
        "    _quality_rule(\n"
        '        "max_comma_to_word_ratio",\n'
        "        Comparison.AT_MOST,\n"
        '        "commas a word",\n'
        "        _COUNT,\n"
        '        "(lists of keywords)",\n'
        '        "There are at most {threshold} commas a word.",\n'
        '        matches(","),\n'
        "        OUR_CHOICE,\n"
        "    ),\n",
    )


def add_to_tests_and_documents(copy: ProjectCopy) -> None:
    """Adds the slow version, and makes the page of rules anew."""
    copy.insert_before(
        "tests/reference/measures.py",
        '        "stop_words": len(',
        '        "comma_to_word_ratio": ratio(text.count(","), len(words)),\n',
    )
    page = copy.python("-m", "massivetext.filters.rules_document")
    copy.write("filters/RULES.md", page)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    copy = ProjectCopy.make(tmp_path_factory.mktemp("rule"))
    add_to_the_product(copy)
    return copy


def test_the_copys_tests_see_what_is_missing_and_then_pass(extended: ProjectCopy) -> None:
    report = extended.python("-m", "pytest", "-q", *TESTS, fails=True)
    assert "test_the_kernel_is_the_reference" in report
    assert "test_the_page_of_rules_is_the_table" in report
    add_to_tests_and_documents(extended)
    extended.python("-m", "pytest", "-q", *TESTS)
    assert extended.changed == files_named("a new rule")
    assert len(extended.changed) <= 6


def test_a_text_is_measured_judged_and_explained(extended: ProjectCopy) -> None:
    code = f"""
import json
from massivetext.config import Config, Quality
from massivetext.filters import failed_rules, measure
from massivetext.filters.evidence import gather_evidence

text = "the of a, b, c" + " word" * 60
strict = Config(quality=Quality(max_comma_to_word_ratio=0.03))
[evidence] = gather_evidence(text, ["{RULE}"])
print(json.dumps([
    measure([text])["{MEASURE}"].to_pylist(),
    "{RULE}" in failed_rules(text),
    "{RULE}" in failed_rules(text, strict),
    [str(span) for span in evidence.spans],
]))"""
    found = json.loads(extended.python("-c", code))
    assert found == [[2 / 65], False, True, ["2 x ',' at characters 8-9, 11-12"]]


def test_a_run_rejects_by_it_and_writes_its_column(extended: ProjectCopy, tmp_path: Path) -> None:
    pages = extended.root / "sample/data/massiveweb/handmade.warc.gz"
    config = tmp_path / "config.toml"
    config.write_text(
        f'[[source]]\nsubset = "massiveweb"\nkind = "web"\nformat = "warc"\npath = "{pages}"\n'
        "[quality]\nmax_comma_to_word_ratio = 0.2\n"
    )
    output = tmp_path / "out"
    arguments = ["curate", str(config), "--output", str(output), "--quiet"]
    run = f"""
import sys
from massivetext.pipeline.commands.cli import main
sys.exit(main({arguments!r}))"""
    extended.python("-c", run)
    look = f"""
import json
import pyarrow.dataset as ds

rejected = ds.dataset({str(output / "rejected")!r}).to_table().to_pylist()
documents = ds.dataset({str(output / "documents")!r}).to_table()
print(json.dumps([
    [row["url"] for row in rejected if "{RULE}" in row["reasons"]],
    [row["url"] for row in rejected if row["{MEASURE}"] > 0.2],
    str(documents.schema.field("{MEASURE}").type),
    documents.num_rows,
]))"""
    failed, beyond, type_, kept = json.loads(extended.python("-c", look))
    assert failed == beyond
    assert any(url.endswith("quality/min_stop_words") for url in failed), "a list of keywords"
    assert type_ == "double"
    assert kept > 0
