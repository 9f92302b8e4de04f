"""How fast WARC archives are read, beside fastwarc and warcio, with digests and without.

    python tests/benchmarks/content_reading.py [--archives FILE.warc.gz ...] [--turns 7]

All three read the same bytes from memory: every record, its HTTP header parsed, its block read. The
work is done twice: on a copy of the archives whose records have a block and a payload digest each,
which all three check, and on one without any. fastwarc checks no lengths and undoes no codings, as
ours does. Everything runs in turns in this process; a figure is the best of the turns in CPU time.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from fastwarc.warc import ArchiveIterator  # noqa: E402
from warcio.archiveiterator import ArchiveIterator as WarcioIterator  # noqa: E402

from massivetext.pipeline.readers import ReadContext, read_file  # noqa: E402
from massivetext.pipeline.readers.compression import ZLIB  # noqa: E402
from tests.benchmarks.content_pages import SAMPLE  # noqa: E402
from tests.benchmarks.turns import best_cpu_seconds  # noqa: E402

_DIGEST_FIELD = re.compile(rb"WARC-(?:Block|Payload)-Digest: [^\r\n]*\r\n", re.IGNORECASE)
LEAST_BYTES = 2_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archives", nargs="+", type=Path, default=SAMPLE)
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    members = [member for archive in options.archives for member in inflated(archive)]
    copies = {
        "without digests": pack(map(without_digests, members)),
        "digests checked": pack(map(with_digests, members)),
    }
    print(f"{len(members):,} records, {sum(map(len, members)) / 1e6:.1f} MB; {ZLIB.__name__}")
    for name, stored in copies.items():
        seconds = best_cpu_seconds(works(stored, name == "digests checked"), options.turns)
        ours = seconds["massivetext"]
        for reader, taken in seconds.items():
            print(f"{name:16} {reader:12} {taken / len(members) * 1e6:8.1f} us a record")
        ratios = ", ".join(f"{ours / t:.2f} x {n}" for n, t in seconds.items() if t is not ours)
        print(f"{name:16} massivetext / others: {ratios}")


def inflated(archive: Path) -> Iterator[bytes]:
    """Yields the members of a gzip archive; a plain one is one."""
    stored = archive.read_bytes()
    if not stored.startswith(b"\x1f\x8b"):
        yield stored
        return
    while stored.startswith(b"\x1f\x8b"):
        inflater = zlib.decompressobj(31)
        yield inflater.decompress(stored)
        stored = inflater.unused_data


def pack(members: Iterator[bytes]) -> bytes:
    """Returns an archive of these, a member each; small ones several times."""
    packed = bytearray()
    for member in members:
        compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed += compressor.compress(member) + compressor.flush()
    return bytes(packed) * -(-LEAST_BYTES // max(1, len(packed)))


def without_digests(member: bytes) -> bytes:
    head, end, rest = member.partition(b"\r\n\r\n")
    return _DIGEST_FIELD.sub(b"", head + b"\r\n").removesuffix(b"\r\n") + end + rest


def with_digests(member: bytes) -> bytes:
    """Returns a record with the digests of its block and payload."""
    head, end, rest = without_digests(member).partition(b"\r\n\r\n")
    block = rest.removesuffix(b"\r\n\r\n")
    payload = block.partition(b"\r\n\r\n")[2] if b"application/http" in head else block
    fields = b"\r\nWARC-Block-Digest: %s\r\nWARC-Payload-Digest: %s" % (sha1(block), sha1(payload))
    return head + fields + end + rest


def sha1(content: bytes) -> bytes:
    return b"sha1:" + base64.b32encode(hashlib.sha1(content).digest())


def works(stored: bytes, has_digests: bool) -> dict[str, Callable[[], None]]:
    """Returns what each reader does."""

    def ours() -> None:
        for _ in read_file("warc", io.BytesIO(stored), ReadContext("a.warc.gz")):
            pass

    def fastwarc() -> None:
        for record in ArchiveIterator(io.BytesIO(stored), parse_http=not has_digests):
            if has_digests:
                record.freeze()
                record.verify_block_digest()
                record.parse_http()
                record.verify_payload_digest()
            record.reader.read()

    def warcio() -> None:
        for record in WarcioIterator(io.BytesIO(stored), check_digests=has_digests):
            record.content_stream().read()

    return {"massivetext": ours, "fastwarc": fastwarc, "warcio": warcio}


if __name__ == "__main__":
    main()
