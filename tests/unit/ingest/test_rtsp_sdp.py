"""Session descriptions."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.errors import SdpError, UnsupportedError
from recorder.ingest.rtsp.sdp import VideoMedia, parse_video
from tests.fakes.h264_rtp import PPS, SPS

URL = "rtsp://192.0.2.1/stream"
SPROP = f"{base64.b64encode(SPS).decode()},{base64.b64encode(PPS).decode()}"


def sdp(*video: str, session: str = "", before: str = "", media: str = "video 0 RTP/AVP 96") -> bytes:
    lines = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=x", "t=0 0", session, before, f"m={media}", *video]
    return "\r\n".join(line for line in lines if line).encode() + b"\r\n"


def video(body: bytes, base: str | None = None, url: str = URL) -> VideoMedia:
    return parse_video(body, request_url=url, content_base=base)


def h264(control: str = "track1", fmtp: str = "packetization-mode=1", session: str = "") -> bytes:
    return sdp("a=rtpmap:96 H264/90000", f"a=fmtp:96 {fmtp}", f"a=control:{control}", session=session)


def test_parameter_sets_are_read_from_the_description() -> None:
    found = video(h264(fmtp=f"profile-level-id=42C00C; sprop-parameter-sets={SPROP};packetization-mode=1"))
    assert found.parameter_sets == (SPS, PPS)
    assert found.payload_type == 96


@pytest.mark.parametrize("sprop", ["", "!!!,???", "AAAA", SPROP[:-3] + "?", base64.b64encode(b"\x65abc").decode()])
def test_parameter_sets_that_make_no_sense_are_left_out(sprop: str) -> None:
    assert all(nal in (SPS, PPS) for nal in video(h264(fmtp=f"sprop-parameter-sets={sprop}")).parameter_sets)


def test_padding_of_base64_may_be_missing() -> None:
    assert video(h264(fmtp=f"sprop-parameter-sets={SPROP.replace('=', '')}")).parameter_sets == (SPS, PPS)


@pytest.mark.parametrize(
    ("control", "base", "wanted"),
    [
        ("track1", None, f"{URL}/track1"),
        ("track1", "rtsp://192.0.2.1/other/", "rtsp://192.0.2.1/other/track1"),
        ("trackID=0", "rtsp://192.0.2.1/a?x=1", "rtsp://192.0.2.1/a?x=1/trackID=0"),
        ("rtsp://192.0.2.9/t", "rtsp://192.0.2.1/b/", "rtsp://192.0.2.9/t"),
        ("*", "rtsp://192.0.2.1/b/", "rtsp://192.0.2.1/b/"),
        ("track1", "/nonsense", f"{URL}/track1"),
    ],
)
def test_control_addresses_are_resolved_as_cameras_mean_them(control: str, base: str | None, wanted: str) -> None:
    assert video(h264(control), base).control_url == wanted


def test_the_session_is_controlled_where_it_says() -> None:
    assert video(h264(session="a=control:*"), "rtsp://192.0.2.1/b/").aggregate_url == "rtsp://192.0.2.1/b/"
    assert video(h264(session="a=control:all")).aggregate_url == f"{URL}/all"
    assert video(h264()).aggregate_url == URL


def test_the_video_is_found_beside_audio_and_metadata() -> None:
    audio = "m=audio 0 RTP/AVP 0\r\na=control:audio\r\nm=application 0 RTP/AVP 107\r\na=control:meta"
    found = video(sdp("a=rtpmap:96 H264/90000", "a=control:video", before=audio))
    assert found.control_url == f"{URL}/video"


def test_h264_is_taken_among_several_payload_types() -> None:
    body = sdp("a=rtpmap:97 MP4V-ES/90000", "a=rtpmap:98 h264/90000", media="video 0 RTP/AVP 97 98")
    assert video(body).payload_type == 98


def test_another_codec_is_named() -> None:
    with pytest.raises(UnsupportedError, match=r"MP4V-ES.*H\.264 or H\.265"):
        video(sdp("a=rtpmap:96 MP4V-ES/90000"))


def test_no_video_and_interleaved_packets_are_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="no video"):
        video(sdp(media="audio 0 RTP/AVP 0"))
    with pytest.raises(UnsupportedError, match="packetization-mode"):
        video(h264(fmtp="packetization-mode=2"))


def test_what_is_no_description_is_an_sdp_error() -> None:
    for body in (b"", b"<html>", b"v=0\n" + b"a=x\n" * 3000):
        with pytest.raises(SdpError):
            video(body)


@given(st.one_of(st.binary(max_size=200), st.text("mva=video0 RTP/AVP96:H264\n\r;,²", max_size=200).map(str.encode)))
def test_anything_gives_a_video_or_a_declared_error(noise: bytes) -> None:
    for body in (noise, b"v=0\r\n" + noise, h264() + noise, h264(fmtp=noise.decode("utf-8", "replace"))):
        try:
            found = video(body)
        except (SdpError, UnsupportedError):
            continue
        assert 0 <= found.payload_type < 128
