"""One writer for an output folder: whoever comes second is told who is at work there.

On this machine's file systems the kernel keeps the lock, and takes it back when its holder is gone,
however it ended. Stores have no locks: there a small record says who writes, and its holder renews
it. A record that was not renewed for long, or whose process on this host is gone, counts no more.
Two programs that start in the same second may both miss the other's record: it is best effort.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from massivetext.pipeline.engine.errors import UsageError

try:
    import fcntl
except ImportError:  # not on Windows: there the record is all there is
    fcntl = None  # type: ignore[assignment]

PATH: Final = "phases/lock"
"""Below the output folder; it is there only while somebody writes."""

RENEW_SECONDS: Final = 20.0
"""Our choice: a request now and then costs nothing."""

STALE_SECONDS: Final = 90.0
"""Our choice: four renewals missed; a killed run on a store is waited for so long."""

_SETTLE_SECONDS: Final = 1.0
"""Our choice: after so long a record is read again, to see whether another one came over it."""


_NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems say that lie elsewhere and know no locks."""

_PROC: Final = Path("/proc")


@dataclass(frozen=True)
class Holder:
    """Who writes to an output folder.

    Attributes:
        host: name of the machine.
        pid: number of the process there.
        place: what the number counts in: one start of one machine, and a namespace of it.
        born: when the process started, as its kernel counts; numbers are used again.
        since: when it took the lock, seconds since 1970.
        renewed: when it last said that it is alive, seconds since 1970.
        token: different for each holder.
    """

    host: str
    pid: int
    place: str
    born: str
    since: float
    renewed: float
    token: str

    @property
    def is_alive(self) -> bool:
        """Whether it still writes, as far as can be told from here."""
        if self.place and self.place == _place():
            return _birth(self.pid) == self.born
        return time.time() - self.renewed < STALE_SECONDS


def look(output: str) -> None:
    """Checks at little cost that nobody writes to a folder of this machine; `hold` makes sure.

    Raises:
        UsageError: if another program does.
    """
    if "://" in output:
        return
    try:
        holder = _parse(Path(output, PATH).read_bytes())
    except OSError:
        return
    if holder is not None and holder.is_alive:
        raise _refusal(output, holder)


@contextmanager
def hold(output: str) -> Iterator[None]:
    """Keeps other programs from writing to an output folder while the block runs.

    Args:
        output: the folder, on any file system; it is made if it is not there.

    Raises:
        UsageError: if another program writes there, or nobody can.
    """
    with contextlib.ExitStack() as stack:
        atexit.register(stack.close)  # an interrupt ends the program without leaving the block
        stack.callback(atexit.unregister, stack.close)
        try:
            if "://" in output or fcntl is None:
                stack.enter_context(_hold_record(output))
            else:
                stack.enter_context(_hold_file(output))
        except OSError as error:
            raise UsageError(f"cannot write to the output folder {output}: {error}") from None
        yield


@contextmanager
def _hold_file(output: str) -> Iterator[None]:
    path = Path(output, PATH)
    made = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = _lock_file(path, output)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        with _hold_record(output):
            yield
        return
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, json.dumps(asdict(_this_process())).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        for folder in made:  # unless something was written
            with contextlib.suppress(OSError):
                folder.rmdir()


def _lock_file(path: Path, output: str) -> int:
    """Returns the descriptor of the locked file; closing it ends the lock."""
    assert fcntl is not None  # as `hold` has seen
    while True:
        with contextlib.ExitStack() as stack:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _refusal(output, _parse(path.read_bytes())) from None
            if is_at(path, descriptor):  # else its holder has deleted it meanwhile
                stack.pop_all()
                return descriptor


def is_at(path: str | Path, descriptor: int) -> bool:
    """Whether an open file or folder still has its name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def _hold_record(output: str) -> Iterator[None]:
    from massivetext.pipeline.engine import store  # it loads Beam, which locks of files do not need

    def read() -> Holder | None:
        path = store.below(output, PATH)
        return _parse(store.read_bytes(path)) if store.exists(path) else None

    def write(holder: Holder) -> None:
        store.write_bytes(output, PATH, json.dumps(asdict(holder)).encode())

    def renew() -> None:
        while not done.wait(RENEW_SECONDS):
            with contextlib.suppress(OSError):  # the next one may reach the store
                write(replace(mine, renewed=time.time()))

    found = read()
    if found is not None and found.is_alive:
        raise _refusal(output, found)
    mine, done = _this_process(), threading.Event()
    write(mine)
    time.sleep(_SETTLE_SECONDS)
    found = read()
    if found is None or found.token != mine.token:
        raise _refusal(output, found)
    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with contextlib.suppress(OSError):  # then it grows stale
            store.delete(store.below(output, PATH))


def _this_process() -> Holder:
    now, pid = time.time(), os.getpid()
    return Holder(socket.gethostname(), pid, _place(), _birth(pid), now, now, uuid.uuid4().hex)


def _place() -> str:
    """Returns what numbers of processes count in; nothing where the kernel does not tell."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _birth(pid: int) -> str:
    """Returns when a process started, in ticks since the machine did; nothing if it is gone."""
    try:
        after_name = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in "ZX" else after_name[19]


def _parse(content: bytes) -> Holder | None:
    """Returns who holds the lock; None if it is just being written."""
    try:
        return Holder(**json.loads(content))
    except (ValueError, TypeError):
        return None


def _refusal(output: str, holder: Holder | None) -> UsageError:
    who = "which has just started"
    if holder is not None:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.since))
        who = f"process {holder.pid} on {holder.host}, since {since}"
    return UsageError(
        f"another run writes to {output}: {who}; wait for its end, or name another --output"
    )
