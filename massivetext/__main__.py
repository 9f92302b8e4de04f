"""Where the program starts, as `massivetext` and as `python -m massivetext`.

It imports next to nothing before it has taken charge of the process, so that Ctrl-C while the rest
is imported ends like any other.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from massivetext.events import form_asked, use_log_form
from massivetext.interrupts import end_on_interrupt
from massivetext.standard_streams import open_closed_streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code.

    Args:
        arguments: of the program; without any, those of this process, which ends with the command.
    """
    if arguments is None:
        use_log_form(form_asked(sys.argv[1:]))
        open_closed_streams()
        end_on_interrupt()
    from massivetext.pipeline.commands import cli

    return cli.main(arguments)


if __name__ == "__main__":
    main()
