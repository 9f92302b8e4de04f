"""How much of this machine a run may take, and whether what it is asked to hold fits in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from massivetext.config import ConfigError, Limits
from massivetext.events import tell
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.processes import PROCESS_BYTES, Processes, core_count, runs_here
from massivetext.pipeline.phases.table import manifest_path, phases_of

RUN_ADDRESS_BYTES: Final = 1_250_000_000
"""Address space of a run of one process (measured: with less, libraries abort or hang while they
are loaded; 1.3 GB do for a few files)."""

PAGE_ADDRESS_BYTES: Final = 600_000_000
"""Address space for the text of one page (measured: with 500 MB, a library hangs)."""


RECORD_COST: Final = 18
"""Bytes of memory for a byte of a record (measured: 16 and 17 for a JSON line of 50 and 200 MB,
most of it while its 13-grams are signed; 4 for an HTML page)."""


def require_address_space(least_bytes: int) -> None:
    """Checks the limit of address space (`ulimit -v`), within which libraries do not fail well.

    Raises:
        RunError: if it is too low.
    """
    try:
        import resource
    except ImportError:  # no such limits on this system
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if resource.RLIM_INFINITY != limit < least_bytes:
        raise RunError(
            f"out of memory: the limit of address space (`ulimit -v`) is {_words(limit)} and at "
            f"least {_words(least_bytes)} are needed, for each process; raise it"
        )


def usable_memory(asked_bytes: int) -> int:
    """Returns the memory budget of a run: what was asked for, or all that this machine has."""
    try:
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not told on this system
        return asked_bytes
    if asked_bytes <= installed:
        return asked_bytes
    _warn(f"--memory {_words(asked_bytes)}: this machine has {_words(installed)}, which is taken")
    return installed


def early_processes(
    workers: int | None, memory_bytes: int, beam_options: tuple[str, ...], output: str, command: str
) -> Processes:
    """Returns the processes to start before it is known what there is to do; 1 for none.

    Their imports take as long as those of the program, so a run with few items gains from it. They
    would be started in vain for an output folder that is finished already.
    """
    if not workers or "://" in output or _seems_finished(output, command):
        return Processes(1, beam_options)
    return Processes.affordable(min(workers, core_count()), memory_bytes, beam_options)


def usable_workers(
    asked: int, items: int, memory_bytes: int, record_bytes: int, beam_options: Sequence[str]
) -> int:
    """Returns the processes of a run that was asked for so many; says so if they are fewer.

    Args:
        asked: for on the command line, or chosen.
        items: of input; more processes than these have nothing to read.
        memory_bytes: the budget of all of them.
        record_bytes: the largest record that is read.
        beam_options: Beam's; workers of a cluster are not counted here.

    Raises:
        ConfigError: if not even one process can hold such a record.
    """
    if not runs_here(beam_options):
        return asked
    each = PROCESS_BYTES
    if record_bytes > Limits().record_bytes:  # what a process takes is measured with that one
        each += RECORD_COST * record_bytes
        _require_room(each, memory_bytes)
    held = max(1, memory_bytes // each)
    workers = min(asked, held, max(1, items))
    if workers < asked:
        why = f"{items} items of input" if workers == items else f"--memory {_words(memory_bytes)}"
        if held < memory_bytes // PROCESS_BYTES and workers == held:
            why += f" and limits.record_bytes = {record_bytes}"
        used = "1 process is" if workers == 1 else f"{workers} processes are"
        _warn(f"--workers {asked}: {used} used, for {why}")
    return workers


def _require_room(process_bytes: int, memory_bytes: int) -> None:
    """Checks that the memory budget holds a process with the largest record."""
    if process_bytes <= memory_bytes:
        return
    fitting = max(Limits().record_bytes, (memory_bytes - PROCESS_BYTES) // RECORD_COST)
    raise ConfigError(
        f"limits.record_bytes: a record of that size may take {_words(process_bytes)} of memory, "
        f"and --memory is {_words(memory_bytes)}; at most {fitting} fits, or give more --memory"
    )


def _seems_finished(output: str, command: str) -> bool:
    """Whether the last phase of a command has a manifest in a local folder."""
    return os.path.exists(os.path.join(output, manifest_path(phases_of(command)[-1].name)))


def _words(size_bytes: int) -> str:
    gigabytes = size_bytes / 10**9
    return f"{gigabytes:,.1f}GB" if gigabytes >= 1 else f"{size_bytes / 10**6:.0f}MB"


def _warn(message: str) -> None:
    tell("warning", message, level="warning")
