"""Where the code of own steps is found, and that it is carried as it stands."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from massivetext import step_code
from massivetext.carried_modules import NameTakenError, import_carried
from massivetext.config import Config, ConfigError
from massivetext.config_file import load_config
from massivetext.own_steps import StepModule
from massivetext.step_code import NamedCall, code_told, find_modules, module_digest, stated_steps

SOURCE = """
[[source]]
subset = "books"
kind = "text"
format = "jsonl"
path = "x.jsonl"
"""
MEASURE = '[[measure]]\nname = "a"\ncall = "{}"\n'


def written(folder: Path, call: str, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / f"{name.replace('__in__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    config = folder / "config.toml"
    config.write_text(SOURCE + MEASURE.format(call))
    return config


def test_a_module_beside_the_configuration_is_carried_with_what_it_imports(tmp_path: Path) -> None:
    config = load_config(
        written(
            tmp_path,
            "carried_one:f",
            carried_one="import carried_two\nfrom carried_pack import inner\nimport json\n",
            carried_two="X = 1\n",
            carried_pack__in____init__="",
            carried_pack__in__inner="from carried_pack import __name__ as NAME\n",
            unused="raise RuntimeError\n",
        )
    )
    names = [module.name for module in config.step_modules]
    assert names == ["carried_one", "carried_pack", "carried_pack.inner", "carried_two"]
    assert all(module.text is not None for module in config.step_modules)
    import_carried(config.step_modules)
    assert sys.modules["carried_one"].carried_two.X == 1
    assert sys.modules["carried_one"].inner.NAME == "carried_pack"
    for file in tmp_path.glob("carried*.py"):
        file.unlink()
    import_carried(config.step_modules)  # of the text, wherever the files are


def test_another_text_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    for value in (1, 2):
        config = load_config(written(tmp_path, "carried_twice:f", carried_twice=f"x = {value}\n"))
        import_carried(config.step_modules)
        assert sys.modules["carried_twice"].x == value


def test_a_module_that_is_loaded_already_is_never_replaced() -> None:
    with pytest.raises(NameTakenError, match="another module 'pytest' is loaded already"):
        import_carried([StepModule("pytest", "0", "X = 1\n")])


def test_the_digest_is_that_of_the_text_and_goes_into_the_settings(tmp_path: Path) -> None:
    found = []
    for text in ("X = 1\n", "X = 2\n", "X = 1\n"):
        config = load_config(written(tmp_path, "carried_one:f", carried_one=text))
        found.append(stated_steps(config)["code of own steps"]["carried_one"])
    assert found[0] == found[2] != found[1]


def test_installed_modules_are_named_and_not_carried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "path").mkdir()
    (tmp_path / "path/installed_one.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(tmp_path / "path")
    config = load_config(written(tmp_path / "c", "installed_one:f"))
    (module,) = config.step_modules
    assert (module.name, module.text) == ("installed_one", None)
    assert module.digest == module_digest("installed_one")
    assert code_told(config) == "runs code of installed_one (installed)"
    assert "installed_one" not in sys.modules, "nothing of it is run"


def test_an_entry_point_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(group: str, name: str) -> list[EntryPoint]:
        points = {"braces": ["json:dumps"], "two": ["json:dumps", "json:loads"]}
        return [EntryPoint(name, value, group) for value in points.get(name, [])]

    monkeypatch.setattr(step_code, "entry_points", installed)
    (module,) = load_config(written(tmp_path, "braces")).step_modules
    assert (module.name, module.text) == ("json", None)
    with pytest.raises(ConfigError, match="measure 'a': no installed package has an entry point"):
        load_config(written(tmp_path, "brackets"))
    with pytest.raises(ConfigError, match="2 installed packages have an entry point 'two'"):
        load_config(written(tmp_path, "two"))


@pytest.mark.parametrize(
    ("call", "files", "message"),
    [
        ("no_such_module:f", {}, "there is no module 'no_such_module', neither as no_such_module"),
        ("no.such.module:f", {}, "there is no module 'no.such.module'"),
        ("json:f", {"json": "X = 1\n"}, "json.py has the name of a module of Python; rename it"),
        ("bad:f", {"bad": "X = 1\ndef f(:\n"}, "bad.py line 2 is not valid Python: invalid syntax"),
        ("bad:f", {"bad": "X = '\0'\n"}, "bad.py.* is not valid Python"),
    ],
)
def test_code_that_is_not_there_or_no_python_is_refused(
    tmp_path: Path, call: str, files: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        load_config(written(tmp_path, call, **files))
    assert "\n" not in str(refused.value)


def test_two_modules_of_one_name_are_refused(tmp_path: Path) -> None:
    calls = []
    for number in (1, 2):
        written(tmp_path / str(number), "same:f", same=f"X = {number}\n")
        calls.append(NamedCall("measure 'a'", "same:f", tmp_path / str(number), ""))
    with pytest.raises(ConfigError, match="two files with different code are called 'same'"):
        find_modules(calls)
    assert find_modules([calls[0], calls[0]]) == find_modules(calls[:1])


def test_nothing_is_told_without_code_of_others() -> None:
    ours = StepModule("massivetext.filters.presets.c4", "0")
    assert code_told(Config()) == code_told(Config(step_modules=(ours,))) == ""
    theirs = StepModule("a", "0", "", included_from="b.toml")
    assert code_told(Config(step_modules=(theirs,))) == "runs code of a (named by b.toml)"


def test_a_configuration_without_own_steps_loads_no_arrow(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(SOURCE)
    code = (
        "import sys; from massivetext.config_file import load_config\n"
        f"load_config({str(tmp_path / 'c.toml')!r})\n"
        "assert 'pyarrow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
