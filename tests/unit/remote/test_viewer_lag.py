"""Which pictures a viewer gets when it is slow or comes late, and the header before each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.web.media_header import HEADER_BYTES, MediaHeader, MediaKind, parse_media_header
from recorder.web.viewer import Lag

FORMAT = VideoFormat(codec="h264", parameter_sets=(), width=1, height=1, decoder_configuration=b"", codecs="avc1")
SECOND = 1_000_000_000


def unit(arrival_seconds: float, *, key: bool = False, pts: int = 0, composition: int = 0) -> AccessUnit:
    return AccessUnit(
        format=FORMAT,
        data=b"",
        key=key,
        run=1,
        pts_90k=pts,
        utc_ns=0,
        arrival_ns=round(arrival_seconds * SECOND),
        composition_90k=composition,
    )


def test_a_viewer_begins_with_a_key_frame_and_has_lost_nothing_before_it() -> None:
    lag = Lag(10 * SECOND)
    assert [lag.passes(unit(10.1, key=key), 11 * SECOND) for key in (False, False, True, False)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert lag.take_lost() == 0


def test_what_is_shown_before_the_first_key_frame_is_left_out_though_it_comes_after_it() -> None:
    lag = Lag(0)
    units = [unit(1, key=True, pts=9000, composition=6000), unit(1, pts=3000), unit(1, pts=6000, composition=-3000)]
    after = [unit(1, pts=18_000, composition=6000), unit(1, pts=12_000, composition=-3000), unit(1, pts=15_000)]
    assert [lag.passes(one, SECOND) for one in [*units, *after]] == [True, True, False, True, True, True]
    assert lag.take_lost() == 0


def test_the_cached_group_is_never_late() -> None:
    lag = Lag(10 * SECOND)
    assert lag.passes(unit(1, key=True), 10 * SECOND)
    assert lag.passes(unit(2), 10 * SECOND)


def test_a_viewer_that_lags_skips_to_a_key_frame_that_is_not_late_and_is_told_once() -> None:
    lag = Lag(0)
    assert lag.passes(unit(1, key=True), 1 * SECOND)
    assert not lag.passes(unit(2), 5 * SECOND)  # late
    assert not lag.passes(unit(2.1, key=True), 5 * SECOND)  # a key frame, but late itself
    assert not lag.passes(unit(4.9), 5 * SECOND)  # in time, but no key frame
    lag.add_lost(7)
    assert lag.passes(unit(5, key=True), 5 * SECOND)
    assert (lag.take_lost(), lag.take_lost()) == (10, 0)


@given(
    st.sampled_from(MediaKind), st.booleans(), st.sampled_from(["main", "sub"]), st.integers(0, 2**32 - 1),
    st.integers(0, 2**63),
)  # fmt: skip
def test_a_media_header_reads_back_as_it_was_written(
    kind: MediaKind, key: bool, stream: str, sequence: int, label_us: int
) -> None:
    header = MediaHeader(kind=kind, key=key, stream=stream, sequence=sequence, label_us=label_us)
    assert len(header.pack()) == HEADER_BYTES == 16
    assert parse_media_header(header.pack() + b"media") == header


def test_the_header_is_that_of_the_protocol() -> None:
    header = MediaHeader(kind=MediaKind.FRAGMENT, key=True, stream="sub", sequence=258, label_us=3)
    assert header.pack().hex() == "02010001" + "00000102" + "0000000000000003"


@pytest.mark.parametrize("message", [b"", b"short", bytes(16), b"\x02\x00\x00\x07" + bytes(12)])
def test_what_is_no_media_message_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError):
        parse_media_header(message)
