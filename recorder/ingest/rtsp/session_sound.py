"""The sound's part of an RTSP session: chosen from the description, set up beside the pictures, received. Whatever goes
wrong with it, the pictures come without it."""

import re
from dataclasses import dataclass

from recorder.ingest.errors import UnsupportedTransportError
from recorder.ingest.rtsp.depacketize_sound import SoundPacket
from recorder.ingest.rtsp.sdp_sound import SoundMedia, parse_sound
from recorder.ingest.rtsp.sound_stream import SoundStream
from recorder.ingest.rtsp.transport import PortPair, agreed_channels, agreed_ports, tcp_header, udp_header

STREAMS_MAX = 16
"""Streams looked at in an answer to PLAY."""
_INFO_URL = re.compile(r"url\s*=\s*([^;\s]+)", re.IGNORECASE)
_INFO_TIME = re.compile(r"rtptime\s*=\s*(\d{1,10})", re.IGNORECASE)
CHANNEL = 2
"""Asked for, for RTP; RTCP is the next one. The pictures have 0 and 1."""


@dataclass(frozen=True, slots=True)
class NoSound:
    """The camera has sound that cannot be had."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundStart:
    """RTP times (32 bits) of pictures and sound that belong together, by the camera's answer to PLAY."""

    pictures: int
    sound: int


SoundEvent = SoundMedia | SoundPacket | SoundStart | NoSound
"""A SoundMedia comes once, when its sound is agreed on."""


class SessionSound:
    """`ports`: ours, over UDP; `peer_ports`: the camera's then. `channels`: RTP and RTCP, over TCP; -1 while there are
    none. `setup_url`: what to send SETUP to, after the pictures' is answered; None without sound."""

    def __init__(self, *, wanted: bool, ssrc: int, cname: str) -> None:
        self.ports: PortPair | None = None
        self.peer_ports: PortPair | None = None
        self.channels = (-1, -1)
        self.stream: SoundStream | None = None
        self.setup_url: str | None = None
        self._media: SoundMedia | None = None
        self._wanted = wanted
        self._ssrc = ssrc
        self._cname = cname

    def describe(self, body: bytes, *, request_url: str, content_base: str | None) -> list[SoundEvent]:
        """Chooses from a session description."""
        if not self._wanted:
            return []
        found = parse_sound(body, request_url=request_url, content_base=content_base)
        if isinstance(found, SoundMedia):
            self._media, self.setup_url = found, found.control_url
        elif found:
            return [NoSound(f"the camera sends {found}; set it to AAC or G.711")]
        return []

    def transport_header(self) -> str:
        """For SETUP."""
        return tcp_header(CHANNEL) if self.ports is None else udp_header(self.ports)

    def set_up(self, transport: str | None, taken: tuple[int, int]) -> list[SoundEvent]:
        """SETUP has been answered. `taken`: the pictures' channels."""
        assert self._media is not None
        try:
            if self.ports is not None:
                self.peer_ports = agreed_ports(transport)
            else:
                channels = agreed_channels(transport, CHANNEL)
                if set(channels) & set(taken):
                    return [NoSound("the camera mixes it with the pictures")]
                self.channels = channels
        except UnsupportedTransportError as error:
            return [NoSound(str(error))]
        self.stream = SoundStream(self._media, ssrc=self._ssrc, cname=self._cname, datagrams=self.ports is not None)
        return [self._media]

    def played(self, rtp_info: str | None, pictures_url: str) -> list[SoundEvent]:
        """PLAY has been answered with this RTP-Info (RFC 2326 section 12.33), which may be missing or nonsense."""
        times: dict[str, int] = {}
        for part in (rtp_info or "").split(",")[:STREAMS_MAX]:
            url, time = _INFO_URL.search(part), _INFO_TIME.search(part)
            if url is not None and time is not None and int(time[1]) < 1 << 32:
                times[url[1]] = int(time[1])
        if self.stream is None or self.setup_url not in times or pictures_url not in times:
            return []
        return [SoundStart(pictures=times[pictures_url], sound=times[self.setup_url])]

    def refused(self, status: int) -> list[SoundEvent]:
        """SETUP has been refused."""
        return [NoSound(f"the camera refuses SETUP: {status}")]

    def interleaved(self, view: memoryview, start: int, stop: int, now_ns: int, *, channel: int) -> list[SoundPacket]:
        """A packet over TCP, of one of `channels`."""
        assert self.stream is not None
        if channel == self.channels[1]:
            self.stream.rtcp(view[start:stop], now_ns)
            return []
        self.stream.receiver.packet(view, start, stop)
        return self.stream.take()

    def datagram(self, packet: bytes, now_ns: int) -> list[SoundPacket]:
        """An RTP packet over UDP."""
        if self.stream is None:
            return []
        self.stream.datagram(packet, now_ns)
        return self.stream.take()

    def rtcp(self, packet: bytes, now_ns: int) -> None:
        """A compound packet over UDP."""
        if self.stream is not None:
            self.stream.rtcp(memoryview(packet), now_ns)

    def release(self, now_ns: int) -> list[SoundPacket]:
        """Gives up datagrams that have been waited for in vain."""
        if self.stream is None:
            return []
        self.stream.release(now_ns)
        return self.stream.take()
