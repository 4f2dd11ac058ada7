"""What is fuzzed: functions of bytes that raise nothing but the declared errors and keep what they hold within bounds.

`SEEDS` holds inputs that get far, for each target.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from recorder.ingest.errors import IngestError
from recorder.ingest.labels import HOLD_BYTES_MAX, Labeller
from recorder.ingest.libav_reader import Splitter
from recorder.ingest.onvif import discovery, notifications, replies, soap
from recorder.ingest.rtsp.auth import Credentials, Login, parse_challenge
from recorder.ingest.rtsp.depacketize import ACCESS_UNIT_BYTES_MAX, NAL_UNITS_MAX, Picture
from recorder.ingest.rtsp.rtp import camera_utc_ns, parse_rtcp
from recorder.ingest.rtsp.rtp_stream import RtpStream
from recorder.ingest.rtsp.sdp import VideoMedia, parse_video
from recorder.ingest.rtsp.sdp_sound import SoundMedia, parse_sound
from recorder.ingest.rtsp.session import PENDING_MAX, RtspSession
from recorder.ingest.rtsp.sound_stream import SoundStream
from recorder.ingest.rtsp.transport import PortPair, agreed_channels, agreed_ports
from recorder.ingest.sound_clock import SoundClock
from recorder.media import aac, h264, h265
from recorder.media.errors import MediaError
from recorder.remote.restream.door import user_and_password
from recorder.remote.restream.requests import HELD_BYTES_MAX, Inbox
from recorder.remote.restream.responder import Responder
from tests.fakes import h264_rtp, h265_rtp

Target = Callable[[bytes], None]

_URL = "rtsp://192.0.2.1/stream"
_SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 {codec}/90000\r\na=fmtp:96 packetization-mode=1;{sprop}\r\na=control:track1\r\n"
)
_H264 = _SDP.format(
    codec="H264",
    sprop="sprop-parameter-sets=" + ",".join(base64.b64encode(nal).decode() for nal in (h264_rtp.SPS, h264_rtp.PPS)),
).encode()
_H265 = _SDP.format(
    codec="H265",
    sprop=";".join(
        f"sprop-{name}={base64.b64encode(nal).decode()}"
        for name, nal in (("vps", h265_rtp.VPS), ("sps", h265_rtp.SPS), ("pps", h265_rtp.PPS))
    ),
).encode()


_SOUND = (
    b"m=audio 0 RTP/AVP 97 8\r\na=rtpmap:97 mpeg4-generic/16000/1\r\na=fmtp:97 mode=AAC-hbr;sizelength=13;"
    b"indexlength=3;indexdeltalength=3;config=1408\r\na=control:track2\r\n"
)


_PROBE = "urn:uuid:1"
_MATCH = (
    b'<e:Envelope xmlns:e="e"><e:Header><RelatesTo>urn:uuid:1</RelatesTo></e:Header><e:Body><ProbeMatches><ProbeMatch>'
    b"<EndpointReference><Address>urn:uuid:2</Address></EndpointReference><Scopes>onvif://www.onvif.org/name/%E7%8E%84 "
    b"onvif://www.onvif.org/hardware/x</Scopes><XAddrs>http://192.0.2.1/onvif/device_service</XAddrs></ProbeMatch>"
    b"</ProbeMatches></e:Body></e:Envelope>"
)


def _soap(body: str) -> bytes:
    return f'<e:Envelope xmlns:e="e"><e:Header/><e:Body>{body}</e:Body></e:Envelope>'.encode()


_ONVIF = (
    _soap("<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>ter:NoProfile</e:Value></e:Subcode></e:Code>"
          "<e:Reason><e:Text>no</e:Text></e:Reason></e:Fault>"),
    _soap("<r><SystemDateAndTime><UTCDateTime><Time><Hour>1</Hour><Minute>2</Minute><Second>3</Second></Time><Date>"
          "<Year>2026</Year><Month>1</Month><Day>2</Day></Date></UTCDateTime></SystemDateAndTime></r>"),
    _soap("<r><Service><Namespace>urn:x</Namespace><XAddr>http://192.0.2.1/x</XAddr></Service></r>"),
    _soap('<r><Profiles token="1"><Name>n</Name><VideoEncoderConfiguration><Encoding>H264</Encoding><Resolution>'
          "<Width>640</Width><Height>360</Height></Resolution></VideoEncoderConfiguration></Profiles></r>"),
    _soap('<r><MediaUri><Uri>rtsp://192.0.2.1/x</Uri></MediaUri><Preset token="1"><Name>n</Name></Preset></r>'),
    _soap("<r><CurrentTime>2026-01-01T00:00:01Z</CurrentTime>" + 2 * (
          "<NotificationMessage><Topic>t:RuleEngine/CellMotionDetector/Motion</Topic><Message><Message "
          'UtcTime="2026-01-01T00:00:00Z"><Source><SimpleItem Name="Rule" Value="r"/></Source>'
          '<Data><SimpleItem Name="IsMotion" Value="true"/></Data></Message></Message></NotificationMessage>')
          + "</r>"),
)  # fmt: skip


def _answer(number: int, headers: str = "", body: bytes = b"") -> bytes:
    return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


_HANDSHAKE = (
    _answer(1, "Public: OPTIONS, GET_PARAMETER\r\n")
    + _answer(2, "Content-Type: application/sdp\r\n", _H264 + _SOUND)
    + _answer(3, "Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
    + _answer(4, "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n")
    + _answer(5)
)


def _session() -> RtspSession:
    credentials = Credentials(user="u", password="p", basic=True)
    session = RtspSession(_URL, credentials=credentials, ssrc=1, cname="c", make_cnonce=lambda: "n", wants_sound=True)
    session.start()
    return session


def _feed(session: RtspSession, data: bytes, step: int) -> None:
    """As a connection does it, in pieces."""
    left = b""
    for start in range(0, len(data), step):
        left += data[start : start + step]
        done = session.receive(memoryview(left), start)
        assert 0 <= done <= len(left)
        left = left[done:]
        session.events.clear()
        session.outgoing.clear()
        assert len(session._pending) <= PENDING_MAX
        session.keep_alive()
        session.report(start)
        session.request_key()


def handshake(data: bytes) -> None:
    """Anything in place of a camera's answers."""
    try:
        _feed(_session(), data[1:], data[0] + 1 if data else 1)
    except IngestError:
        pass


