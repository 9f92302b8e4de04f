"""What of the libraries' log messages reaches a user."""

from __future__ import annotations

import logging

_TOLD_TWICE = ("apache_beam.runners.common", "apache_beam.runners.worker.sdk_worker")
"""Here workers log the exceptions that the program gets, and tells, anyway."""

_ROUTINE = ("apache_beam.utils.subprocess_server",)
"""Says that job servers were started and stopped."""


def hide_import_warnings() -> None:
    """Keeps Beam from saying, at every import, that packages of a cloud are not installed."""
    logging.getLogger().addFilter(_is_news)


def hide_repetitions() -> None:
    """Keeps what Beam logs beside what the program itself says."""
    for name in _TOLD_TWICE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _ROUTINE:
        logging.getLogger(name).setLevel(logging.ERROR)


def _is_news(record: logging.LogRecord) -> bool:
    return "apitools not found" not in record.getMessage()
