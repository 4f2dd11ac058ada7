"""Packets that merely go on with a NAL unit are taken many at once: nothing of what comes of them may differ."""

from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.rtp_stream import DOLLAR, RtpStream
from recorder.ingest.rtsp.sdp import VideoMedia
from tests.fakes import h264_rtp, h265_rtp

Outcome = tuple[list[Picture], tuple[int, ...]]


def media(codec: str) -> VideoMedia:
    sets = (h264_rtp.SPS, h264_rtp.PPS) if codec == "h264" else (h265_rtp.VPS, h265_rtp.SPS, h265_rtp.PPS)
    return VideoMedia(codec=codec, control_url="", aggregate_url="", payload_type=96, parameter_sets=sets)


def receive(codec: str, data: bytes, *, hurried: bool = True) -> tuple[Outcome, int]:
    """As a session does it; what came of it, and how many packets were taken one by one."""
    stream = RtpStream(media(codec), ssrc=1, cname="c", datagrams=False)
    view, position, single = memoryview(data), 0, 0
    while len(view) - position >= 4 and view[position] == DOLLAR:
        stop = position + 4 + int.from_bytes(view[position + 2 : position + 4], "big")
        if stop > len(view):
            break
        stream.receiver.packet(view, position + 4, stop)
        single += 1
        position = stream.go_on(view, stop, len(view), 0) if hurried and stream.depacketizer.going_on else stop
    receiver = stream.receiver
    counts = (receiver.received, receiver.lost, receiver.late, receiver.malformed, *receiver.next_header)
    return (stream.depacketizer.pictures, (*counts, stream.depacketizer.units_dropped)), single


def packets(codec: str, sizes: Sequence[Sequence[int]], sequence: int) -> list[bytes]:
    """Pictures of slices of these sizes, in fragments."""
    packer = h264_rtp.Packer(sequence=sequence)
    out: list[bytes] = []
    for number, slices in enumerate(sizes):
        for last, size in enumerate(slices, start=1 - len(slices)):
            if codec == "h264":
                nal = (h264_rtp.inter if number else h264_rtp.idr)(number, size)
                parts = h264_rtp.fu_a(nal, 30)
            else:
                parts = h265_rtp.fragmented(h265_rtp.nal(h265_rtp.TRAIL if number else h265_rtp.IDR, number, size), 30)
            out += [packer.packet(part, number * 3000, marker=not last and part is parts[-1]) for part in parts]
    return out


codecs = pytest.mark.parametrize("codec", ["h264", "h265"])
pictures = st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=3), min_size=1, max_size=6)
faults = st.lists(
    st.tuples(
        st.sampled_from(["drop", "twice", "swap", "byte", "cut"]),
        st.integers(0, 199),
        st.integers(0, 20),
        st.integers(1, 255),
    ),
    max_size=6,
)


@codecs
@given(sizes=pictures, faults=faults, sequence=st.sampled_from([1000, 65530]))
def test_packets_taken_many_at_once_give_what_each_by_itself_gives(
    codec: str, sizes: list[list[int]], faults: list[tuple[str, int, int, int]], sequence: int
) -> None:
    sent = packets(codec, sizes, sequence)
    for fault, where, offset, value in faults:
        at = where % len(sent)
        if fault == "drop":
            del sent[at : at + 1]
        elif fault == "twice":
            sent.insert(at, sent[at])
        elif fault == "swap":
            sent[at], sent[at - 1] = sent[at - 1], sent[at]
        elif fault == "byte":
            packet = bytearray(sent[at])
            packet[offset % len(packet)] ^= value
            sent[at] = bytes(packet)
        else:
            sent[at] = sent[at][:offset]
        if not sent:
            return
    data = h264_rtp.interleaved(sent)
    assert receive(codec, data)[0] == receive(codec, data, hurried=False)[0]


@codecs
@given(sizes=pictures, where=st.integers(0, 10_000), value=st.integers(1, 255))
def test_nor_does_a_byte_anywhere_in_the_stream_make_a_difference(
    codec: str, sizes: list[list[int]], where: int, value: int
) -> None:
    data = bytearray(h264_rtp.interleaved(packets(codec, sizes, 65530)))
    data[where % len(data)] ^= value
    assert receive(codec, bytes(data))[0] == receive(codec, bytes(data), hurried=False)[0]


@codecs
def test_of_a_nal_unit_in_parts_only_the_first_is_taken_by_itself(codec: str) -> None:
    data = h264_rtp.interleaved(packets(codec, [[900, 900], [900]], 1000))
    (taken, _), single = receive(codec, data)
    assert (len(taken), single) == (2, 3)


@codecs
def test_a_unit_that_grows_too_large_is_given_up_either_way(codec: str) -> None:
    data = h264_rtp.interleaved(packets(codec, [[50], [2000], [50]], 1000))
    with patch("recorder.ingest.rtsp.depacketize.ACCESS_UNIT_BYTES_MAX", 1000):
        hurried = receive(codec, data)[0]
        assert hurried == receive(codec, data, hurried=False)[0]
    assert hurried[1][-1] == 2, "the unit, and the one that follows on it"
