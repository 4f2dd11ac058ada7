"""Which parameter sets are in force."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.rtsp.depacketize_h264 import SETS
from recorder.ingest.rtsp.parameter_sets import ParameterSets
from tests.fakes.h264_rtp import PPS, SPS


def sps(number: int, tail: bytes = b"x") -> bytes:
    """An SPS whose id is `number` (0 to 6), in three-bit Golomb codes and longer."""
    code = number + 1
    bits = f"{'0' * (code.bit_length() - 1)}{code:b}".ljust(8, "0")
    return b"\x67\x42\x00\x1e" + bytes((int(bits, 2),)) + tail


def test_several_sets_live_side_by_side_in_the_order_of_their_ids() -> None:
    sets = ParameterSets(SETS)
    for nal in (PPS, sps(2), sps(0)):
        sets.offer(nal)
    assert sets.current == (sps(0), sps(2), PPS)
    assert sets.complete


def test_the_same_set_again_keeps_the_same_object() -> None:
    sets = ParameterSets(SETS, (SPS, PPS))
    before = sets.current
    sets.offer(bytes(bytearray(SPS)))
    sets.offer(bytes(bytearray(PPS)))
    sets.offer(bytes(bytearray(SPS)))
    assert sets.current is before


def test_a_set_of_the_same_id_replaces() -> None:
    sets = ParameterSets(SETS)
    sets.offer(sps(1))
    sets.offer(sps(1, b"y"))
    assert sets.current == (sps(1, b"y"),)
    assert not sets.complete


@given(st.lists(st.binary(min_size=1, max_size=12).map(lambda b: bytes((0x67 + (b[0] & 1),)) + b[1:]), max_size=60))
def test_any_sets_stay_within_their_bounds(nals: list[bytes]) -> None:
    sets = ParameterSets(SETS)
    for nal in nals:
        sets.offer(nal)
    assert len(sets.current) <= sum(SETS.kept_max.values())
    assert all(nal in nals for nal in sets.current)
