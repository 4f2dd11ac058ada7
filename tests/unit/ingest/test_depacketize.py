"""Access units from RTP payloads."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.rtsp import depacketize
from recorder.ingest.rtsp.depacketize import Depacketizer, Picture
from recorder.ingest.rtsp.depacketize_h264 import H264Depacketizer
from tests.fakes.h264_rtp import (
    DELIMITER,
    PPS,
    RECOVERY_POINT,
    SPS,
    SPS_LARGER,
    fu_a,
    idr,
    inter,
    marked_sei,
    stap_a,
    with_lengths,
)

SETS = (SPS, PPS)
Payload = tuple[bytes, int, bool]


def unit(nals: Iterable[bytes], timestamp: int) -> list[Payload]:
    payloads = list(nals)
    return [(payload, timestamp, i == len(payloads) - 1) for i, payload in enumerate(payloads)]


def push(depacketizer: Depacketizer, *payloads: Payload) -> list[Picture]:
    for payload, timestamp, marker in payloads:
        depacketizer.push(memoryview(payload), 0, len(payload), timestamp, marker)
    pictures = depacketizer.pictures[:]
    depacketizer.pictures.clear()
    return pictures


def started() -> Depacketizer:
    """One that has already had its key picture, at time 0."""
    depacketizer = H264Depacketizer(SETS)
    assert len(push(depacketizer, *unit([idr(0)], 0))) == 1
    return depacketizer


def test_single_units_end_at_the_marker() -> None:
    [first, second] = push(H264Depacketizer(SETS), *unit([idr(1), idr(2)], 0), *unit([inter(3)], 3000))
    assert (first.data, first.key, first.timestamp) == (with_lengths([idr(1), idr(2)]), True, 0)
    assert (second.data, second.key, second.timestamp) == (with_lengths([inter(3)]), False, 3000)


def test_a_camera_without_markers_ends_units_by_time() -> None:
    [only] = push(H264Depacketizer(SETS), (idr(1), 0, False), (idr(2), 0, False), (inter(3), 3000, False))
    assert only.data == with_lengths([idr(1), idr(2)])


@given(st.integers(1, 60))
def test_fragments_of_any_size_are_joined(size: int) -> None:
    nal = idr(7, 50)
    if len(nal) - 1 <= size:
        return
    [only] = push(H264Depacketizer(SETS), *unit(fu_a(nal, size), 0))
    assert only.data == with_lengths([nal]) and only.key


def test_an_aggregation_packet_brings_sets_sei_and_slices() -> None:
    sei = marked_sei(b"mark")
    [only] = push(H264Depacketizer(), *unit([stap_a([DELIMITER, SPS, PPS, sei, idr(1)])], 0))
    assert only.data == with_lengths([sei, idr(1)])
    assert only.parameter_sets == SETS


def test_sei_stays_in_the_data_however_it_is_packed() -> None:
    sei = marked_sei(b"x" * 60)
    for payloads in ([sei, idr(1)], [*fu_a(sei, 20), idr(1)]):
        [only] = push(H264Depacketizer(SETS), *unit(payloads, 0))
        assert only.data == with_lengths([sei, idr(1)])


def test_parameter_sets_delimiters_and_filler_are_taken_out() -> None:
    filler = b"\x0c" + b"\xff" * 30
    payloads = [DELIMITER, *fu_a(SPS, 7), PPS, *fu_a(filler, 9), idr(1)]
    [only] = push(H264Depacketizer(), *unit(payloads, 0))
    assert only.data == with_lengths([idr(1)])
    assert only.parameter_sets == SETS


def test_sets_sent_ahead_with_a_marker_of_their_own_belong_to_the_next_picture() -> None:
    payloads = [(SPS, 0, True), (PPS, 0, True), (marked_sei(b"m"), 0, True), (idr(1), 0, True)]
    [only] = push(H264Depacketizer(), *payloads)
    assert only.data == with_lengths([marked_sei(b"m"), idr(1)]) and only.key


def test_it_begins_at_a_key_picture_and_counts_nothing_before() -> None:
    depacketizer = H264Depacketizer(SETS)
    assert push(depacketizer, *unit([inter(1)], 0), *unit([inter(2)], 1)) == []
    assert len(push(depacketizer, *unit([idr(3)], 2))) == 1
    assert depacketizer.units_dropped == 0


def test_a_recovery_point_is_a_key_picture() -> None:
    [only] = push(H264Depacketizer(SETS), *unit([RECOVERY_POINT, inter(1)], 0))
    assert only.key and only.data == with_lengths([RECOVERY_POINT, inter(1)])


def test_it_does_not_begin_without_parameter_sets() -> None:
    depacketizer = H264Depacketizer()
    assert push(depacketizer, *unit([PPS, idr(1)], 0)) == []
    assert len(push(depacketizer, *unit([SPS, PPS, idr(2)], 1))) == 1


def test_sets_of_the_stream_replace_those_of_the_description() -> None:
    described = (bytes((*SPS[:4], 0x80 | SPS[4] & 0x7F, *SPS[5:])), PPS)
    [only] = push(H264Depacketizer((SPS_LARGER, PPS)), *unit([SPS, PPS, idr(1)], 0))
    assert only.parameter_sets == SETS
    [only] = push(H264Depacketizer(described), *unit([SPS, idr(1)], 0))
    assert only.parameter_sets == SETS


def test_sets_sent_again_are_no_change_and_changed_ones_are() -> None:
    depacketizer = H264Depacketizer(SETS)
    [first] = push(depacketizer, *unit([idr(1)], 0))
    [second] = push(depacketizer, *unit([SPS, PPS, idr(2)], 1))
    [third] = push(depacketizer, *unit([SPS_LARGER, PPS, idr(3)], 2))
    assert second.parameter_sets is first.parameter_sets
    assert third.parameter_sets == (SPS_LARGER, PPS)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_damaged_picture_and_all_up_to_the_next_key_picture_are_dropped_and_counted(missing: int) -> None:
    depacketizer = started()
    fragments = unit(fu_a(inter(1, 60), 20), 3000)
    for i, payload in enumerate(fragments):
        if i == missing:
            continue
        if i == missing + 1:
            depacketizer.lost(3000)
        assert push(depacketizer, payload) == []
    if missing == len(fragments) - 1:
        depacketizer.lost(6000)
    assert push(depacketizer, *unit([inter(2)], 6000)) == []
    [key, following] = push(depacketizer, *unit([idr(3)], 9000), *unit([inter(4)], 12000))
    assert (key.timestamp, following.timestamp) == (9000, 12000)
    assert depacketizer.units_dropped == 2


def test_loss_between_pictures_may_have_taken_the_beginning_of_the_next() -> None:
    depacketizer = started()
    depacketizer.lost(3000)
    assert push(depacketizer, *unit([idr(1)], 3000)) == []
    assert len(push(depacketizer, *unit([idr(2)], 6000))) == 1


def test_a_hole_ends_the_unmarked_picture_before_it() -> None:
    depacketizer = started()
    push(depacketizer, (inter(1), 3000, False))
    depacketizer.lost(6000)
    assert push(depacketizer, *unit([idr(2)], 6000), *unit([idr(3)], 9000))[0].timestamp == 9000
    assert depacketizer.units_dropped == 2


@pytest.mark.parametrize(
    "payload",
    [
        fu_a(inter(1, 60), 20)[1],
        fu_a(inter(1, 60), 20)[0],
        b"\x7c",
        stap_a([inter(1)])[:-1],
        b"\x78\x00",
        b"\x78\x00\x00\x41",
        b"\x79\x00\x00" + inter(1),
        b"\x7d\x85\x00\x00" + inter(1),
    ],
    ids=["no start", "no end", "short FU", "cut STAP", "short STAP", "empty NAL", "STAP-B", "FU-B"],
)
def test_malformed_payloads_damage_their_picture(payload: bytes) -> None:
    depacketizer = started()
    assert push(depacketizer, *unit([inter(1), payload], 3000), *unit([inter(2)], 6000)) == []
    assert len(push(depacketizer, *unit([idr(3)], 9000))) == 1


def test_a_picture_beyond_the_bound_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depacketize, "ACCESS_UNIT_BYTES_MAX", 100)
    for payloads in ([idr(1, 60), idr(2, 60)], fu_a(idr(1, 120), 30)):
        depacketizer = started()
        assert push(depacketizer, *unit(payloads, 3000)) == []
        assert depacketizer.units_dropped == 1
        assert len(push(depacketizer, *unit([idr(3)], 6000))) == 1


def test_another_source_begins_at_its_key_picture_and_says_so() -> None:
    depacketizer = started()
    push(depacketizer, (inter(1), 3000, False))
    depacketizer.restart()
    assert push(depacketizer, *unit([inter(2)], 77)) == []
    [key, following] = push(depacketizer, *unit([idr(3)], 78), *unit([inter(4)], 79))
    assert (key.restarted, key.timestamp, following.restarted) == (True, 78, False)


def test_a_whole_unit_between_the_parts_of_another_damages_the_picture() -> None:
    [first, *others] = fu_a(inter(1, 60), 20)
    depacketizer = started()
    assert push(depacketizer, *unit([first, inter(2), *others], 3000)) == []
    assert depacketizer.units_dropped == 1


def test_held_parts_survive_the_buffer() -> None:
    depacketizer = H264Depacketizer(SETS)
    buffer = bytearray(idr(1))
    depacketizer.push(memoryview(buffer), 0, len(buffer), 0, False)
    depacketizer.hold()
    buffer[:] = bytes(len(buffer))
    [only] = push(depacketizer, *unit([idr(2)], 0))
    assert only.data == with_lengths([idr(1), idr(2)])


@given(st.lists(st.tuples(st.binary(max_size=24), st.integers(0, 5), st.booleans()), max_size=40))
def test_anything_makes_whole_pictures_or_none(payloads: list[Payload]) -> None:
    depacketizer = H264Depacketizer(SETS)
    for picture in push(depacketizer, *payloads):
        data, position = picture.data, 0
        while position < len(data):
            size = int.from_bytes(data[position : position + 4], "big")
            assert 0 < size <= len(data) - position - 4
            position += 4 + size
        assert position == len(data) > 0


def test_an_empty_fragment_is_allowed_and_not_kept() -> None:
    first, last = fu_a(idr(1, 60), 40)
    empty = bytes((first[0], first[1] & 0x1F))
    [picture] = push(H264Depacketizer(SETS), *unit([first, *[empty] * 10, last], 0))
    assert picture.data == with_lengths([idr(1, 60)])


@pytest.mark.parametrize("head", [b"\x7c\x85", b"\x7c\x85x", b"\x7c\x05", b"\x7c\x05x"])
def test_fragments_without_end_fill_no_memory(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depacketize, "PARTS_MAX", 100)
    depacketizer = started()
    payloads = [(fu_a(idr(1, 60), 40)[0], 3000, False), *[(head, 3000, False)] * 1000]
    assert push(depacketizer, *payloads) == []
    assert len(depacketizer._parts) <= 102