def playing(data: bytes) -> None:
    """Anything after PLAY."""
    session = _session()
    session.receive(memoryview(_HANDSHAKE), 0)
    try:
        _feed(session, data[1:], data[0] + 1 if data else 1)
    except IngestError:
        pass


def _packets(data: bytes, codec: str, sets: tuple[bytes, ...]) -> None:
    """Datagrams, each after its length in one byte; a length of 255 is RTCP, of 254 a moment's pause."""
    media = VideoMedia(codec=codec, control_url="", aggregate_url="", payload_type=96, parameter_sets=sets)
    stream = RtpStream(media, ssrc=1, cname="c", datagrams=True)
    position, now_ns = 0, 0
    while position < len(data):
        size = data[position]
        packet = data[position + 1 : position + 1 + min(size, 200)]
        position += 1 + len(packet)
        now_ns += 200_000_000 if size == 254 else 1_000_000
        try:
            stream.rtcp(memoryview(packet), now_ns) if size == 255 else stream.datagram(packet, now_ns)
        except IngestError:
            return
        stream.release(now_ns)
        stream.report(now_ns)
    for picture in stream.depacketizer.pictures:
        _check(picture)


def _check(picture: Picture) -> None:
    assert len(picture.data) <= ACCESS_UNIT_BYTES_MAX
    position = count = 0
    while position < len(picture.data):
        position += 4 + int.from_bytes(picture.data[position : position + 4], "big")
        count += 1
    assert position == len(picture.data) and 0 < count <= NAL_UNITS_MAX


