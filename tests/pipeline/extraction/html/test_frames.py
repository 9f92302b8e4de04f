"""Documents of frames, put into the page."""

import time

import pytest

from massivetext.pipeline.extraction.html.frames import with_frames


@pytest.mark.parametrize(
    ("page", "document"),
    [
        (
            b"""<iframe srcdoc="&lt;p&gt;a &quot;b&quot;" width=1></iframe>""",
            b'<div><p>a "b"</div>',
        ),
        (b"""<IFRAME title="a > b" SRCDOC = '<p>x'>""", b"<div><p>x</div>"),
    ],
)
def test_the_document_stands_in_front_of_its_frame(page: bytes, document: bytes) -> None:
    assert with_frames(b"a" + page + b"b").startswith(b"a" + document + b"<")


@pytest.mark.parametrize(
    "page", [b"<p>srcdoc", b"<iframe src=x>", b"<iframe data-srcdoc='x'>", b""]
)
def test_other_pages_stay_as_they_are(page: bytes) -> None:
    assert with_frames(page) == page


@pytest.mark.parametrize(
    "piece", [b"<iframe srcdoc='", b"<iframe a", b"<iframe srcdoc=", b"<iframe '"]
)
def test_frames_without_end_take_no_time(piece: bytes) -> None:
    start = time.process_time()
    with_frames(piece * 100_000 + b" srcdoc")
    assert time.process_time() - start < 2
