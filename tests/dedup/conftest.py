import pytest

from massivetext.dedup import compiled


@pytest.fixture(params=["compiled", "numpy"])
def loops(request, monkeypatch):
    """Runs a test with the compiled loops, and again as if numba were not installed."""
    if request.param == "numpy":
        monkeypatch.setattr(compiled, "kernels", lambda: None)
    return request.param
