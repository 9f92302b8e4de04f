"""Pages that stand for kinds of faults in extractors, as the public reports describe them.

`web_cases/cases.jsonl` says of each page what its text must hold, must not hold and must match, and
why. Cases and pages were written for this project.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from massivetext.pipeline.extraction import Extractor, extract_text

FOLDER = Path(__file__).parent / "web_cases"
CASES = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text("utf-8").splitlines()]

STANDARD_ONLY = {
    "unclosed-svg-bare.html",  # lxml leaves foreign content open
}
"""Malformed pages that `tree` alone reads as the HTML standard does (docs/extraction.md)."""


def faults(case: dict[str, Any], text: str) -> list[str]:
    found = [f"missing: {part}" for part in case["must_contain"] if part not in text]
    found += [f"unwanted: {part}" for part in case["must_not_contain"] if part in text]
    if case["must_match"] and not re.search(case["must_match"], text, re.MULTILINE):
        found.append(f"no match: {case['must_match']}")
    return found


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_the_text_of_a_case(case: dict[str, Any], extractor: Extractor) -> None:
    if extractor == "lxml" and case["file"] in STANDARD_ONLY:
        pytest.skip("malformed: only `tree` follows the standard")
    page = (FOLDER / case["file"]).read_bytes()
    assert faults(case, extract_text(page, extractor=extractor)) == [], case["why"]
