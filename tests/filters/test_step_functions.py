"""Functions of own steps: what they are handed, and what they may return."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import Config, ConfigError
from massivetext.filters.step_functions import (
    NO_STEPS,
    LoadedStep,
    StepError,
    edit_texts,
    load_steps,
    measure_texts,
)
from massivetext.own_steps import EditStep, MeasureStep, StepModule

TEXTS = pa.array(["a{b}", "", "{{{{", "ü"], pa.large_string())
KNOWN = pa.table({"url": ["u", "", "v", "w"], "words": [1, 0, 1, 1]})


def measured(function: Callable[..., Any], texts: pa.Array = TEXTS, **step: Any) -> list[pa.Array]:
    loaded = LoadedStep(MeasureStep("m", "my:f", **step), function)
    return measure_texts(loaded, texts, KNOWN)


def edited(function: Callable[..., Any], texts: pa.Array = TEXTS) -> pa.Array:
    return edit_texts(LoadedStep(EditStep("e", "my:f"), function), texts, KNOWN)


@pytest.mark.parametrize(
    "result",
    [
        pa.array([2, 0, 4, 0], pa.int8()),
        pa.array([2.0, 0, 4, 0], pa.float32()),
        pa.chunked_array([[2, 0], [4, 0]]),
        np.array([2, 0, 4, 0], np.uint16),
        np.array([2.0, 0, 4, 0]),
    ],
    ids=["int8", "float32", "chunks", "uint16", "numpy"],
)
def test_numbers_of_any_type_become_a_column(result: Any) -> None:
    (column,) = measured(lambda texts: result)
    assert column.type == pa.float64()
    assert column.to_pylist() == [2, 0, 4, 0]
    (booleans,) = measured(lambda texts: pc.equal(texts, ""))
    assert booleans.to_pylist() == [0, 1, 0, 0]


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=8))
def test_a_function_is_handed_the_texts_as_they_are(texts: list[str]) -> None:
    seen = []

    def lengths(array: pa.Array) -> pa.Array:
        assert isinstance(array, pa.StringArray)
        seen.extend(array.to_pylist())
        return pc.utf8_length(array)

    (column,) = measured(lengths, pa.array(texts, pa.large_string()))
    assert seen == texts
    assert column.to_pylist() == [len(text) for text in texts]


def test_columns_and_settings_are_handed_on() -> None:
    def function(texts: pa.Array, columns: pa.Table, *, factor: int) -> pa.Table:
        assert columns.column_names == ["words", "url"]
        return pa.table(
            {"b": pc.utf8_length(columns["url"]), "a": pc.multiply(columns["words"], factor)}
        )

    a, b = measured(function, gives=("a", "b"), columns=("words", "url"), settings={"factor": 3})
    assert (a.to_pylist(), b.to_pylist()) == ([3, 0, 3, 3], [1, 0, 1, 1])


def raising(texts: pa.Array) -> pa.Array:
    raise ValueError("two\nlines")


def leaving(texts: pa.Array) -> pa.Array:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (raising, "raised ValueError: two lines; fix it"),
        (leaving, "raised SystemExit: 0"),
        (lambda texts: pa.array([1, 2]), "returned 2 values for 4 texts; expected as many"),
        (lambda texts: pa.array([1.0, 2, None, 3]), r"nothing \(null\) for text 2 of 4"),
        (lambda texts: np.array([0, np.nan, 1, 2]), "returned nan for text 1 of 4; expected a fin"),
        (lambda texts: np.array([0, 1, 1, np.inf]), "returned inf for text 3 of 4"),
        (lambda texts: texts, "returned values of the type string; expected numbers"),
        (lambda texts: [1, 2, 3, 4], "returned a value of the type list; expected a pyarrow array"),
        (lambda texts: np.zeros((4, 2)), "returned a value of the type numpy.ndarray"),
        (lambda texts: None, "returned None; expected a pyarrow array of numbers"),
        (lambda texts: pa.table({"a": [1, 2, 3, 4]}), "returned a value of the type pyarrow"),
    ],
)
def test_a_measure_that_fails_is_named_in_one_line(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(StepError, match=message) as failed:
        measured(function)
    assert str(failed.value).startswith("measure 'm' (my:f) ")
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda texts: pa.array([1, 2, 3, 4]), "an array of the type int64; expected a pyarrow ta"),
        (lambda texts: pa.table({"b": [1, 2, 3, 4]}), "returned the columns b; expected a"),
        (lambda texts: pa.table({"a": [1]}), "column 'a', returned 1 values for 4 texts"),
        (lambda texts: pa.table({"a": [1, 2, None, 3]}), r"column 'a', returned nothing \(null\)"),
    ],
)
def test_a_table_has_the_columns_that_are_stated(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(StepError, match=message):
        measured(function, gives=("a",))


def test_an_edit_returns_texts() -> None:
    found = edited(lambda texts: pc.utf8_upper(texts))
    assert found.type == pa.large_string()
    assert found.to_pylist() == ["A{B}", "", "{{{{", "Ü"]
    assert edited(lambda texts: pa.chunked_array([texts])).to_pylist() == TEXTS.to_pylist()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (raising, "edit 'e' .* raised ValueError"),
        (lambda texts: pc.utf8_length(texts), "type int32; expected a pyarrow array of strings"),
        (lambda texts: texts.to_pylist(), "type list; expected a pyarrow array of strings"),
        (lambda texts: texts.slice(1), "returned 3 values for 4 texts"),
        (lambda texts: pa.array(["a", None, "", ""]), r"nothing \(null\) for text 1 of 4"),
        (
            lambda texts: pa.array([b"\xff"] * 4).cast(pa.binary()).view(pa.string()),
            "returned texts that are not UTF-8",
        ),
    ],
)
def test_an_edit_that_fails_is_named_in_one_line(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(StepError, match=message) as failed:
        edited(function)
    assert "\n" not in str(failed.value)


def test_no_texts_are_no_call() -> None:
    nothing = TEXTS.slice(0, 0)
    assert [len(c) for c in measured(raising, nothing, gives=("a", "b"))] == [0, 0]
    assert len(edited(raising, nothing)) == 0


def configured(call: str, text: str = "", **step: Any) -> Config:
    module = StepModule("step_test_module", f"digest of {text}", text)
    return Config(measures=(MeasureStep("m", call, **step),), step_modules=(module,))


def test_functions_are_loaded_from_the_carried_text() -> None:
    text = "class Count:\n    @staticmethod\n    def of(texts):\n        return texts\n"
    steps = load_steps(configured("step_test_module:Count.of", text))
    assert steps.measures[0].function(1) == 1
    assert load_steps(Config()) is NO_STEPS


@pytest.mark.parametrize(
    ("call", "text", "step", "message"),
    [
        ("step_test_module:g", "def f(): ...", {}, "has no attribute 'g'; fix call"),
        (
            "step_test_module:f",
            "f = 1",
            {},
            "f of step_test_module is a value of the type int, and",
        ),
        ("step_test_module:f", "1 / 0", {}, "cannot be loaded: ZeroDivisionError: division by"),
        ("step_test_module:f", "import no_such_thing", {}, "cannot be loaded: ModuleNotFoundError"),
        ("step_test_module:f", "raise SystemExit", {}, "cannot be loaded: SystemExit"),
        ("step_test_module:f", "def f(): ...", {}, r"cannot be called as \(texts\): too many pos"),
        (
            "step_test_module:f",
            "def f(texts): ...",
            {"columns": ("url",)},
            r"cannot be called as \(texts, columns\)",
        ),
        (
            "step_test_module:f",
            "def f(texts, limit): ...",
            {"settings": {"limits": 1}},
            r"cannot be called as \(texts, limits=...\)",
        ),
        ("no_such_module_either:f", "", {}, "cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_code_that_does_not_fit_is_refused_before_any_work(
    call: str, text: str, step: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        load_steps(configured(call, text, **step))
    assert "\n" not in str(refused.value)


def test_a_worker_refuses_another_version_of_an_installed_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "installed_steps.py").write_text("def f(texts): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = StepModule("installed_steps", "of another version")
    config = Config(measures=(MeasureStep("m", "installed_steps:f"),), step_modules=(module,))
    with pytest.raises(ConfigError, match="is another one than where the run was started"):
        load_steps(config)


def test_an_exception_tells_the_line_of_the_users_code() -> None:
    text = "def f(texts):\n    x = 1\n    return x / 0\n"
    (loaded,) = load_steps(configured("step_test_module:f", text)).measures
    with pytest.raises(StepError, match=r"division by zero \(step_test_module.py line 3\); fix"):
        measure_texts(loaded, TEXTS, KNOWN)
