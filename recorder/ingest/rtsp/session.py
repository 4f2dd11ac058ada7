"""One RTSP session as a client (RFC 2326): OPTIONS, DESCRIBE, SETUP, PLAY, keep-alive, TEARDOWN; RTP interleaved in TCP
(section 10.12) or over UDP. Sans-I/O: the caller moves bytes and tells the time.

Rules:
1. One request is under way at a time while the session is set up. Nothing is sent to a camera but what RTSP asks for.
2. Keep-alive is GET_PARAMETER if the camera offers it and does not refuse it, else OPTIONS.
3. A camera that asks something of us gets an answer: 200 for OPTIONS and GET_PARAMETER, else 501.
4. Any failure raises; the session is then over, and only `teardown` is left.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from recorder.ingest.errors import ConnectionLostError, MessageError, ProtocolError
from recorder.ingest.rtsp.auth import Credentials, Login
from recorder.ingest.rtsp.message import Request, Response, parse_message, request_bytes, response_bytes
from recorder.ingest.rtsp.refusal import refusal
from recorder.ingest.rtsp.rtp_stream import DOLLAR, RtpStream
from recorder.ingest.rtsp.sdp import VideoMedia, parse_video
from recorder.ingest.rtsp.session_events import Closed, Event, Playing
from recorder.ingest.rtsp.session_sound import SessionSound
from recorder.ingest.rtsp.transport import PortPair, agreed_channels, agreed_ports, tcp_header, udp_header

USER_AGENT = "edge-recorder"
SESSION_SECONDS_DEFAULT = 60
PENDING_MAX = 8
"""Requests under way. More means that the camera answers nothing any more."""

_SESSION = re.compile(r"([^;\s]{1,256})\s*(?:;\s*timeout\s*=\s*(\d{1,6}))?", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class _Pending:
    method: str
    url: str
    tries: int = 0
    """How often it was sent with an Authorization."""


class RtspSession:
    """`start`, then `receive` what comes; take `outgoing` and `events` after each call. With `use_udp` before, packets
    come by `receive_rtp` and `receive_rtcp`, and `outgoing_rtcp` goes to the camera's RTCP port in `peer_ports`.

    `ssrc`, `cname`: ours in RTCP. `make_cnonce`: fresh random text for each Authorization. `wants_sound`: whether a
    camera's sound is asked for.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: Credentials | None,
        ssrc: int,
        cname: str,
        make_cnonce: Callable[[], str],
        wants_sound: bool = False,
    ) -> None:
        self.outgoing: list[bytes] = []
        self.outgoing_rtcp: list[bytes] = []
        self.outgoing_sound_rtcp: list[bytes] = []
        self.events: list[Event] = []
        self.playing = False
        self.peer_ports: PortPair | None = None
        self.stream: RtpStream | None = None
        self.sound = SessionSound(wanted=wants_sound, ssrc=ssrc, cname=cname)
        self._url = url
        self._ssrc = ssrc
        self._cname = cname
        self._login = Login(credentials, make_cnonce)
        self._pending: dict[int, _Pending] = {}
        self._sequence = 0
        self._media: VideoMedia | None = None
        self._session_id = ""
        self._keep_alive_method = "OPTIONS"
        self._keep_alive_seconds = SESSION_SECONDS_DEFAULT / 2
        self._rtp_channel, self._rtcp_channel = 0, 1
        self._ports: PortPair | None = None
        self._ended = False

    def use_udp(self, ours: PortPair, sound: PortPair) -> None:
        """Packets are to come to these ports. Before `start`."""
        self._ports, self.sound.ports = ours, sound

    def start(self) -> None:
        """Begins with OPTIONS."""
        self._send("OPTIONS", self._url)

    def receive(self, view: memoryview, now_ns: int) -> int:
        """Takes what has come, and returns how much of it is done with; the rest is to be given again, with more.
        Nothing of `view` is kept. `now_ns`: monotonic. Raises IngestError."""
        try:
            return self._receive(view, now_ns)
        finally:
            self._take_pictures()
            if self.stream is not None:
                self.stream.depacketizer.hold()

    def receive_rtp(self, packet: bytes, now_ns: int) -> None:
        """A datagram to our RTP port. `now_ns`: monotonic."""
        if self.stream is not None:
            self.stream.datagram(packet, now_ns)
            self._take_pictures()

    def receive_sound_rtp(self, packet: bytes, now_ns: int) -> None:
        """A datagram to our RTP port for sound."""
        self.events += self.sound.datagram(packet, now_ns)

    def receive_rtcp(self, packet: bytes, now_ns: int) -> None:
        """A datagram to our RTCP port. Raises ConnectionLostError if the camera says farewell."""
        if self.stream is not None:
            self.stream.rtcp(memoryview(packet), now_ns)

    def release(self, now_ns: int) -> None:
        """Gives up datagrams that have been waited for in vain."""
        if self.stream is not None:
            self.stream.release(now_ns)
            self._take_pictures()
            self.events += self.sound.release(now_ns)

    @property
    def lacks_key(self) -> bool:
        """Whether pictures are passed over until the next key picture."""
        return self.stream is not None and self.stream.depacketizer.waiting

    def keep_alive(self) -> None:
        """Tells the camera that we are still there."""
        if self.playing:
            self._send(self._keep_alive_method, self._aggregate_url)

    def report(self, now_ns: int) -> None:
        """Sends receiver reports. `now_ns`: monotonic."""
        if self.playing and self.stream is not None:
            self._send_rtcp(self.stream.report(now_ns))
        if self.playing and self.sound.stream is not None:
            self._send_rtcp(self.sound.stream.report(now_ns), for_sound=True)

    def request_key(self) -> bool:
        """Asks for a key frame by a picture loss indication, which a camera without RTCP feedback passes over; False
        while nothing has come that could be asked about."""
        request = self.stream.key_request() if self.playing and self.stream is not None else None
        if request is not None:
            self._send_rtcp(request)
        return request is not None

    def teardown(self) -> bool:
        """Ends the session; False if there is none to end."""
        if self._ended or not self._session_id:
            return False
        self._send("TEARDOWN", self._aggregate_url)
        self.playing = False
        self._ended = True
        return True

    @property
    def _aggregate_url(self) -> str:
        return self._media.aggregate_url if self._media else self._url

    def _receive(self, view: memoryview, now_ns: int) -> int:
        position, end = 0, len(view)
        stream = self.stream
        while end - position >= 4:
            if view[position] == DOLLAR:
                stop = position + 4 + (view[position + 2] << 8 | view[position + 3])
                if stop > end:
                    break
                channel = view[position + 1]
                if stream is None:
                    pass
                elif channel == self._rtp_channel:
                    stream.receiver.packet(view, position + 4, stop)
                    if stream.depacketizer.going_on:
                        stop = stream.go_on(view, stop, end, channel)
                elif channel == self._rtcp_channel:
                    self._take_pictures()
                    stream.rtcp(view[position + 4 : stop], now_ns)
                elif channel in self.sound.channels:
                    self.events += self.sound.interleaved(view, position + 4, stop, now_ns, channel=channel)
                position = stop
            elif view[position] in b"\r\n":
                position += 1
            else:
                parsed = self._parse(view, position)
                if parsed is None:
                    break
                message, position = parsed
                self._take_pictures()
                if isinstance(message, Request):
                    self._answer(message)
                else:
                    self._receive_response(message)
                stream = self.stream
        return position

    def _take_pictures(self) -> None:
        if self.stream is not None and (pictures := self.stream.depacketizer.pictures):
            self.events += pictures
            pictures.clear()

    def _parse(self, view: memoryview, position: int) -> tuple[Response | Request, int] | None:
        if not 0x41 <= view[position] <= 0x5A:
            raise MessageError("The camera sent something that is neither RTSP nor an interleaved packet.")
        return parse_message(view, position)

    def _send(self, method: str, url: str, *, pending: _Pending | None = None) -> None:
        if len(self._pending) >= PENDING_MAX:
            raise ConnectionLostError("The camera does not answer any more.")
        pending = pending or _Pending(method=method, url=url)
        self._sequence += 1
        headers = {"CSeq": str(self._sequence), "User-Agent": USER_AGENT}
        if method == "DESCRIBE":
            headers["Accept"] = "application/sdp"
        elif method == "SETUP":
            pictures = tcp_header() if self._ports is None else udp_header(self._ports)
            headers["Transport"] = pictures if self.stream is None else self.sound.transport_header()
        elif method == "PLAY":
            headers["Range"] = "npt=0.000-"
        if self._session_id:
            headers["Session"] = self._session_id
        authorization = self._login.header(method, url)
        if authorization is not None:
            headers["Authorization"] = authorization
            pending.tries += 1
        self._pending[self._sequence] = pending
        self.outgoing.append(request_bytes(method, url, headers))

    def _send_rtcp(self, packet: bytes, *, for_sound: bool = False) -> None:
        if self._ports is not None:
            (self.outgoing_sound_rtcp if for_sound else self.outgoing_rtcp).append(packet)
            return
        channel = self.sound.channels[1] if for_sound else self._rtcp_channel
        self.outgoing.append(bytes((DOLLAR, channel)) + len(packet).to_bytes(2, "big") + packet)

    def _answer(self, request: Request) -> None:
        known = request.method in ("OPTIONS", "GET_PARAMETER")
        headers = {"CSeq": request.headers.get("cseq") or "0"}
        self.outgoing.append(response_bytes(200 if known else 501, "OK" if known else "Not Implemented", headers))

    def _receive_response(self, response: Response) -> None:
        text = response.headers.get("cseq") or ""
        sequence = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
        pending = self._pending.pop(sequence, None)
        if pending is None:
            return
        if response.status == 401:
            if self._ended:
                self.events.append(Closed())
                return
            self._login.challenged(response.headers.all("www-authenticate"), tries=pending.tries)
            self._send(pending.method, pending.url, pending=pending)
            return
        if response.status < 300:
            self._login.accepted()
        if pending.method == "TEARDOWN":
            self.events.append(Closed())
        elif self._ended:
            return
        elif self.playing:
            self._kept_alive(pending, response)
        else:
            self._proceed(pending, response)

    def _kept_alive(self, pending: _Pending, response: Response) -> None:
        if response.status == 454:
            raise ConnectionLostError("The camera has forgotten the session.")
        if response.status >= 300 and pending.method == "GET_PARAMETER":
            self._keep_alive_method = "OPTIONS"

    def _proceed(self, pending: _Pending, response: Response) -> None:
        method, status = pending.method, response.status
        if not 200 <= status < 300:
            if method == "OPTIONS":  # some cameras know no OPTIONS; DESCRIBE will tell
                self._send("DESCRIBE", self._url)
                return
            if method == "SETUP" and self.stream is not None:
                self.events += self.sound.refused(status)
                self._send("PLAY", self._aggregate_url)
                return
            raise refusal(method, response, "UDP" if self._ports else "TCP")
        if method == "OPTIONS":
            if "GET_PARAMETER" in (response.headers.get("public") or "").upper():
                self._keep_alive_method = "GET_PARAMETER"
            self._send("DESCRIBE", self._url)
        elif method == "DESCRIBE":
            base = response.headers.get("content-base") or response.headers.get("content-location")
            self._media = parse_video(response.body, request_url=self._url, content_base=base)
            self.events += self.sound.describe(response.body, request_url=self._url, content_base=base)
            self._send("SETUP", self._media.control_url)
        elif method == "SETUP":
            if self.stream is None:
                self._set_up(response)
                sound_url = self.sound.setup_url
            else:
                taken, sound_url = (self._rtp_channel, self._rtcp_channel), None
                self.events += self.sound.set_up(response.headers.get("transport"), taken)
            self._send("SETUP" if sound_url else "PLAY", sound_url or self._aggregate_url)
        elif method == "PLAY":
            self.playing = True
            self.events.append(Playing(keep_alive_seconds=self._keep_alive_seconds))
            if self._media is not None:
                self.events += self.sound.played(response.headers.get("rtp-info"), self._media.control_url)

    def _set_up(self, response: Response) -> None:
        assert self._media is not None
        session = _SESSION.match(response.headers.get("session") or "")
        if session is None:
            raise ProtocolError("The camera's answer to SETUP has no session.")
        self._session_id = session[1]
        self._keep_alive_seconds = max(int(session[2] or SESSION_SECONDS_DEFAULT) / 2, 1.0)
        transport = response.headers.get("transport")
        if self._ports is None:
            self._rtp_channel, self._rtcp_channel = agreed_channels(transport)
        else:
            self.peer_ports = agreed_ports(transport)
        # RTP may come before the answer to PLAY
        self.stream = RtpStream(self._media, ssrc=self._ssrc, cname=self._cname, datagrams=self._ports is not None)
