"""Parameter sets of real encoders are understood; nothing a camera can send raises anything but ParameterSetError."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.media import h264
from recorder.media.bits import without_emulation_prevention
from recorder.media.errors import ParameterSetError
from tests.fakes.video import annex_b, split_annex_b

STREAMS = [
    (640, 360, "high", "yuv420p", "avc1.64"),
    (1920, 1080, "main", "yuv420p", "avc1.4D"),
    (322, 182, "baseline", "yuv420p", "avc1.42"),
    (176, 144, "high10", "yuv420p10le", "avc1.6E"),
    (130, 98, "high422", "yuv422p", "avc1.7A"),
    (66, 34, "high444", "yuv444p", "avc1.F4"),
]


def sets_of(width: int, height: int, profile: str, pix_fmt: str) -> list[bytes]:
    nals = split_annex_b(annex_b(width, height, 1, 1, profile, pix_fmt)[0])
    return [nal for nal in nals if h264.is_parameter_set(nal)]


@pytest.mark.parametrize(("width", "height", "profile", "pix_fmt", "codecs"), STREAMS)
def test_size_and_profile_of_an_encoders_stream_are_read(
    width: int, height: int, profile: str, pix_fmt: str, codecs: str
) -> None:
    sps, pps = sets_of(width, height, profile, pix_fmt)
    found = h264.video_format([sps, pps])
    assert (found.codec, found.width, found.height) == ("h264", width, height)
    assert found.codecs.startswith(codecs) and found.codecs == f"avc1.{sps[1:4].hex().upper()}"
    assert found.parameter_sets == (sps, pps)
    assert h264.parameter_sets_of(found.decoder_configuration) == [sps, pps]


def test_order_and_repetition_of_parameter_sets_make_no_new_format() -> None:
    sps, pps = sets_of(*STREAMS[0][:4])
    assert h264.video_format([pps, sps, sps, pps]) == h264.video_format([sps, pps])


def test_the_tail_of_avcc_names_chroma_and_depth_for_high_profiles_only() -> None:
    tails = {stream[2]: h264.video_format(sets_of(*stream[:4])).decoder_configuration[-4:] for stream in STREAMS}
    assert tails["high"] == bytes([0xFD, 0xF8, 0xF8, 0])
    assert tails["high10"] == bytes([0xFD, 0xFA, 0xFA, 0])
    assert tails["high422"] == bytes([0xFE, 0xF8, 0xF8, 0])
    assert tails["high444"] == bytes([0xFF, 0xF8, 0xF8, 0])
    sps, pps = sets_of(*STREAMS[1][:4])
    assert h264.video_format([sps, pps]).decoder_configuration.endswith(pps)


def bits(*fields: tuple[int, int] | int) -> bytes:
    """`(value, size)` is u(size), a plain number ue(v); closed with the stop bit."""
    text = ""
    for field in fields:
        if isinstance(field, tuple):
            text += f"{field[0]:0{field[1]}b}"
        else:
            code = f"{field + 1:b}"
            text += "0" * (len(code) - 1) + code
    text += "1" + "0" * (-(len(text) + 1) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


PPS = b"\x68" + bits(0, 0)


def test_an_interlaced_picture_is_twice_its_map_units_high_and_crops_in_fours() -> None:
    """1920x1080i: 34 map units of 32 lines, 8 lines cropped at the bottom (two units of four)."""
    sps = b"\x67\x4d\x00\x28" + bits(0, 0, 0, 0, 1, (0, 1), 119, 33, (0, 1), (0, 1), (1, 1), (1, 1), 0, 0, 0, 2, (0, 1))
    found = h264.video_format([sps, PPS])
    assert (found.width, found.height) == (1920, 1080)


def test_scaling_lists_and_a_picture_order_cycle_are_stepped_over() -> None:
    one_list = (1, 1), 16  # delta -8: the list ends at once
    lists = [*one_list, *[(0, 1)] * 6, *one_list]
    order = [1, (0, 1), 0, 0, 2, 1, 2]
    sps = b"\x67\x64\x00\x28" + bits(
        0, 1, 0, 0, (0, 1), (1, 1), *lists, 0, *order, 1, (0, 1), 39, 22, (1, 1), (1, 1), (0, 1), (0, 1)
    )
    found = h264.video_format([sps, PPS])
    assert (found.width, found.height) == (640, 368)


def test_emulation_prevention_is_removed_before_reading() -> None:
    """A cropping of 0 and many zero bits produce 00 00 03 in the NAL unit."""
    sps_id_31 = bits(31, 12, 0, 12, 16, (0, 1), 1023, 1023, (1, 1), (1, 1), (0, 1), (0, 1))
    escaped = sps_id_31.replace(b"\x00\x00", b"\x00\x00\x03")
    plain = h264.video_format([b"\x67\x42\x00\x28" + sps_id_31, b"\x68" + bits(0, 31)])
    found = h264.video_format([b"\x67\x42\x00\x28" + escaped, b"\x68" + bits(0, 31)])
    assert (found.width, found.height) == (plain.width, plain.height) == (16384, 16384)
    assert without_emulation_prevention(b"\x00\x00\x03\x00\x00\x03\x01") == b"\x00\x00\x00\x00\x01"


@pytest.mark.parametrize(
    "sets",
    [
        [],
        [PPS],
        [b"\x67\x42\x00\x28"],
        [b"\x65\x88", PPS],
        [b""],
        sets_of(*STREAMS[0][:4])[:1],
        [sets_of(*STREAMS[0][:4])[0], b"\x68" + bits(0, 7)],
        [sets_of(*STREAMS[0][:4])[0], b"\x68"],
        [sets_of(*STREAMS[0][:4])[0][:6], PPS],
        [sets_of(*STREAMS[0][:4])[0] + bytes(70_000), PPS],
    ],
    ids=["none", "no SPS", "short SPS", "slice", "empty", "no PPS", "strange PPS", "empty PPS", "cut", "too long"],
)
def test_what_no_decoder_could_use_is_refused_in_one_sentence(sets: list[bytes]) -> None:
    with pytest.raises(ParameterSetError) as caught:
        h264.video_format(sets)
    assert "\n" not in str(caught.value) and str(caught.value)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_arbitrary_bytes_raise_nothing_else(sets: list[bytes]) -> None:
    try:
        h264.video_format(sets)
    except ParameterSetError:
        pass


@given(st.sampled_from(STREAMS), st.integers(0, 400), st.binary(min_size=1, max_size=3), st.integers(1, 40))
def test_damaged_sets_raise_nothing_else(
    stream: tuple[int, int, str, str, str], at: int, junk: bytes, keep: int
) -> None:
    sps, pps = sets_of(*stream[:4])
    at = 1 + at % len(sps)
    for damaged in (sps[:at] + junk + sps[at + len(junk) :], sps[:keep]):
        try:
            found = h264.video_format([damaged, pps])
        except ParameterSetError:
            continue
        assert 0 < found.width <= 16880 and 0 < found.height <= 33760


@given(st.binary(max_size=40))
def test_an_avcc_of_arbitrary_bytes_raises_nothing_else(body: bytes) -> None:
    try:
        h264.parameter_sets_of(body)
    except ParameterSetError:
        pass


def test_nal_units_are_told_apart() -> None:
    kinds = {number: bytes([0x60 | number, 0x80]) for number in range(32)}
    assert [number for number in kinds if h264.is_slice(kinds[number])] == [1, 2, 3, 4, 5]
    assert [number for number in kinds if h264.is_idr(kinds[number])] == [5]
    assert [number for number in kinds if h264.is_parameter_set(kinds[number])] == [7, 8]
    assert h264.nal_type(b"") == 0


def test_a_recovery_point_is_found_behind_other_messages() -> None:
    other = b"\x05\x11" + bytes(17)
    sei = b"\x06" + (other + b"\x06\x01" + bits(4) + b"\x80").replace(b"\x00\x00", b"\x00\x00\x03")
    assert h264.recovery_frame_count(sei) == 4
    assert h264.recovery_frame_count(b"\x06" + other + b"\x80") is None
    assert h264.recovery_frame_count(b"\x65" + b"\x06\x01" + bits(4)) is None


@given(st.binary(max_size=40))
def test_an_sei_of_arbitrary_bytes_raises_nothing(content: bytes) -> None:
    h264.recovery_frame_count(b"\x06" + content)
