"""H.265 parameter sets, judged by what FFmpeg writes for the same stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.media import h265
from recorder.media.errors import MediaError, ParameterSetError
from recorder.media.fmp4 import format_of_init, init_segment
from tests.fakes.h265_rtp import HVCC_HEAD, HVCC_HEAD_10, PPS, SPS, SPS_10, VPS, VPS_10


@pytest.mark.parametrize(
    ("vps", "sps", "codecs", "head"),
    [(VPS, SPS, "hvc1.1.6.L60.90", HVCC_HEAD), (VPS_10, SPS_10, "hvc1.2.4.H153.90", HVCC_HEAD_10)],
)
def test_size_profile_and_configuration_are_those_of_ffmpeg(vps: bytes, sps: bytes, codecs: str, head: bytes) -> None:
    found = h265.video_format([PPS, sps, vps, sps])
    assert (found.codec, found.width, found.height, found.codecs) == ("h265", 322, 242, codecs)
    assert found.parameter_sets == (vps, sps, PPS)
    assert found.decoder_configuration[: len(head)] == head
    assert h265.parameter_sets_of(found.decoder_configuration) == [vps, sps, PPS]


def test_an_init_segment_gives_back_its_format() -> None:
    found = h265.video_format([VPS, SPS, PPS])
    init = init_segment(found)
    assert b"hvc1" in init and b"avc1" not in init
    assert format_of_init(init) == found


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ([SPS, PPS], "VPS"),
        ([VPS, PPS], "SPS"),
        ([VPS, SPS], "PPS"),
        ([VPS, SPS[:10], PPS], "too short"),
        ([VPS, SPS[:2] + bytes((SPS[2] | 0x10,)) + SPS[3:], PPS], "VPS 1"),
        ([VPS, SPS, b"\x44\x01\xa0\x80"], "SPS 1"),
        ([VPS, SPS, PPS, b"\x02\x01abc"], "type 1"),
    ],
)
def test_what_is_missing_or_malformed_is_named(sets: list[bytes], says: str) -> None:
    with pytest.raises(ParameterSetError, match=says):
        h265.video_format(sets)


@given(st.binary(max_size=60), st.sampled_from([VPS[:2], SPS[:2], PPS[:2]]))
def test_any_bytes_are_a_set_or_an_error(body: bytes, head: bytes) -> None:
    h265.parameter_set_id(head + body)
    try:
        h265.video_format([VPS, SPS, PPS, head + body])
    except ParameterSetError:
        pass


@given(st.lists(st.tuples(st.integers(0, len(SPS) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_sps_is_read_or_refused(damage: list[tuple[int, int]]) -> None:
    sps = bytearray(SPS)
    for at, value in damage:
        sps[at] = value
    try:
        found = h265.video_format([VPS, bytes(sps), PPS])
    except ParameterSetError:
        return
    assert 0 < found.width <= 16888 and 0 < found.height <= 16888


@given(st.binary(max_size=80))
def test_any_configuration_box_is_read_or_refused(body: bytes) -> None:
    try:
        h265.parameter_sets_of(body)
    except MediaError:
        pass
