"""docs/configuration.md is what its generator makes, and no key stays unexplained."""

import dataclasses
from pathlib import Path

import pytest

from docs.site import configuration
from docs.site.configuration import UnexplainedKeyError, configuration_as_markdown
from massivetext.config import Output

ROOT = Path(__file__).parents[2]


def test_the_page_is_that_of_the_types() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert page == configuration_as_markdown(), (
        "python -m docs.site.configuration > docs/configuration.md"
    )


def test_a_key_without_a_docstring_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = configuration._docstrings()
    without = {key: said for key, said in known.items() if key != (Output.__name__, "path")}
    monkeypatch.setattr(configuration, "_docstrings", lambda: without)
    with pytest.raises(UnexplainedKeyError, match=r"output\.path"):
        configuration_as_markdown()


def test_every_section_has_its_heading() -> None:
    page = configuration_as_markdown()
    for heading in ("[output]", "[[source]]", "[[decontamination.test_set]]", "[[report.slices]]"):
        assert f"## `{heading}`\n" in page
    assert all(f"| `{field.name}` |" in page for field in dataclasses.fields(Output))
