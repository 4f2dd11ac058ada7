"""The Transport header of SETUP (RFC 2326 section 12.39) for one stream, over TCP or UDP."""

import re
from dataclasses import dataclass
from typing import Literal

from recorder.ingest.errors import UnsupportedTransportError

TransportKind = Literal["tcp", "udp"]

_INTERLEAVED = re.compile(r"interleaved\s*=\s*(\d{1,3})(?:-(\d{1,3}))?", re.IGNORECASE)
_SERVER_PORT = re.compile(r"server_port\s*=\s*(\d{1,5})(?:-(\d{1,5}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortPair:
    rtp: int
    rtcp: int


def tcp_header(channel: int = 0) -> str:
    """What we ask for, over TCP: RTP on this channel, RTCP on the next."""
    return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"


def udp_header(ours: PortPair) -> str:
    """What we ask for, over UDP."""
    return f"RTP/AVP;unicast;client_port={ours.rtp}-{ours.rtcp}"


def agreed_channels(value: str | None, channel: int = 0) -> tuple[int, int]:
    """RTP and RTCP channel in the camera's answer to `tcp_header`; without a word of them, those asked for.
    Raises UnsupportedTransportError if it means to send otherwise."""
    if value is not None and "TCP" not in value.upper():
        raise UnsupportedTransportError("The camera does not send RTP over TCP.")
    match = _INTERLEAVED.search(value or "")
    if match is None:
        return channel, channel + 1
    rtp = int(match[1])
    return rtp, int(match[2] or rtp + 1)


def agreed_ports(value: str | None) -> PortPair | None:
    """The camera's ports in its answer to `udp_header`; None if it does not name them, it can then be told nothing.
    Raises UnsupportedTransportError if it means to send otherwise."""
    text = (value or "").upper()
    if "TCP" in text:
        raise UnsupportedTransportError("The camera does not send RTP over UDP.")
    if "MULTICAST" in text:
        raise UnsupportedTransportError("The camera sends RTP to many at once (multicast) only.")
    match = _SERVER_PORT.search(value or "")
    if match is None:
        return None
    rtp = int(match[1])
    rtcp = int(match[2] or rtp + 1)
    return PortPair(rtp=rtp, rtcp=rtcp) if 0 < rtp < 65536 and 0 < rtcp < 65536 else None