def rtp_h264(data: bytes) -> None:
    _packets(data, "h264", (h264_rtp.SPS, h264_rtp.PPS))


def rtp_h265(data: bytes) -> None:
    _packets(data, "h265", (h265_rtp.VPS, h265_rtp.SPS, h265_rtp.PPS))


def rtp_sound(data: bytes) -> None:
    """Datagrams as in `_packets`, of AAC, or from a first byte of 128 on of G.711."""
    media = parse_sound(
        _H264 + (_SOUND if data[:1] < b"\x80" else b"m=audio 0 RTP/AVP 8\r\n"), request_url=_URL, content_base=None
    )
    assert isinstance(media, SoundMedia)
    stream, clock = SoundStream(media, ssrc=1, cname="c", datagrams=True), SoundClock(media.clock)
    position, now_ns = 1, 0
    while position < len(data):
        size = data[position]
        packet = data[position + 1 : position + 1 + min(size, 200)]
        position += 1 + len(packet)
        now_ns += 200_000_000 if size == 254 else 1_000_000
        stream.rtcp(memoryview(packet), now_ns) if size == 255 else stream.datagram(packet, now_ns)
        stream.release(now_ns)
        stream.report(now_ns)
        for sound in stream.take():
            assert len(sound.data) <= max(aac.FRAME_BYTES_MAX, 200)
            clock.heard(sound.timestamp, now_ns // 1000)
            clock.pictures_time(sound.timestamp)
        if stream.sender_report is not None:
            clock.reported(stream.sender_report, 0, stream.sender_report, 0)


def sound_configs(data: bytes) -> None:
    """AAC configurations, from cameras and from files."""
    for config in (data, *(frame.config for frame in aac.adts_frames(data))):
        try:
            found = aac.sound_format(config)
        except MediaError:
            continue
        assert found.rate and found.channels and found.frame_samples


def rtcp(data: bytes) -> None:
    list(parse_rtcp(memoryview(data)))
    camera_utc_ns(int.from_bytes(data[:8], "big"))


def sdp(data: bytes) -> None:
    try:
        parse_sound(data, request_url=_URL, content_base=data[:30].decode("latin-1"))
        parse_video(data, request_url=_URL, content_base=data[:30].decode("latin-1"))
    except IngestError:
        pass


def login(data: bytes) -> None:
    text = data.decode("latin-1")
    parse_challenge(text)
    made = Login(Credentials(user="u", password="p", basic=True), lambda: "n")
    try:
        for tries in range(3):
            made.challenged(text.split("\n"), tries=tries)
            made.header("DESCRIBE", _URL)
    except IngestError:
        pass


def transport(data: bytes) -> None:
    for agreed in (agreed_channels, agreed_ports):
        try:
            found = agreed(data.decode("latin-1"))
        except IngestError:
            continue
        assert not isinstance(found, PortPair) or (0 < found.rtp < 65536 and 0 < found.rtcp < 65536)


def sets_h264(data: bytes) -> None:
    _sets(data, (h264_rtp.SPS, h264_rtp.PPS), h264.video_format, h264.parameter_sets_of)
    h264.recovery_frame_count(b"\x06" + data)


def sets_h265(data: bytes) -> None:
    _sets(data, (h265_rtp.VPS, h265_rtp.SPS, h265_rtp.PPS), h265.video_format, h265.parameter_sets_of)
    h265.has_recovery_point(b"\x4e\x01" + data)


def _sets(
    data: bytes,
    known: tuple[bytes, ...],
    video_format: Callable[[list[bytes]], object],
    sets_of: Callable[[bytes], list[bytes]],
) -> None:
    for sets in ([data, *known], [*known, data], [data, *known[1:]], [*known[:-1], data], [known[0], data, *known[2:]]):
        try:
            video_format(sets)
        except MediaError:
            pass
    try:
        sets_of(data)
    except MediaError:
        pass


def labels(data: bytes) -> None:
    """Four bytes a picture: a step of its timestamp, what it is, a step of time."""
    labeller, timestamp, now_ns, last = Labeller(run=0, wall_offset_ns=10**18), 0, 0, (0, 0)
    for position in range(0, len(data) - 3, 4):
        timestamp += (data[position] - 128) << (data[position + 1] >> 3)
        now_ns += data[position + 2] << (data[position + 3] >> 3)
        kind = data[position + 1] & 7
        picture = Picture(
            codec="h264",
            data=b"x",
            key=kind > 4,
            timestamp=timestamp,
            parameter_sets=(),
            restarted=kind == 7 and not data[position] & 15,
        )
        released = labeller.accept(picture, now_ns)
        labeller.begin_sounding() if kind == 1 else labeller.end_sounding()
        labeller.utc_ns_of(timestamp & 0xFFFFFFFF)
        assert labeller._held_bytes <= HOLD_BYTES_MAX + 1
        for unit in released:
            assert unit.run > last[0] or (unit.run == last[0] and unit.utc_ns > last[1])
            last = unit.run, unit.utc_ns


def access_units(data: bytes) -> None:
    """A container's access units."""
    for extradata in (b"", h264.video_format([h264_rtp.SPS, h264_rtp.PPS]).decoder_configuration):
        assert len(Splitter("h264", extradata).nals(data)) <= NAL_UNITS_MAX
    for codec in ("h264", "h265"):
        try:
            Splitter(codec, data)
        except MediaError:
            pass


def _as_datagrams(packets: list[bytes]) -> bytes:
    return b"".join(bytes((min(len(packet), 200),)) + packet[:200] for packet in packets)


_PACKER = h264_rtp.Packer()


def restream(data: bytes) -> None:
    """Anything in place of an RTSP client; the first byte is the size of the pieces it comes in."""
    random = count(1)
    made = Responder(host="127.0.0.1", streams_of=lambda name: ("main",), random_32=lambda: next(random))
    inbox, step = Inbox(), (data[0] if data else 0) + 1
    for start in range(1, len(data), step):
        inbox.feed(data[start : start + step])
        try:
            while (request := inbox.take()) is not None:
                user_and_password(request.headers.get("authorization") or "")
                reply = made.answer(request)
                if reply.action == "describe":
                    reply = made.describe(request, _RESTREAMED, "x")
                elif reply.action == "play":
                    reply, packetizer = made.play(request, "c")
                    assert 0 < len(packetizer.tracks) <= 2
                assert reply.data.startswith(b"RTSP/1.0 ") and reply.data.count(b"\r\n\r\n") >= 1
        except IngestError:
            return
        assert len(inbox._held) <= HELD_BYTES_MAX + step


_RESTREAMED = replace(
    h264.video_format([h264_rtp.SPS, h264_rtp.PPS]), sound=aac.sound_format(aac.low_complexity_config(16_000, 1))
)
_RESTREAM = b"".join(
    f"{line} RTSP/1.0\r\nCSeq: {number}\r\n{more}\r\n".encode()
    for number, (line, more) in enumerate(
        (
            ("OPTIONS *", ""),
            ("DESCRIBE rtsp://h/cam1", "Accept: application/sdp\r\nAuthorization: Basic dTpw\r\n"),
            ("SETUP rtsp://h/cam1/video", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"),
            ("SETUP rtsp://h/cam1/sound", "Transport: RTP/AVP/TCP;interleaved=2-3\r\nSession: 0000000100000002\r\n"),
            ("PLAY rtsp://h/cam1", "Session: 0000000100000002\r\n"),
            ("PAUSE rtsp://h/cam1", "Session: 0000000100000002\r\n"),
            ("TEARDOWN rtsp://h/cam1", "Session: 0000000100000002\r\n"),
        )
    )
)


def onvif_answer(data: bytes) -> None:
    """Anything in place of a camera's ONVIF answers."""
    try:
        body = soap.answer(data)
    except IngestError:
        return
    replies.device_information(body)
    replies.system_time(body)
    for address in (*replies.services(body).addresses.values(), *replies.capabilities(body).addresses.values()):
        assert address.lower().startswith("http")
    assert len(replies.profiles(body)) <= replies.PROFILES_MAX and len(replies.profiles2(body)) <= replies.PROFILES_MAX
    assert replies.stream_uri(body)[:7].lower() in ("", "rtsp://")
    assert len(replies.presets(body)) <= replies.PRESETS_MAX
    told = notifications.notifications(body)
    states = notifications.EventStates("cam1")
    lasting = 0
    for event in (*states.take(told, 10**18), *states.take(told[::-1], 10**18), *states.end_all(10**18)):
        lasting += {"start": 1, "end": -1, "pulse": 0}[event.phase]
        assert 0 <= lasting <= notifications.STATES_MAX and event.at_utc_ns <= 10**18
    assert lasting == 0


def onvif_discovery(data: bytes) -> None:
    """Anything in place of an answer to a Probe."""
    for found in discovery.matches(data, (_PROBE,)):
        assert found.addresses and all(address.lower().startswith("http") for address in found.addresses)
        assert found.name.isprintable() and found.hardware.isprintable()


SEEDS: dict[Target, tuple[bytes, ...]] = {
    restream: (b"\xff" + _RESTREAM, b"\x00" + _RESTREAM, b"\x07$\x01\x00\x02ab" + _RESTREAM),
    onvif_answer: _ONVIF,
    onvif_discovery: (_MATCH,),
    handshake: (b"\xff" + _HANDSHAKE, b"\x10" + _answer(1)),
    playing: (
        b"\xff" + h264_rtp.interleaved(_PACKER.picture([h264_rtp.SPS, h264_rtp.idr(1)], 0)) + _answer(5),
        b"\x07RTSP/1.0 454 Gone\r\nCSeq: 5\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    ),
    rtp_h264: (_as_datagrams(_PACKER.picture([h264_rtp.SPS, h264_rtp.PPS, h264_rtp.idr(1, 300)], 0, size=90)),),
    rtp_h265: (
        _as_datagrams(
            [_PACKER.packet(part, 0, marker=True) for part in h265_rtp.fragmented(h265_rtp.nal(19, 1, 300), 90)]
        ),
    ),
    rtp_sound: tuple(
        kind + _as_datagrams([b"\x80\xe1" + bytes(10) + payload] * 3)
        for kind, payload in ((b"\x00", b"\x00\x20\x00\x10\x00\x18" + b"framed"), (b"\xff", b"\xd5" * 160))
    ),
    sound_configs: (b"\x14\x08", b"\xff\xf1\x60\x40\x01\x7f\xfc" + bytes(4), b"\x2b\x8a\x08\x00"),
    rtcp: (b"\x80\xc8\x00\x06" + bytes(24), b"\x81\xcb\x00\x01" + bytes(4)),
    sdp: (_H264, _H265, _H264 + _SOUND),
    login: (b'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256, stale=true', b'Basic realm="r"'),
    transport: (b"RTP/AVP;unicast;client_port=1-2;server_port=3-4", b"RTP/AVP/TCP;interleaved=0-1"),
    sets_h264: (h264_rtp.SPS, h264_rtp.PPS, h264_rtp.SPS_LARGER),
    sets_h265: (h265_rtp.VPS, h265_rtp.SPS, h265_rtp.PPS, h265_rtp.SPS_10),
    labels: (bytes((200, 0x58, 200, 0xC0)) * 40,),
    access_units: (h264_rtp.with_lengths([h264_rtp.idr(1)]), b"\x00\x00\x00\x01" + h264_rtp.idr(1)),
}
