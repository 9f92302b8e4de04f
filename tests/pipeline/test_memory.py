"""The budget of a local run holds for all its processes together."""

from pathlib import Path

import pytest

from tests.benchmarks import local_run


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="sizes are read from /proc")
@pytest.mark.parametrize(("kind", "gigabytes"), [("text", 0.3), ("pages", 0.1)])
def test_two_processes_stay_below_two_gigabytes(
    tmp_path: Path, kind: str, gigabytes: float
) -> None:
    """Sums of resident memory count shared pages once a process: an upper bound."""
    source = local_run.make_input(tmp_path, kind, gigabytes)
    options = ["--memory", "2GB", "--workers", "2"]
    figures = local_run.measure_memory(source / "config.toml", tmp_path / "out", options)
    assert 500 < figures["peak_pss_mb"] < figures["peak_rss_mb"] < 2_000, figures
