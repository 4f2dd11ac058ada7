"""The session's course, byte by byte."""

import base64
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.errors import (
    ConnectionLostError,
    IngestError,
    MessageError,
    ProtocolError,
    RefusedError,
    UnauthorizedError,
    UnsupportedError,
)
from recorder.ingest.rtsp.auth import Credentials
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.depacketize_sound import SoundPacket
from recorder.ingest.rtsp.sdp_sound import SoundMedia
from recorder.ingest.rtsp.session import PENDING_MAX, RtspSession
from recorder.ingest.rtsp.session_events import Closed, Event, Playing
from recorder.ingest.rtsp.session_sound import NoSound
from tests.fakes.h264_rtp import PPS, SPS, Packer, idr, inter, interleaved, stap_a, with_lengths

URL = "rtsp://192.0.2.1/stream"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={base64.b64encode(SPS).decode()},"
    f"{base64.b64encode(PPS).decode()}\r\na=control:track1\r\n"
).encode()
KEEP_ALIVE = {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"}


def answer(number: int, status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    fields = {"CSeq": str(number)} | ({"Content-Length": str(len(body))} if body else {}) | headers
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"RTSP/1.0 {status}\r\n{lines}\r\n".encode() + body


HANDSHAKE = (
    answer(1, **KEEP_ALIVE),
    answer(2, body=SDP, Content_Base=URL + "/"),
    answer(3, Session="abc;timeout=20", Transport="RTP/AVP/TCP;unicast;interleaved=0-1"),
    answer(4, Session="abc"),
)


class Peer:
    """Feeds a session the way a buffer that is reused does, and keeps what comes of it."""

    def __init__(self, credentials: Credentials | None = None, *, wants_sound: bool = False) -> None:
        self.session = RtspSession(
            URL, credentials=credentials, ssrc=1, cname="rec", make_cnonce=lambda: "c", wants_sound=wants_sound
        )
        self.sent = b""
        self.events: list[Event] = []
        self._left = b""
        self.session.start()
        self._collect()

    def feed(self, data: bytes) -> "Peer":
        buffer = bytearray(self._left + data)
        done = self.session.receive(memoryview(buffer), 0)
        self._left = bytes(buffer[done:])
        buffer[:] = bytes(len(buffer))
        self._collect()
        return self

    def playing(self) -> "Peer":
        for message in HANDSHAKE:
            self.feed(message)
        assert isinstance(self.events.pop(), Playing)
        return self

    @property
    def requests(self) -> list[str]:
        return re.findall(r"^([A-Z_]+) \S+ RTSP/1.0\r$", self.sent.decode("latin-1"), re.MULTILINE)

    def _collect(self) -> None:
        self.sent += b"".join(self.session.outgoing)
        self.session.outgoing.clear()
        self.events += self.session.events
        self.session.events.clear()


def media() -> bytes:
    packer, rtcp = Packer(), b"\x80\xc9\x00\x01\x00\x00\x00\x01"
    first = packer.picture([stap_a([SPS, PPS]), idr(1, 3000)], 0)
    second = packer.picture([inter(2, 2000)], 3000)
    request = b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 77\r\n\r\n"
    return interleaved(first) + interleaved([rtcp], 1) + request + interleaved(second) + answer(5) + b"\r\n"


def test_a_session_asks_in_order_for_what_it_needs() -> None:
    peer = Peer().playing()
    assert peer.requests == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert b"SETUP rtsp://192.0.2.1/stream/track1 RTSP/1.0" in peer.sent
    assert b"PLAY rtsp://192.0.2.1/stream/ RTSP/1.0" in peer.sent
    assert peer.sent.count(b"Session: abc\r\n") == 1
    assert b"timeout" not in peer.sent


def test_keep_alive_is_due_at_half_the_session_s_time() -> None:
    peer = Peer()
    for message in HANDSHAKE:
        peer.feed(message)
    assert peer.events == [Playing(keep_alive_seconds=10)]


WHOLE = b"".join(HANDSHAKE) + media()


@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=12))
def test_the_same_events_come_however_the_bytes_are_split(cuts: list[int]) -> None:
    whole, split = Peer().feed(WHOLE), Peer()
    edges = [0, *sorted(set(cuts)), len(WHOLE)]
    for start, stop in itertools.pairwise(edges):
        split.feed(WHOLE[start:stop])
    assert split.events == whole.events
    assert split.sent == whole.sent
    assert [type(event) for event in whole.events] == [Playing, Picture, Picture]


def test_every_single_byte_may_come_alone() -> None:
    peer = Peer()
    for i in range(len(WHOLE)):
        peer.feed(WHOLE[i : i + 1])
    pictures = [event for event in peer.events if isinstance(event, Picture)]
    assert [picture.data for picture in pictures] == [with_lengths([idr(1, 3000)]), with_lengths([inter(2, 2000)])]


