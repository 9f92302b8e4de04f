"""What of the libraries' log messages and warnings reaches a user."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Final

from massivetext.events import EventKind, Level, log_form, tell

_TOLD_TWICE: Final = ("apache_beam.runners.common", "apache_beam.runners.worker.sdk_worker")
"""Here workers log the exceptions that the program gets, and tells, anyway."""

_ROUTINE: Final = ("apache_beam.utils.subprocess_server",)
"""Says that job servers were started and stopped."""

_OWN: Final = "massivetext."
"""How the names of our own loggers begin."""


class TellRecords(logging.Handler):
    """Tells log records as the program tells its own events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tells a record: a line for people, everything that it holds for machines."""
        own = record.name.startswith(_OWN)
        event: EventKind = "warning" if own else "log"
        message = self.format(record)
        if log_form() == "text":
            message = message.strip().partition("\n")[0]
            message = message if own else f"{record.name}: {message}"
        logger = None if own else record.name
        tell(event, message, level=_level_of(record), logger=logger)


def set_up_logs() -> None:
    """Lets libraries log in the program's way, and hides what is no news."""
    hide_import_warnings()
    root = logging.getLogger()
    if not any(isinstance(handler, TellRecords) for handler in root.handlers):
        root.addHandler(TellRecords())


def hide_import_warnings() -> None:
    """Keeps Beam from saying, at every import, that packages of a cloud are not installed."""
    logging.getLogger().addFilter(_is_news)


def hide_library_warnings() -> None:
    """Keeps Python's warnings about code from users who cannot mend it, unless they ask (-W)."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.captureWarnings(True)


def hide_repetitions() -> None:
    """Keeps what Beam logs beside what the program itself says."""
    for name in _TOLD_TWICE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _ROUTINE:
        logging.getLogger(name).setLevel(logging.ERROR)


def _level_of(record: logging.LogRecord) -> Level:
    if record.levelno >= logging.ERROR:
        return "error"
    return "warning" if record.levelno >= logging.WARNING else "info"


def _is_news(record: logging.LogRecord) -> bool:
    return "apitools not found" not in record.getMessage()
