import io
import pickle
import struct

import numpy as np
import pytest

from massivetext.sequencing import ShardReader
from massivetext.sequencing.shards import FORMATS, shard_name
from tests.sequencing.shard_folder import write_shards

LENGTH = 16


@pytest.fixture(params=FORMATS)
def format_name(request):
    if request.param == "tfrecord":
        pytest.importorskip("google_crc32c", reason="TFRecord needs google-crc32c")
    return request.param


def make_sequences(count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 65_536, (count, LENGTH), np.uint16)


def test_shard_names():
    assert shard_name(0, 4, "arrayrecord") == "shard-00000-of-00004.arrayrecord"
    assert shard_name(11, 12, "raw") == "shard-00011-of-00012.bin"


def test_sequences_come_back(tmp_path, format_name):
    shards = [make_sequences(5), make_sequences(0), make_sequences(1_500, seed=1)]
    write_shards(tmp_path, format_name, shards)
    reader = ShardReader(tmp_path)
    expected = np.concatenate(shards)
    assert len(reader) == 1_505
    assert np.array_equal(np.stack(list(reader)), expected)
    for index in (0, 4, 5, 1_504, -1, -1_505, 700):
        sequence = reader[index]
        assert sequence.dtype == np.uint16
        assert np.array_equal(sequence, expected[index])
    assert np.array_equal(reader.read_run(2, 7, 1_500), shards[2][7:])
    for index in (1_505, -1_506):
        with pytest.raises(IndexError):
            reader[index]


def test_the_same_sequences_give_the_same_bytes(format_name):
    written = []
    for _ in range(3):
        stream = io.BytesIO()
        FORMATS[format_name].write(stream, make_sequences(3_000))
        written.append(stream.getvalue())
    assert written[0] == written[1] == written[2]


def test_a_reader_can_be_sent_to_another_process(tmp_path, format_name):
    write_shards(tmp_path, format_name, [make_sequences(7)])
    reader = ShardReader(tmp_path)
    first = reader[3]
    assert np.array_equal(pickle.loads(pickle.dumps(reader))[3], first)


def test_raw_is_nothing_but_tokens():
    stream = io.BytesIO()
    FORMATS["raw"].write(stream, make_sequences(3))
    assert stream.getvalue() == make_sequences(3).astype("<u2").tobytes()


def test_tfrecord_is_framed_as_tensorflow_frames_it():
    crc32c = pytest.importorskip("google_crc32c", reason="TFRecord needs google-crc32c")
    stream = io.BytesIO()
    FORMATS["tfrecord"].write(stream, make_sequences(1))
    record = stream.getvalue()

    def masked(payload: bytes) -> int:
        crc = crc32c.value(payload)
        return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % 2**32

    payload = make_sequences(1).astype("<u2").tobytes()
    header = struct.pack("<Q", len(payload))
    expected = struct.pack("<QI", len(payload), masked(header)) + payload
    assert record == expected + struct.pack("<I", masked(payload))


def test_a_damaged_tfrecord_is_found(tmp_path):
    pytest.importorskip("google_crc32c", reason="TFRecord needs google-crc32c")
    write_shards(tmp_path, "tfrecord", [make_sequences(2)])
    path = tmp_path / shard_name(0, 1, "tfrecord")
    damaged = bytearray(path.read_bytes())
    damaged[20] ^= 1
    path.write_bytes(damaged)
    reader = ShardReader(tmp_path)
    with pytest.raises(ValueError, match="record 0 is damaged"):
        reader[0]
    assert np.array_equal(reader[1], make_sequences(2)[1])


def test_a_shard_of_another_size_is_refused(tmp_path, format_name):
    write_shards(tmp_path, format_name, [make_sequences(4)])
    stream = io.BytesIO()
    FORMATS[format_name].write(stream, make_sequences(3))
    (tmp_path / shard_name(0, 1, format_name)).write_bytes(stream.getvalue())
    with pytest.raises(ValueError, match=r"holds 3 sequences; dataset\.json says 4"):
        ShardReader(tmp_path)[0]


def test_a_missing_shard_is_named(tmp_path, format_name):
    write_shards(tmp_path, format_name, [make_sequences(4)])
    (tmp_path / shard_name(0, 1, format_name)).unlink()
    with pytest.raises(FileNotFoundError, match="shard-00000-of-00001"):
        ShardReader(tmp_path)


def test_a_folder_without_dataset_json_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"dataset\.json"):
        ShardReader(tmp_path)
