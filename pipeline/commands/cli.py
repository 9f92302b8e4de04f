"""The command line: `massivetext COMMAND ...`.

Exit codes: 0 done; 2 bad use or bad configuration, before any work; 1 the run failed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from massivetext import __version__
from massivetext.config import ConfigError, Extraction, Extractor
from massivetext.config_file import load_config
from massivetext.pipeline.engine.logs import hide_import_warnings, hide_repetitions
from massivetext.pipeline.engine.processes import Processes, default_count, exit_now, tune_malloc
from massivetext.pipeline.phases.warm_up import WarmUp

PHASE_COMMANDS = {
    "curate": "read, extract, measure and judge every record",
    "dedup": "find exact and near duplicates among the documents",
    "decontaminate": "find documents that are copies of test-set items",
    "corpus": "write the documents that stay, and the removed ones with their reasons",
    "sequence": "tokenise, pack, mix and write the shards",
    "report": "write report/index.html and report/funnel.json",
}
_BEAM_COMMANDS = ("run", *PHASE_COMMANDS, "verify", "explain")
"""Commands that use Beam: its runners, or only its file systems."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def entry() -> None:
    """Runs the program and ends the process."""
    exit_now(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns its exit code."""
    hide_import_warnings()
    own, beam_options = _split(list(arguments))
    parser = _parser()
    options = parser.parse_args(own)
    if beam_options and options.command not in _BEAM_COMMANDS:
        parser.error(f"options after -- are for Beam, which '{options.command}' does not use")
    options.beam_options = tuple(beam_options)
    try:
        return int(options.call(options))
    except ConfigError as error:
        return _fail(2, str(error))
    except KeyboardInterrupt:
        return _fail(1, "interrupted; the same command goes on from what is committed")
    except OSError as error:
        return _fail(1, f"{error}; the same command goes on from what is committed")
    except RuntimeError as error:
        return _runtime_failure(error)


def _runtime_failure(error: RuntimeError) -> int:
    from massivetext.pipeline.engine.errors import RunError, UsageError

    if isinstance(error, UsageError):
        return _fail(2, str(error))
    if isinstance(error, RunError):
        return _fail(1, str(error))
    raise error


def _fail(code: int, message: str) -> int:
    print(f"massivetext: {message}", file=sys.stderr)
    return code


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Returns the program's own arguments, and those behind `--`, which are Beam's."""
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="massivetext",
        description="Raw crawls and text collections in, token shards of a Gopher-style model out.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="all phases, from files to shards and report")
    _add_run_arguments(run)
    _add_against(run)
    for name, summary in PHASE_COMMANDS.items():
        phase = commands.add_parser(name, help=summary)
        _add_run_arguments(phase)
        if name == "dedup":
            _add_against(phase)
    _add_estimate(commands)
    _add_extract(commands)
    _add_explain(commands)
    _add_verify(commands)
    _add_model_commands(commands)
    return parser


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="TOML file; relative paths in it start at its folder")
    parser.add_argument("--output", help="output folder (default: output.path of the config)")
    parser.add_argument(
        "--workers", type=_positive, help="processes on this machine (default: as many as pay)"
    )
    parser.add_argument(
        "--memory", type=_size_bytes, default="4GB", help="budget of a local run, e.g. 2GB"
    )
    parser.add_argument(
        "--restart", action="store_true", help="recompute phases whose settings have changed"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.epilog = "Beam's options follow --, e.g. -- --runner=SparkRunner"
    parser.set_defaults(call=_run, against=[])


def _add_against(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--against",
        action="append",
        metavar="OLD_OUT",
        help="output folder of a finished run whose documents win against all new ones and are "
        "never removed; may be given several times",
    )


def _run(options: argparse.Namespace) -> int:
    tune_malloc()
    config = load_config(options.config)
    if options.workers:  # their imports take as long as those that follow here
        processes = Processes.affordable(options.workers, options.memory, options.beam_options)
        processes.begin(WarmUp(config))

    from massivetext.pipeline.commands.preflight import check
    from massivetext.pipeline.commands.summary import print_summary
    from massivetext.pipeline.engine.engine import BeamEngine
    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.engine.store import use_options
    from massivetext.pipeline.phases.plan import plan
    from massivetext.pipeline.phases.table import run_phases

    hide_repetitions()
    use_options(options.beam_options)
    items = plan(config)
    input_bytes = sum({item.file: item.size_bytes for item in items}.values())
    job = Job(
        config=config,
        output=_absolute(options.output or config.output.path),
        engine=BeamEngine(
            options.beam_options,
            options.workers or default_count(input_bytes, len(items), options.memory),
            options.memory,
        ),
        restart=options.restart,
        quiet=options.quiet,
        against=tuple(map(_absolute, options.against)),
    )
    check(job, options.command)
    run_phases(job, items, options.command)
    print_summary(job)
    return 0


def _add_estimate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    summary = "what a run will give and cost, by a sample run on the spot"
    parser = commands.add_parser("estimate", help=summary)
    parser.add_argument("config", help="TOML file; relative paths in it start at its folder")
    parser.add_argument("--output", help="folder for estimate.json (default: only printed)")
    parser.add_argument(
        "--sample", type=_positive, default=1000, metavar="N", help="documents of each source"
    )
    parser.set_defaults(call=_estimate)


def _estimate(options: argparse.Namespace) -> int:
    config = load_config(options.config)
    from massivetext.pipeline.commands.estimate import estimate
    from massivetext.pipeline.commands.estimate.table import FILE_NAME, print_estimate, to_json
    from massivetext.pipeline.commands.preflight import check_config
    from massivetext.pipeline.engine import store
    from massivetext.pipeline.phases.plan import plan

    items = plan(config)
    check_config(config, "run")
    found = estimate(config, items, options.sample)
    print_estimate(found)
    if options.output:
        store.write_bytes(_absolute(options.output), FILE_NAME, to_json(found))
    return 0


def _add_extract(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("extract", help="the text of an HTML page, on standard output")
    parser.add_argument("file", nargs="?", default="-", help="HTML file, or - for standard input")
    parser.add_argument("--show", action="store_true", help="which blocks were kept, and why")
    parser.add_argument("--extractor", choices=get_args(Extractor), default=Extraction().extractor)
    parser.set_defaults(call=_extract)


def _extract(options: argparse.Namespace) -> int:
    from massivetext.pipeline.extraction import EXTRACTORS, extract_text, show_blocks

    if options.show and EXTRACTORS[options.extractor].parse is None:
        return _fail(2, "--show needs the built-in extractor; drop --extractor")
    try:
        html = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    except OSError as error:
        return _fail(2, f"cannot read {options.file}: {error.strerror}; name an HTML file or -")
    if options.show:
        for block in show_blocks(html, extractor=options.extractor):
            print(block)
        return 0
    text = extract_text(html, extractor=options.extractor)
    sys.stdout.write(text + "\n" if text else "")
    return 0


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("explain", help="what became of a document or a sequence, and why")
    parser.add_argument("output", help="output folder of a run")
    parser.add_argument("document", nargs="?", help="id, source id or URL of a document")
    parser.add_argument("--sequence", type=int, metavar="N", help="number of a sequence instead")
    parser.set_defaults(call=_explain)


def _explain(options: argparse.Namespace) -> int:
    if (options.document is None) == (options.sequence is None):
        return _fail(2, "name a document, or give --sequence N")
    from massivetext.pipeline.commands.explain import explain_document, explain_sequence
    from massivetext.pipeline.engine.store import use_options

    use_options(options.beam_options)
    output = _absolute(options.output)
    if options.sequence is not None:
        return explain_sequence(output, options.sequence)
    return explain_document(output, options.document)


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("verify", help="check ledgers and checksums of an output folder")
    parser.add_argument("output", help="output folder of a run")
    parser.set_defaults(call=_verify)


def _verify(options: argparse.Namespace) -> int:
    from massivetext.config import Config
    from massivetext.pipeline.commands.verify import verify
    from massivetext.pipeline.engine.job import Job
    from massivetext.pipeline.engine.store import use_options

    use_options(options.beam_options)
    checked, faults = verify(Job(Config(), _absolute(options.output)))
    for fault in faults:
        print(fault)
    print(f"{checked} files checked, {len(faults)} faults")
    return 1 if faults else 0


def _add_model_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from massivetext.model import commands as model_commands

    for command in model_commands.COMMANDS:
        parser = commands.add_parser(command.name, help=command.help)
        command.add_arguments(parser)
        parser.set_defaults(call=command.run)


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above zero")
    return int(text)


def _size_bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write for example 4GB or 500MB")
    return int(float(found[1]) * _UNITS[found[2]])
