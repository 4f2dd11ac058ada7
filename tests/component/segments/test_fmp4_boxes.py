"""Boxes are what other software expects; reading back gives what was written, and nothing but BoxError otherwise."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.media.errors import BoxError, MediaError
from recorder.media.fmp4 import (
    Reader,
    Sample,
    SegmentMark,
    box,
    format_of_init,
    fragment,
    init_segment,
    mark_box,
    parse_fragment_head,
    parse_mark,
    walk_boxes,
)
from tests.fakes.video import FPS, TICKS, access_units, decoded_pictures, probe

MARK = SegmentMark(run=7, seq=3, start_utc_ns=1_790_000_000_123_456_789)

samples = st.lists(
    st.builds(
        Sample, st.binary(max_size=30), st.integers(0, 5 * 90_000), st.booleans()
    ),
    min_size=1,
    max_size=200,
)  # fmt: skip


def reader(data: bytes) -> Reader:
    return lambda offset, size: data[offset : offset + size]


def file_of(group: int = FPS, pictures: int = 3 * FPS) -> bytes:
    units = access_units(pictures)
    parts = [init_segment(units[0].format, mark_box(MARK))]
    for number in range(0, pictures, group):
        taken = [Sample(unit.data, TICKS, unit.key) for unit in units[number : number + group]]
        parts += fragment(number // group + 1, number * TICKS, taken)
    return b"".join(parts)


@pytest.mark.parametrize("group", [1, 4, FPS], ids=["a picture", "part of a group", "a group"])
def test_ffmpeg_plays_a_file_of_any_fragment_length_without_complaint(tmp_path: Path, group: int) -> None:
    path = tmp_path / "segment.mp4"
    path.write_bytes(file_of(group))
    found = probe(path)
    assert found.duration == pytest.approx(3.0, abs=1e-4)
    assert found.times == pytest.approx([number / FPS for number in range(3 * FPS)], abs=1e-5)
    assert found.sizes == [len(unit.data) for unit in access_units(3 * FPS)]
    assert decoded_pictures(path) == 3 * FPS


def test_a_demuxer_gives_back_every_sample_as_it_went_in() -> None:
    units = access_units(3 * FPS)
    with av.open(io.BytesIO(file_of()), format="mp4") as container:
        video = container.streams.video[0]
        packets = [packet for packet in container.demux(video) if packet.dts is not None]
        assert (video.width, video.height, video.time_base) == (320, 180, Fraction(1, 90_000))
        assert video.codec_context.extradata == units[0].format.decoder_configuration
    assert [bytes(packet) for packet in packets] == [unit.data for unit in units]
    assert [(packet.pts, packet.duration) for packet in packets] == [(unit.pts_90k, TICKS) for unit in units]
    assert [packet.is_keyframe for packet in packets] == [unit.key for unit in units]


def test_the_init_section_tells_the_format_and_the_mark() -> None:
    video_format = access_units(1)[0].format
    init = init_segment(video_format, mark_box(MARK))
    ftyp, moov, uuid = walk_boxes(reader(init), len(init))
    assert (ftyp.kind, moov.kind, uuid.kind) == (b"ftyp", b"moov", b"uuid")
    assert format_of_init(init[moov.offset : moov.offset + moov.size]) == video_format
    assert parse_mark(init[uuid.body :]) == MARK


def test_somebody_elses_uuid_box_is_no_mark() -> None:
    content = mark_box(MARK)[8:]
    assert parse_mark(bytes(16) + content[16:]) is None
    assert parse_mark(content[:16] + b"\x02" + content[17:]) is None
    assert parse_mark(content[:-1]) is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**63), samples)
def test_a_fragment_head_reads_back(sequence: int, decode_time: int, written: Sequence[Sample]) -> None:
    buffers = fragment(sequence, decode_time, written)
    assert buffers[1:] == [sample.data for sample in written]
    data = b"".join(buffers)
    moof, mdat = walk_boxes(reader(data), len(data))
    head = parse_fragment_head(data[: moof.size])
    assert (head.sequence, head.decode_time_90k, head.key) == (sequence, decode_time, written[0].key)
    assert head.duration_90k == sum(sample.duration_90k for sample in written)
    assert list(head.sample_bytes) == [len(sample.data) for sample in written]
    assert head.data_bytes == mdat.size - 8


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_fragment_and_no_boxes(data: bytes) -> None:
    with pytest.raises(BoxError):
        parse_fragment_head(data)
    try:
        assert sum(found.size for found in walk_boxes(reader(data), len(data))) == len(data)
    except BoxError as error:
        assert error.offset <= len(data)


@given(st.binary(max_size=100))
def test_a_moov_of_arbitrary_bytes_raises_only_a_media_error(data: bytes) -> None:
    with pytest.raises(MediaError):
        format_of_init(data + b"avcC")


@given(st.data())
def test_a_damaged_head_is_an_error_or_a_fragment_that_adds_up(data: st.DataObject) -> None:
    whole = fragment(1, 0, [Sample(b"abc", 6000, True), Sample(b"de", 6000, False)])[0][:-8]
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    try:
        assert len(parse_fragment_head(damaged).sample_bytes) == 2
    except BoxError:
        pass


def test_a_cut_box_is_named_with_its_place() -> None:
    data = box(b"free", bytes(8)) + box(b"free", bytes(100))[:50]
    boxes = walk_boxes(reader(data), len(data))
    assert next(boxes).size == 16
    with pytest.raises(BoxError, match="at byte 16") as caught:
        next(boxes)
    assert caught.value.offset == 16
