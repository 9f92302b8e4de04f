"""What `--memory` promises: all processes of a local run together stay below it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks/local_run.py"


@pytest.fixture(scope="module")
def local_run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("local_run", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="sizes are read from /proc")
def test_a_run_stays_within_its_memory(local_run: ModuleType, tmp_path: Path) -> None:
    source = local_run.make_input(tmp_path, 0.3)
    options = ["--memory", "2GB", "--workers", "2", "--quiet"]
    figures = local_run.run(source / "config.toml", tmp_path / "output", options)
    assert 500 < figures["peak_rss_mb"] < 2000, figures["peak_rss_mb_by_step"]
