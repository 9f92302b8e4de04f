"""The short way to sound records gives what the long one gives, whatever is in the archive."""

import gzip
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers.contract import ReadContext
from massivetext.pipeline.readers.frames import Framing, read_archive
from massivetext.pipeline.readers.warc import WARC_FRAMING, web_record
from massivetext.pipeline.readers.web_record import page_of
from massivetext.records import Record
from tests.pipeline.readers.archives import COMPRESS, PAGE, http_message, warc_record

ODD_RECORDS = (
    b"",
    b"\r\n",
    warc_record(b""),
    warc_record(http_message()).replace(b"\r\n", b"\n"),
    warc_record(http_message()).removesuffix(b"\r\n"),
    warc_record(http_message(), length=70),
    warc_record(http_message(), length=9_999),
    warc_record(http_message(), length="x"),
    warc_record(http_message(PAGE * 30)),  # over the limit
    warc_record(http_message(), WARC_Type="request", Other="folded\r\n line"),
    warc_record(http_message(), WARC_Target_URI="http://a.b/\0"),
    b"WARC/1.0\n\nA: b\r\n\r\n",
    warc_record(b"WARC/1.0\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n", WARC_Type="resource"),
)
MAKE: dict[str, Callable[[bytes], bytes]] = {"": bytes, **COMPRESS}


def records(stored: bytes, suffix: str, framing: Framing) -> list[Record]:
    context = ReadContext(f"a.warc{suffix}", record_bytes=2_000)
    return list(
        read_archive(
            io.BytesIO(stored), context, framing, lambda frame, c: page_of(web_record(frame), c)
        )
    )


def both_ways(stored: bytes, suffix: str) -> None:
    long_way = replace(WARC_FRAMING, short_way=None)
    assert records(stored, suffix, WARC_FRAMING) == records(stored, suffix, long_way)


@pytest.mark.parametrize("suffix", MAKE)
@given(data=st.data())
def test_both_ways_give_the_same(suffix: str, data: st.DataObject) -> None:
    whole = st.builds(lambda n: warc_record(http_message(PAGE * n)), st.integers(0, 9))
    members = st.lists(st.one_of(whole, st.sampled_from(ODD_RECORDS)), min_size=1, max_size=3)
    parts = data.draw(st.lists(members.map(b"".join), max_size=4))
    stored = bytearray(b"".join(map(MAKE[suffix], parts)))
    for _ in range(data.draw(st.integers(0, 2)) if stored else 0):
        at = data.draw(st.integers(0, len(stored) - 1))
        stored[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    both_ways(bytes(stored), suffix)


@pytest.mark.parametrize("damage", [None, 100, 30_000, 100_000])
def test_both_ways_give_the_same_of_members_larger_than_what_is_read_at_once(
    damage: int | None,
) -> None:
    noise = [bytes(range(1, 200)) * 9, PAGE * 11]
    sound = [warc_record(http_message(noise[n % 2] + b"%d" % n), n) for n in range(1_500)]
    stored = bytearray(b"".join(gzip.compress(b"".join(sound[:n]), 0) for n in (1, 40, 1_500)))
    if damage is not None:
        stored[damage] ^= 0xFF
    both_ways(bytes(stored), ".gz")
