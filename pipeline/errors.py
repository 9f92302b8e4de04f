"""The two ways in which a command ends early."""

from __future__ import annotations


class RunError(RuntimeError):
    """A run that cannot go on: what was found, and what to do."""


class UsageError(RuntimeError):
    """A command that cannot be carried out as asked; nothing was done."""
