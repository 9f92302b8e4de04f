"""Thin jars, and what is said of what this machine lacks."""

import zipfile
from pathlib import Path

import pytest

from tests.clusters import prepare


@pytest.mark.parametrize("length", [1, 71, 72, 73, 143, 144, 500])
def test_a_long_line_of_a_manifest_is_folded(length: int) -> None:
    line = "".join(chr(ord("a") + n % 26) for n in range(length))
    folded = prepare.fold(line)
    assert max(map(len, folded)) <= 72
    assert all(part.startswith(" ") and len(part) > 1 for part in folded[1:])
    assert folded[0] + "".join(part[1:] for part in folded[1:]) == line


def test_a_thin_jar_names_its_class_and_parts(tmp_path: Path) -> None:
    parts = [tmp_path / f"a-part-with-a-long-name-{n:02d}.jar" for n in range(30)]
    prepare.write_thin_jar(tmp_path / "thin.jar", "org.example.Main", parts)
    with zipfile.ZipFile(tmp_path / "thin.jar") as archive:
        manifest = archive.read("META-INF/MANIFEST.MF").decode()
    version, main_class, class_path, *rest = manifest.replace("\r\n ", "").split("\r\n")
    assert (version, main_class) == ("Manifest-Version: 1.0", "Main-Class: org.example.Main")
    assert class_path.removeprefix("Class-Path: ").split() == [part.as_uri() for part in parts]
    assert rest == ["", ""]


def test_all_missing_tools_are_named_and_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prepare.main() == 2
    said = capsys.readouterr().err
    assert all(f"{tool} ({source})" in said for tool, source in prepare.TOOLS.items())


@pytest.mark.parametrize("version", ["1.8.0_402", "21.0.4", ""])
def test_a_java_that_runners_do_not_support_is_refused(version: str) -> None:
    with pytest.raises(prepare.MissingError, match=r"install Java 11 or 17"):
        prepare.require_java(version)


@pytest.mark.parametrize("version", ["11.0.24", "17.0.15", "17"])
def test_a_java_that_they_support_is_not(version: str) -> None:
    prepare.require_java(version)


def test_a_command_that_fails_is_quoted_with_what_it_printed() -> None:
    with pytest.raises(
        prepare.MissingError, match=r"could not fetch a jar: `sh .*ended with 3:\nno"
    ):
        prepare.run("fetch a jar", ["sh", "-c", "echo no such jar; exit 3"])
