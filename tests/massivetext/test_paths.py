"""A path key that is added later needs its mark, and nothing else, to be treated as a path."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from massivetext.config import Config, run_fingerprint
from massivetext.config_file import parse_config
from massivetext.paths import (
    ConfiguredPath,
    PathError,
    PathKind,
    Paths,
    absolute_path,
    each_path,
    file_name,
    map_paths,
    paths_of,
)
from massivetext.pipeline.commands.preflight import check_config
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.curate import settings

SOURCE = {"subset": "books", "kind": "text", "format": "text", "path": ["a/*.txt", "b/*.txt"]}


@dataclass(frozen=True)
class Toxicity:
    """A section with marks at the top of a type, inside of one, and without a mark."""

    model: Annotated[str, PathKind.FILE] = ""
    lists: tuple[Annotated[str, PathKind.FILE], ...] = ()
    label: str = "toxic/very"


@dataclass(frozen=True)
class LaterQuality:
    """The section `quality` of a later version."""

    min_words: int = 50
    names: Annotated[tuple[str, ...], PathKind.FILE] = ()
    also: Toxicity = Toxicity()


@dataclass(frozen=True)
class Wrong:
    """A mark on what holds no path."""

    model: Annotated[int, PathKind.FILE] = 3


@dataclass(frozen=True)
class LaterConfig(Config):
    """The configuration of a later version."""

    quality: LaterQuality = LaterQuality()  # type: ignore[assignment]
    toxicity: Toxicity = Toxicity()


def later(folder: Path, toxicity: Toxicity = Toxicity(), **quality: object) -> LaterConfig:
    config = parse_config({"source": [SOURCE]}, folder)
    values = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    found = LaterConfig(**{**values, "quality": LaterQuality(**quality), "toxicity": toxicity})

    def anchor(paths: Paths, _: PathKind) -> Paths:
        return each_path(paths, lambda path: str(folder / path) if path else path)

    return map_paths(found, anchor)


def test_all_path_keys_of_the_configuration_are_marked() -> None:
    table = {
        "output": {"path": "o"},
        "source": [SOURCE],
        "language": {"model": "l"},
        "safesearch": {"domains": ["d", "e"], "exceptions": ["x"], "model": "s"},
        "decontamination": {
            "titles": ["t"],
            "test_set": [{"name": "n", "format": "text", "path": "w"}],
        },
        "exclude": {"urls": ["u"], "hosts": ["h"], "ids": ["i"], "source_ids": ["n"]},
        "tokenizer": {"model": "m"},
    }
    assert list(paths_of(parse_config(table, "/c"))) == [
        ConfiguredPath("output.path", "/c/o", PathKind.OUTPUT),
        ConfiguredPath("sources.path", "/c/a/*.txt", PathKind.PATTERN),
        ConfiguredPath("sources.path", "/c/b/*.txt", PathKind.PATTERN),
        ConfiguredPath("language.model", "/c/l", PathKind.FILE),
        ConfiguredPath("safesearch.domains", "/c/d", PathKind.FILE),
        ConfiguredPath("safesearch.domains", "/c/e", PathKind.FILE),
        ConfiguredPath("safesearch.exceptions", "/c/x", PathKind.FILE),
        ConfiguredPath("safesearch.model", "/c/s", PathKind.FILE),
        ConfiguredPath("decontamination.titles", "/c/t", PathKind.FILE),
        ConfiguredPath("decontamination.test_sets.path", "/c/w", PathKind.RECORDS),
        *(
            ConfiguredPath(f"exclude.{key}", f"/c/{name}", PathKind.FILE)
            for key, name in (("urls", "u"), ("hosts", "h"), ("ids", "i"), ("source_ids", "n"))
        ),
        ConfiguredPath("tokenizer.model", "/c/m", PathKind.FILE),
    ]


def test_a_later_key_is_anchored_and_fingerprinted_by_its_file_name() -> None:
    toxicity = Toxicity("x/model.bin", ("x/a.txt", "y/b.txt"))
    here, there = later(Path("/here"), toxicity), later(Path("/over/there"), toxicity)
    assert here.toxicity == Toxicity("/here/x/model.bin", ("/here/x/a.txt", "/here/y/b.txt"))
    assert here != there
    assert run_fingerprint(here) == run_fingerprint(there)
    other = later(Path("/here"), Toxicity("x/other.bin", ("x/a.txt", "y/b.txt")))
    assert run_fingerprint(other) != run_fingerprint(here)
    assert run_fingerprint(later(Path("/here"), Toxicity(label="a/very"))) != run_fingerprint(
        later(Path("/here"), Toxicity(label="b/very"))
    )


def test_a_later_key_of_a_section_of_curate_is_digested(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    for file in ("names.txt", "lists/a.txt", "lists/b.txt"):
        (tmp_path / file).write_text(file)
    config = later(tmp_path, names=("names.txt",), also=Toxicity(lists=("lists",)))
    first = settings(Job(config, ""), [])
    assert set(first["lists and models"]) == {"names.txt", "lists/a.txt", "lists/b.txt"}
    (tmp_path / "lists/b.txt").write_text("changed")
    assert settings(Job(config, ""), []) != first


def test_a_later_key_is_looked_for_before_a_run(tmp_path: Path) -> None:
    config = later(tmp_path, names=("names.txt",))
    with pytest.raises(ValueError, match=r"quality.names: .*names.txt does not exist"):
        check_config(config, "curate")
    (tmp_path / "names.txt").write_text("a name")
    check_config(config, "curate")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b/c.bin", "c.bin"),
        (r"C:\models\c.bin", "c.bin"),
        (r"C:\models/c.bin", "c.bin"),
        ("s3://bucket/c.bin", "c.bin"),
        ("c.bin", "c.bin"),
        ("", ""),
    ],
)
def test_file_names_of_all_systems(path: str, name: str) -> None:
    assert file_name(path) == name


def test_a_run_is_the_same_from_a_folder_of_another_system() -> None:
    config = parse_config({"source": [SOURCE]}, "/c")
    models = (r"C:\models\lid.bin", "/models/lid.bin")
    first, second = (
        run_fingerprint(
            dataclasses.replace(config, language=dataclasses.replace(config.language, model=model))
        )
        for model in models
    )
    assert first == second


def test_a_mark_on_what_holds_no_path_is_an_error() -> None:
    for walk in (lambda: list(paths_of(Wrong())), lambda: map_paths(Wrong(), lambda p, _: p)):
        with pytest.raises(TypeError, match="model is marked as a path but holds 3"):
            walk()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/../b", "/c/b"),
        ("/a b", "/a b"),
        ("file:///a/b%5B1%5D.txt", "/a/b[1].txt"),
        ("file://localhost/a", "/a"),
        ("FILE:/a/../b", "/b"),
        ("s3://bucket/a/../b", "s3://bucket/a/../b"),
    ],
)
def test_paths_start_at_a_folder_or_are_urls(path: str, expected: str) -> None:
    assert absolute_path(path, "/c") == expected


def test_wildcards_of_the_folder_and_encoded_ones_are_characters() -> None:
    assert absolute_path("*.txt", "/g[1]*", is_pattern=True) == "/g[[]1][*]/*.txt"
    assert absolute_path("file:///g%5B1%5D/*", is_pattern=True) == "/g[[]1]/*"
    assert absolute_path("*.txt", "/g[1]") == "/g[1]/*.txt"


def test_paths_of_other_machines_and_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PathError, match="is on the machine 'host'; write file:///"):
        absolute_path("file://host/a")
    for path, folder in (("caf\udce9", "/c"), ("a", "/caf\udce9"), ("file:///caf%E9", "/c")):
        with pytest.raises(PathError, match=r"/caf\\xe9.*: a name in this path is not UTF-8"):
            absolute_path(path, folder)
