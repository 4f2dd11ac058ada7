"""H.265 access units from RTP payloads."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.rtsp import depacketize
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.depacketize_h265 import H265Depacketizer
from tests.fakes.h264_rtp import with_lengths
from tests.fakes.h265_rtp import (
    AUD,
    CRA,
    IDR,
    PPS,
    RASL,
    SPS,
    SPS_10,
    TRAIL,
    VPS,
    aggregated,
    fragmented,
    nal,
    recovery_point,
)

SETS = (VPS, SPS, PPS)


def push(depacketizer: H265Depacketizer, payloads: Iterable[bytes], timestamp: int) -> list[Picture]:
    parts = list(payloads)
    for index, payload in enumerate(parts):
        depacketizer.push(memoryview(payload), 0, len(payload), timestamp, index == len(parts) - 1)
    pictures = depacketizer.pictures[:]
    depacketizer.pictures.clear()
    return pictures


def started() -> H265Depacketizer:
    depacketizer = H265Depacketizer(SETS)
    assert len(push(depacketizer, [nal(IDR)], 0)) == 1
    return depacketizer


def test_single_units_aggregates_and_fragments_are_put_together() -> None:
    depacketizer = H265Depacketizer()
    [first] = push(depacketizer, [aggregated([VPS, SPS, PPS]), nal(IDR, 1), *fragmented(nal(IDR, 2, 300), 70)], 0)
    assert (first.codec, first.key, first.parameter_sets) == ("h265", True, SETS)
    assert first.data == with_lengths([nal(IDR, 1), nal(IDR, 2, 300)])
    [second] = push(depacketizer, [nal(AUD), aggregated([nal(TRAIL, 3), nal(TRAIL, 4)])], 3000)
    assert (second.key, second.data) == (False, with_lengths([nal(TRAIL, 3), nal(TRAIL, 4)]))


@given(st.integers(1, 80))
def test_any_size_of_fragments_gives_the_same_unit(size: int) -> None:
    [picture] = push(H265Depacketizer(SETS), fragmented(nal(IDR, 7, 77), size), 0)
    assert picture.data == with_lengths([nal(IDR, 7, 77)])


@pytest.mark.parametrize("kind", range(16, 22))
def test_reception_begins_at_any_picture_of_random_access(kind: int) -> None:
    depacketizer = H265Depacketizer(SETS)
    assert push(depacketizer, [nal(TRAIL)], 0) == []
    [picture] = push(depacketizer, [nal(kind)], 3000)
    assert picture.key


def test_reception_begins_at_a_recovery_point_where_there_is_nothing_else() -> None:
    [picture] = push(H265Depacketizer(SETS), [recovery_point(), nal(TRAIL)], 0)
    assert picture.key


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_nothing_is_taken_before_every_kind_of_parameter_set(missing: int) -> None:
    sets = tuple(one for index, one in enumerate(SETS) if index != missing)
    depacketizer = H265Depacketizer(sets)
    assert push(depacketizer, [nal(IDR)], 0) == []
    assert len(push(depacketizer, [SETS[missing], nal(IDR)], 3000)) == 1


def test_leading_pictures_of_the_first_cra_are_left_out_and_those_of_later_ones_kept() -> None:
    depacketizer = H265Depacketizer(SETS)
    assert len(push(depacketizer, [nal(CRA)], 0)) == 1
    assert push(depacketizer, [nal(RASL)], 3000) == [] and depacketizer.units_dropped == 0
    assert len(push(depacketizer, [nal(TRAIL)], 6000)) == 1
    assert len(push(depacketizer, [nal(CRA)], 9000)) == 1
    assert len(push(depacketizer, [nal(RASL)], 12000)) == 1


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_unit_that_misses_a_fragment_is_dropped_with_all_up_to_the_next_key(lost: int) -> None:
    depacketizer = started()
    parts = fragmented(nal(TRAIL, 1, 300), 80)
    before, after = parts[:lost], parts[lost + 1 :]
    for payload in before:
        depacketizer.push(memoryview(payload), 0, len(payload), 3000, False)
    depacketizer.lost(3000 if after else 6000)
    push(depacketizer, after, 3000)
    assert push(depacketizer, [nal(TRAIL, 2)], 6000) == []
    assert len(push(depacketizer, [nal(IDR, 3)], 9000)) == 1


def test_changed_sets_take_effect_and_the_same_again_do_not() -> None:
    depacketizer = started()
    [same] = push(depacketizer, [VPS, SPS, PPS, nal(IDR)], 3000)
    [other] = push(depacketizer, [SPS_10, nal(IDR)], 6000)
    assert same.parameter_sets == SETS and other.parameter_sets == (VPS, SPS_10, PPS)


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 5), st.booleans()), max_size=60))
def test_any_payloads_are_taken_or_dropped(noise: list[tuple[bytes, int, bool]]) -> None:
    depacketizer = H265Depacketizer(SETS)
    for payload, timestamp, marker in noise:
        depacketizer.push(memoryview(payload), 0, len(payload), timestamp, marker)
    for picture in depacketizer.pictures:
        position = 0
        while position < len(picture.data):
            position += 4 + int.from_bytes(picture.data[position : position + 4], "big")
        assert position == len(picture.data)


@pytest.mark.parametrize("tail", [b"\x93", b"\x93x", b"\x13", b"\x13x"])
def test_fragments_without_end_fill_no_memory(tail: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depacketize, "PARTS_MAX", 100)
    depacketizer = started()
    first = fragmented(nal(IDR, 2, 300), 200)[0]
    for payload in (first, *[first[:2] + tail] * 1000):
        depacketizer.push(memoryview(payload), 0, len(payload), 3000, False)
    assert len(depacketizer._parts) <= 102
