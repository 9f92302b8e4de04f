import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from massivetext.config import Config, ConfigError, Source, fingerprint, run_fingerprint
from massivetext.config_file import load_config, parse_config

MINIMAL = """
[[source]]
subset = "books"
kind = "text"
format = "jsonl"
path = "books/*.jsonl"
"""


def parsed(**changes: Any) -> Config:
    table = copy.deepcopy(tomllib.loads(MINIMAL))
    return parse_config({**table, **changes})


def test_a_minimal_file_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(MINIMAL)
    config = load_config(tmp_path / "c.toml")
    assert config.sources == (Source("books", "text", "jsonl", str(tmp_path / "books/*.jsonl")),)
    defaults = Config()
    for section in ("quality", "repetition", "dedup", "sequence", "tokenizer", "language"):
        assert getattr(config, section) == getattr(defaults, section)


def test_paths_start_at_the_folder_of_the_file_unless_they_are_absolute_or_urls() -> None:
    source = {"subset": "a", "kind": "text", "format": "text"}
    paths = ["x/*.txt", "/y/*.txt", "s3://bucket/*.txt"]
    config = parse_config({"source": [{**source, "path": paths}]}, folder="/configs")
    assert config.sources[0].path == ("/configs/x/*.txt", "/y/*.txt", "s3://bucket/*.txt")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"qualty": {}}, "unknown key 'qualty' at the top level; did you mean 'quality'?"),
        ({"quality": {"min_word": 3}}, r"unknown key 'min_word' in \[quality\]; did you mean"),
        ({"sources": []}, "unknown key 'sources' at the top level; did you mean 'source'?"),
        ({"quality": {"min_words": "3"}}, "quality.min_words is '3'; expected a whole number"),
        ({"quality": {"min_words": 3.5}}, "expected a whole number"),
        ({"quality": {"min_words": True}}, "expected a whole number"),
        ({"quality": {"min_words": -1}}, "quality.min_words is -1; expected at least 0"),
        ({"quality": {"min_words": 200_000}}, "above quality.max_words, which is 100000"),
        ({"repetition": {"max_duplicate_line_fraction": 1.5}}, "expected from 0 to 1"),
        ({"repetition": {"count": "some"}}, "expected one of all, repeats"),
        ({"dedup": {"threshold": float("nan")}}, "dedup.threshold is nan"),
        ({"dedup": {"bands": 0}}, "dedup.bands is 0"),
        ({"dedup": {"prefer": ["c4"]}}, "dedup.prefer names 'c4'"),
        ({"sequence": {"weights": {"books": -0.5}}}, "sequence.weights.books is -0.5"),
        ({"sequence": {"weights": {"c4": 1.0}}}, "names 'c4', but no .* subsets of the sources"),
        ({"sequence": {"weights": {"books": 0}}}, "all zero"),
        ({"report": {"slices": [{"column": "x"}]}}, "lacks the key 'name'"),
        ({"report": {"slices": [{"name": "a"}]}}, "'a': expected either a column or a pattern"),
        (
            {"report": {"slices": [{"name": "a", "column": "x", "pattern": "y"}]}},
            "'a': expected either a column or a pattern",
        ),
        (
            {"report": {"slices": [{"name": "a", "pattern": "(b"}]}},
            r"'a': pattern '\(b' is not a regular expression that RE2 accepts: missing \): \(b",
        ),
        ({"report": {"slices": [{"name": "tld", "column": "x"}]}}, "give each its own"),
        ({"report": {"slices": [{"name": "a", "column": "x"}] * 2}}, "give each its own"),
        ({"report": {"slices": [{"name": "a\n", "column": "x"}]}}, "give it a visible name"),
        ({"sequence": {"weights": "palm"}}, "expected one of gopher, chinchilla, retro"),
        ({"sequence": {"format": "hdf5"}}, "sequence.format is 'hdf5'; expected one of array"),
        ({"tokenizer": {"vocab_size": 70_000}}, "tokenizer.vocab_size is 70000"),
        ({"quality": 3}, r"\[quality\] is 3; expected a table"),
        ({"source": []}, "names no"),
        ({"source": [{"subset": "a"}]}, "lacks the key 'kind'"),
        ({"source": {"subset": "a"}}, "source is a dict; expected a list"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_clear_line(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parsed(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subset": "../up"}, "a subset names a folder"),
        ({"path": ""}, "path is empty"),
        ({"path": ["a", ""]}, "path is empty"),
        ({"kind": "web", "format": "text"}, "kind 'web' needs format"),
        ({"fields": {"txt": "a"}}, "unknown key 'txt' in .source 'books' fields.; did you mean"),
        ({"licenses": ["mit"]}, "fields.license names no column"),
        ({"format": "docx"}, "expected one of warc"),
        ({"skip_disambiguation": True}, "skip_disambiguation needs format wikipedia"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(changes: dict[str, Any], message: str) -> None:
    source = tomllib.loads(MINIMAL)["source"][0]
    with pytest.raises(ConfigError, match=message):
        parse_config({"source": [{**source, **changes}]})


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[quality\n")
    with pytest.raises(ConfigError, match="cannot be read as TOML"):
        load_config(tmp_path / "bad.toml")


def test_test_sets_need_different_names() -> None:
    test_set = {"name": "a", "format": "text", "path": "x"}
    with pytest.raises(ConfigError, match="two test sets are named 'a'"):
        parsed(decontamination={"test_set": [test_set, test_set]})


def test_the_run_fingerprint_changes_with_settings_and_not_with_places() -> None:
    changes: dict[str, Any] = {
        "language": {"model": "lid.bin"},
        "safesearch": {"domains": ["adult.txt"], "exceptions": ["health.txt"]},
        "tokenizer": {"model": "t.model"},
        "decontamination": {
            "titles": ["t.txt"],
            "test_set": [{"name": "a", "format": "text", "path": "x/a.txt"}],
        },
    }
    table = {**tomllib.loads(MINIMAL), **changes}
    here, there = parse_config(table, "/here"), parse_config(table, "/over/there")
    assert here != there
    assert run_fingerprint(here) == run_fingerprint(there)
    assert run_fingerprint(parsed(seed=1)) != run_fingerprint(parsed())
    assert run_fingerprint(parsed(tokenizer={"model": "other"})) != run_fingerprint(parsed())
    assert fingerprint(parsed().quality) != fingerprint(parsed(quality={"min_words": 51}).quality)


def test_a_folder_with_wildcards_in_its_name_is_that_folder(tmp_path: Path) -> None:
    folder = tmp_path / "g[1]"
    folder.mkdir()
    (folder / "c.toml").write_text(MINIMAL + '[output]\npath = "out[2]"\n')
    for path in (folder / "c.toml", (folder / "c.toml").as_uri()):
        config = load_config(path)
        assert config.sources[0].path == f"{tmp_path}/g[[]1]/books/*.jsonl"
        assert config.output.path == f"{folder}/out[2]"


@pytest.mark.parametrize("path", ["file://host/*.jsonl", "file:///caf%E9/*.jsonl"])
def test_a_url_that_is_no_local_path_is_refused(path: str) -> None:
    source = {"subset": "a", "kind": "text", "format": "text", "path": path}
    with pytest.raises(ConfigError, match=r"is on the machine|is not UTF-8"):
        parse_config({"source": [source]})