def test_pictures_may_come_before_the_answer_to_play() -> None:
    peer = Peer()
    for message in HANDSHAKE[:3]:
        peer.feed(message)
    peer.feed(interleaved(Packer().picture([idr(1)], 0)) + HANDSHAKE[3])
    assert [type(event) for event in peer.events] == [Picture, Playing]


def test_channels_are_those_the_camera_assigns() -> None:
    peer = Peer()
    for message in HANDSHAKE[:2]:
        peer.feed(message)
    peer.feed(answer(3, Session="s", Transport="RTP/AVP/TCP;interleaved=6-7")).feed(answer(4))
    packets = Packer().picture([idr(1)], 0)
    peer.feed(interleaved(packets, 0))
    assert [type(event) for event in peer.events] == [Playing]
    peer.feed(interleaved(packets, 6))
    assert isinstance(peer.events[-1], Picture)
    peer.session.request_key()
    assert peer.session.outgoing[-1][:2] == b"$\x07"


def test_keep_alive_is_get_parameter_where_offered_and_not_refused() -> None:
    peer = Peer().playing()
    peer.session.keep_alive()
    peer.feed(answer(5, "501 Not Implemented"))
    peer.session.keep_alive()
    peer.feed(answer(6))
    assert peer.requests[4:] == ["GET_PARAMETER", "OPTIONS"]


def test_a_forgotten_session_and_an_unanswering_camera_end_it() -> None:
    peer = Peer().playing()
    peer.session.keep_alive()
    with pytest.raises(ConnectionLostError):
        peer.feed(answer(5, "454 Session Not Found"))
    peer = Peer().playing()
    with pytest.raises(ConnectionLostError):
        for _ in range(PENDING_MAX + 1):
            peer.session.keep_alive()


def test_a_farewell_ends_it() -> None:
    peer = Peer().playing().feed(interleaved(Packer(ssrc=5).picture([idr(1)], 0)))
    with pytest.raises(ConnectionLostError, match="ended"):
        peer.feed(interleaved([b"\x81\xcb\x00\x01\x00\x00\x00\x05"], 1))


def test_a_key_frame_cannot_be_asked_for_before_anything_has_come() -> None:
    peer = Peer().playing()
    assert not peer.session.request_key()
    peer.feed(interleaved(Packer().picture([inter(1)], 0)))
    assert peer.session.request_key()
    assert b"\x81\xce\x00\x02\x00\x00\x00\x01\x00\x00\x12\x34" in peer.session.outgoing[-1]


def test_teardown_ends_what_was_set_up_once() -> None:
    peer = Peer()
    assert not peer.session.teardown()
    peer = Peer().playing()
    assert peer.session.teardown()
    assert not peer.session.teardown()
    peer.feed(answer(5))
    assert isinstance(peer.events[-1], Closed)


@pytest.mark.parametrize(
    ("at", "status", "error"),
    [
        (2, "404 Not Found", RefusedError),
        (2, "503 Service Unavailable", RefusedError),
        (3, "453 Not Enough Bandwidth", RefusedError),
        (3, "461 Unsupported Transport", UnsupportedError),
        (4, "455 Method Not Valid in This State", RefusedError),
        (2, "302 Moved", RefusedError),
    ],
)
def test_a_refusal_ends_it_with_its_status(at: int, status: str, error: type[IngestError]) -> None:
    peer = Peer()
    for message in HANDSHAKE[: at - 1]:
        peer.feed(message)
    with pytest.raises(error) as caught:
        peer.feed(answer(at, status))
    if isinstance(caught.value, RefusedError):
        assert str(caught.value.status) in str(caught.value)


def test_a_camera_that_knows_no_options_is_described_all_the_same() -> None:
    assert Peer().feed(answer(1, "501 Not Implemented")).requests == ["OPTIONS", "DESCRIBE"]


def test_udp_in_the_answer_to_setup_and_a_missing_session_are_said() -> None:
    for transport, session, error in (
        ("RTP/AVP;unicast;client_port=0-1", "s", UnsupportedError),
        ("RTP/AVP/TCP;interleaved=0-1", "", ProtocolError),
    ):
        peer = Peer().feed(HANDSHAKE[0]).feed(HANDSHAKE[1])
        with pytest.raises(error):
            peer.feed(answer(3, Session=session, Transport=transport))


def test_a_login_is_answered_and_kept_up() -> None:
    peer = Peer(Credentials(user="admin", password="secret"))
    challenge = 'Digest realm="cam", nonce="n1", qop="auth"'
    peer.feed(answer(1, "401 Unauthorized", WWW_Authenticate=challenge)).feed(answer(2))
    peer.feed(answer(3, "401 Unauthorized", WWW_Authenticate=challenge.replace("n1", "n2") + ", stale=true"))
    assert peer.requests == ["OPTIONS", "OPTIONS", "DESCRIBE", "DESCRIBE"]
    assert peer.sent.count(b'nonce="n1"') == 2 and peer.sent.count(b'nonce="n2"') == 1
    assert b"secret" not in peer.sent


