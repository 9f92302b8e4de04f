"""What of the libraries' log messages reaches a user."""

from __future__ import annotations

import logging


def hide_import_warnings() -> None:
    """Keeps Beam from saying, at every import, that packages of a cloud are not installed."""
    logging.getLogger().addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return "apitools not found" not in record.getMessage()
