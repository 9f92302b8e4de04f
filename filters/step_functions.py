"""Functions of own steps: loaded, called on a batch of texts, and what they return checked.

A measure is called with a pyarrow array of texts and returns numbers, one a text: an array, or a
table of several columns. An edit returns texts, one a text. Both are handed a table of further
columns if they ask for some, and their settings by name. They must be pure: what they return of a
text may depend on nothing else, as batches are cut differently on other inputs.
"""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.carried_modules import file_name_of, import_carried
from massivetext.config import Config, ConfigError
from massivetext.own_steps import EditStep, MeasureStep, StepModule
from massivetext.step_code import module_digest, place_of_call

StepFunction = Callable[..., Any]
StepT = TypeVar("StepT", MeasureStep, EditStep)

_STRING_BYTES: Final = 2**31 - 1
"""Of a pyarrow StringArray, whose offsets have 32 bits; longer texts are a LargeStringArray."""


class StepError(RuntimeError):
    """An own step that failed: which one, what it did, and what was expected."""


@dataclass(frozen=True)
class LoadedStep(Generic[StepT]):
    """A step and its function.

    Attributes:
        step: as configured.
        function: what it calls.
    """

    step: StepT
    function: StepFunction

    @property
    def where(self) -> str:
        """The step, for messages."""
        return _where(self.step)

    def call(self, texts: pa.Array, columns: pa.Table) -> Any:
        """Returns what the function returns for some texts.

        Raises:
            StepError: if it raises anything.
        """
        asked = [columns.select(list(self.step.columns))] if self.step.columns else []
        try:
            return self.function(_as_strings(texts), *asked, **self.step.settings)
        except (MemoryError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit too: a step ends no run in silence
            said = " ".join(str(error).split())
            place = _place_of(error, self.step)
            raise StepError(
                f"{self.where} raised {type(error).__name__}: {said}{place}; fix it, and run again"
            ) from error


@dataclass(frozen=True)
class StepFunctions:
    """The own steps of a configuration, ready to be called."""

    measures: tuple[LoadedStep[MeasureStep], ...] = ()
    edits: tuple[LoadedStep[EditStep], ...] = ()


NO_STEPS: Final = StepFunctions()


def load_steps(config: Config) -> StepFunctions:
    """Returns the own steps of a configuration with their functions.

    Raises:
        ConfigError: if the code of one cannot be run here, or has no such function.
    """
    if not config.measures and not config.edits:
        return NO_STEPS
    try:
        import_carried(config.step_modules)
    except (MemoryError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ConfigError(f"the code of own steps cannot be loaded: {_said(error)}") from error
    modules = {module.name: module for module in config.step_modules}
    return StepFunctions(
        tuple(LoadedStep(step, _function(step, modules)) for step in config.measures),
        tuple(LoadedStep(step, _function(step, modules)) for step in config.edits),
    )


def measure_texts(
    loaded: LoadedStep[MeasureStep], texts: pa.Array, columns: pa.Table
) -> list[pa.Array]:
    """Returns the columns of an own measure, float64 without nulls, in the order of its outputs.

    Args:
        loaded: the measure.
        texts: of some documents.
        columns: what else is known of them.

    Raises:
        StepError: if the function fails or returns something else.
    """
    step = loaded.step
    if not len(texts):
        return [pa.array([], pa.float64()) for _ in step.outputs]
    found = loaded.call(texts, columns)
    if not step.gives:
        return [_numbers(loaded.where, found, len(texts))]
    if not isinstance(found, (pa.Table, pa.RecordBatch)):
        raise StepError(
            f"{loaded.where} returned {_kind(found)}; expected a pyarrow table with the columns "
            f"{', '.join(step.gives)}"
        )
    if sorted(found.schema.names) != sorted(step.gives):
        raise StepError(
            f"{loaded.where} returned the columns {', '.join(found.schema.names) or '(none)'}; "
            f"expected {', '.join(step.gives)}, as `gives` names them"
        )
    return [
        _numbers(f"{loaded.where}, column '{name}',", found.column(name), len(texts))
        for name in step.gives
    ]


def edit_texts(loaded: LoadedStep[EditStep], texts: pa.Array, columns: pa.Table) -> pa.Array:
    """Returns the texts that an own edit makes of some texts, as a LargeStringArray.

    Args:
        loaded: the edit.
        texts: of some documents.
        columns: what else is known of them.

    Raises:
        StepError: if the function fails or returns something else.
    """
    if not len(texts):
        return texts.cast(pa.large_string())
    found = loaded.call(texts, columns)
    wanted = "expected a pyarrow array of strings"
    if not isinstance(found, (pa.Array, pa.ChunkedArray)) or not (
        pa.types.is_string(found.type) or pa.types.is_large_string(found.type)
    ):
        raise StepError(f"{loaded.where} returned {_kind(found)}; {wanted}")
    _require_length(loaded.where, len(found), len(texts))
    edited = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    _require_no_null(loaded.where, edited, "a text")
    try:
        edited.validate(full=True)
    except pa.ArrowInvalid as error:
        raise StepError(f"{loaded.where} returned texts that are not UTF-8: {error}") from None
    return edited.cast(pa.large_string())


def _function(step: MeasureStep | EditStep, modules: dict[str, StepModule]) -> StepFunction:
    """Returns the function of a step.

    Raises:
        ConfigError: if there is none that takes what it will be called with.
    """
    where = _where(step)
    name, attribute = place_of_call(step.call, where)
    module = modules.get(name)
    if module is not None and module.text is None and module_digest(name) != module.digest:
        raise ConfigError(
            f"{where}: the module '{name}' on this machine is another one than where the run was "
            "started; install the same version on all workers"
        )
    try:
        found: Any = importlib.import_module(name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        raise ConfigError(f"{where}: {error}; fix call = {step.call!r}") from None
    except (MemoryError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ConfigError(f"{where}: the module cannot be loaded: {_said(error)}") from error
    if not callable(found):
        raise ConfigError(f"{where}: {attribute} of {name} is {_kind(found)}, and no function")
    _require_parameters(step, found)
    return found


def _require_parameters(step: MeasureStep | EditStep, function: StepFunction) -> None:
    """Checks that a function takes the texts, the columns if any are asked for, and settings."""
    handed = ["texts", *(["columns"] if step.columns else [])]
    try:
        inspect.signature(function).bind(*handed, **step.settings)
    except ValueError:  # compiled ones may tell no signature
        return
    except TypeError as error:
        shown = ", ".join([*handed, *(f"{name}=..." for name in step.settings)])
        raise ConfigError(
            f"{_where(step)}: the function cannot be called as ({shown}): {error}; fix its "
            "parameters, `columns` or `settings`"
        ) from None


def _where(step: MeasureStep | EditStep) -> str:
    kind = "measure" if isinstance(step, MeasureStep) else "edit"
    return f"{kind} '{step.name}' ({step.call})"


def _as_strings(texts: pa.Array) -> pa.Array:
    """Returns texts as a StringArray, unless they are too long for one."""
    return texts.cast(pa.string()) if texts.nbytes <= _STRING_BYTES else texts


def _numbers(where: str, found: Any, count: int) -> pa.Array:
    """Returns what a measure returned as float64; refuses all but one finite number a text."""
    if isinstance(found, np.ndarray) and found.ndim == 1 and found.dtype.kind in "biuf":
        returned: Any = pa.array(found)
    else:
        returned = found
    if not isinstance(returned, (pa.Array, pa.ChunkedArray)):
        raise StepError(f"{where} returned {_kind(found)}; expected a pyarrow array of numbers")
    kind = returned.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise StepError(f"{where} returned values of the type {kind}; expected numbers")
    _require_length(where, len(returned), count)
    column = returned.combine_chunks() if isinstance(returned, pa.ChunkedArray) else returned
    _require_no_null(where, column, "a number")
    numbers = column.cast(pa.float64(), safe=False)
    is_finite = pc.call_function("is_finite", [numbers])
    first = is_finite.index(pa.scalar(False)).as_py()
    if first >= 0:
        raise StepError(
            f"{where} returned {numbers[first].as_py()} for text {first} of {count}; expected a "
            "finite number (an empty text has one too)"
        )
    return numbers


def _require_length(where: str, found: int, count: int) -> None:
    if found != count:
        raise StepError(f"{where} returned {found:,} values for {count:,} texts; expected as many")


def _require_no_null(where: str, column: pa.Array, wanted: str) -> None:
    if column.null_count:
        first = column.is_null().index(pa.scalar(True)).as_py()
        raise StepError(
            f"{where} returned nothing (null) for text {first} of {len(column)}; expected {wanted}"
        )


def _kind(value: Any) -> str:
    """Returns what a value is, for messages."""
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return f"an array of the type {value.type}"
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    return "None" if value is None else f"a value of the type {name}"


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _place_of(error: BaseException, step: MeasureStep | EditStep) -> str:
    """Returns the last line of the module that an error came through; "" if none is known."""
    own = file_name_of(step.call.partition(":")[0])
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.replace("\\", "/").endswith(own)]
    return f" ({own} line {lines[-1]})" if lines else ""