def test_a_wrong_password_is_tried_once() -> None:
    peer = Peer(Credentials(user="admin", password="wrong"))
    peer.feed(answer(1, "401 Unauthorized", WWW_Authenticate='Digest realm="cam", nonce="n1"'))
    with pytest.raises(UnauthorizedError):
        peer.feed(answer(2, "401 Unauthorized", WWW_Authenticate='Digest realm="cam", nonce="n2"'))
    assert peer.sent.count(b"Authorization") == 1


def test_answers_to_nothing_and_requests_of_the_camera_do_no_harm() -> None:
    peer = Peer().playing().feed(answer(99)).feed(answer(4)).feed(b"RTSP/1.0 200 OK\r\n\r\n")
    peer.feed(b"ANNOUNCE rtsp://x RTSP/1.0\r\nCSeq: 8\r\nContent-Length: 3\r\n\r\nv=0")
    assert peer.sent.endswith(b"RTSP/1.0 501 Not Implemented\r\nCSeq: 8\r\n\r\n")


def test_bytes_that_are_neither_rtsp_nor_packets_are_an_error() -> None:
    with pytest.raises(MessageError):
        Peer().playing().feed(b"\x00\x01\x02\x03")


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([*HANDSHAKE, media(), b"$\0\0\x20", b"RTSP/1.0 "]))))
def test_anything_gives_events_or_declared_errors(chunks: list[bytes]) -> None:
    peer = Peer()
    try:
        for chunk in chunks:
            peer.feed(chunk)
    except IngestError:
        pass


SOUND = (
    b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\na=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;"
    b"indexdeltalength=3;config=1408\r\na=control:track2\r\n"
)
AAC_PAYLOAD = b"\x00\x10" + (5 << 3).to_bytes(2, "big") + b"frame"


def sounding(setup: bytes) -> Peer:
    """A session that has asked for sound, and has had this for an answer to its second SETUP."""
    peer = Peer(wants_sound=True)
    for message in (HANDSHAKE[0], answer(2, body=SDP + SOUND, Content_Base=URL + "/"), HANDSHAKE[2], setup, answer(5)):
        peer.feed(message)
    return peer


def test_sound_is_set_up_beside_the_pictures_and_its_frames_are_told_apart() -> None:
    peer = sounding(answer(4, Session="abc", Transport="RTP/AVP/TCP;unicast;interleaved=4-5"))
    assert peer.requests == ["OPTIONS", "DESCRIBE", "SETUP", "SETUP", "PLAY"]
    assert b"SETUP rtsp://192.0.2.1/stream/track2 RTSP/1.0" in peer.sent and b"interleaved=2-3" in peer.sent
    media, playing = peer.events
    assert isinstance(media, SoundMedia) and media.codec == "aac" and isinstance(playing, Playing)
    peer.events.clear()
    packet = b"\x80\xe1\x00\x07" + (1600).to_bytes(4, "big") + b"abcd" + AAC_PAYLOAD
    peer.feed(interleaved([packet], 4) + interleaved(Packer().picture([stap_a([SPS, PPS]), idr(1, 3000)], 0)))
    sound = [event for event in peer.events if isinstance(event, SoundPacket)]
    assert sound == [SoundPacket(b"frame", 1600, True)]
    assert sum(isinstance(event, Picture) for event in peer.events) == 1
    peer.session.report(0)
    assert [message[1] for message in peer.session.outgoing] == [1, 5], "a receiver report for each"


@pytest.mark.parametrize(
    "setup",
    [
        answer(4, "404 Not Found"),
        answer(4, "461 Unsupported Transport"),
        answer(4, Session="abc", Transport="RTP/AVP;unicast;server_port=1-2"),
        answer(4, Session="abc", Transport="RTP/AVP/TCP;unicast;interleaved=0-1"),
    ],
)
def test_pictures_come_without_sound_that_cannot_be_had(setup: bytes) -> None:
    peer = sounding(setup)
    refused, playing = peer.events
    assert isinstance(refused, NoSound) and isinstance(playing, Playing)
    peer.events.clear()
    peer.feed(media())
    assert sum(isinstance(event, Picture) for event in peer.events) == 2


def test_sound_is_not_asked_for_where_it_is_not_wanted() -> None:
    peer = Peer()
    for message in (HANDSHAKE[0], answer(2, body=SDP + SOUND, Content_Base=URL + "/"), *HANDSHAKE[2:]):
        peer.feed(message)
    assert peer.requests == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"] and len(peer.events) == 1
