"""What all tests share."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # As in what a shell runs behind its back; the programs that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The development data, which is not part of the repository."""
    folder = os.environ.get("MASSIVETEXT_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set MASSIVETEXT_SHARED to the folder of the development data")
    return Path(folder)


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one run of the sample, in this process; do not change it."""
    from massivetext.pipeline.commands.cli import main

    output = tmp_path_factory.mktemp("sample") / "out"
    code = main(["run", str(ROOT / "sample/config.toml"), "--output", str(output), "--quiet"])
    assert code == 0
    return output
