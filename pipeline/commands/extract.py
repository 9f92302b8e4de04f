"""`massivetext extract`: the text of one HTML page. It needs no Beam."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final, get_args

from massivetext.command import Command
from massivetext.config import Extraction, Extractor, TextFormat
from massivetext.pipeline.commands.arguments import absolute
from massivetext.pipeline.commands.resources import PAGE_ADDRESS_BYTES, require_address_space
from massivetext.pipeline.engine.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `extract`."""
    parser.add_argument("file", nargs="?", default="-", help="HTML file, or - for standard input")
    parser.add_argument("--show", action="store_true", help="which blocks were kept, and why")
    parser.add_argument("--extractor", choices=get_args(Extractor), default=Extraction().extractor)
    parser.add_argument("--format", choices=get_args(TextFormat), default=Extraction().format)
    parser.add_argument("--links", action="store_true", help="addresses of links in Markdown")


def run(options: argparse.Namespace) -> int:
    """Prints the text of a page, or its blocks.

    Raises:
        UsageError: if the file cannot be read, or the extractor knows no blocks.
    """
    require_address_space(PAGE_ADDRESS_BYTES)
    from massivetext.pipeline.extraction import EXTRACTORS, extract_text, show_blocks

    if options.show and EXTRACTORS[options.extractor].parse is None:
        raise UsageError(f"--show needs the extractor tree or lxml, not {options.extractor}")
    html = _read(options.file)
    if options.show:
        for block in show_blocks(html, extractor=options.extractor):
            print(block)
        return 0
    text = extract_text(
        html,
        extractor=options.extractor,
        format=options.format,
        markdown_links=options.links,
    )
    sys.stdout.write(text + "\n" if text else "")
    return 0


def _read(file: str) -> bytes:
    if file == "-" and sys.stdin is None:
        raise UsageError("cannot read standard input, which is closed; name an HTML file")
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(absolute(file)).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}; name an HTML file, or - for standard input"
        ) from None


COMMAND: Final = Command(
    "extract", "the text of an HTML page, on standard output", add_arguments, run
)
