"""Where the program starts, as `massivetext` and as `python -m massivetext`.

Ctrl-C waits from the first line on until the program has taken charge of it, so that it ends like
any other while the rest is imported. Only in Python's own start is it Python's.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code.

    Args:
        arguments: of the program; without any, those of this process, which ends with the command.
    """
    if arguments is None:
        _take_charge()
    from massivetext.pipeline.commands import cli

    return cli.main(arguments)


def _take_charge() -> None:
    import signal

    interrupt = [signal.SIGINT]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, interrupt)
    import sys

    from massivetext.events import form_asked, use_log_form
    from massivetext.interrupts import end_on_interrupt
    from massivetext.standard_streams import open_closed_streams

    open_closed_streams()  # before anything else is opened, which would get their numbers
    use_log_form(form_asked(sys.argv[1:]))
    end_on_interrupt()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


if __name__ == "__main__":
    main()
