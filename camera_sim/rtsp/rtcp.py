"""RTCP: what the server sends and what it understands. Pure.

RFC 3550 section 6 (SR, RR, SDES, BYE), RFC 4585 section 6.3.1 (PLI), RFC 5104 section 4.3.1 (FIR).
"""

import struct
from dataclasses import dataclass

_SR, _RR, _SDES, _BYE, _PSFB = 200, 201, 202, 203, 206
_FMT_PLI, _FMT_FIR = 1, 4
_VERSION = 0x80
_CNAME = 1
_NTP_1970_SECONDS = 2_208_988_800


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a receiver's compound packet says. `key_wanted`: SSRCs for which it asks a key frame."""

    report: bool = False
    bye: bool = False
    key_wanted: frozenset[int] = frozenset()


def sender_report(ssrc: int, *, utc_ns: int, rtp_time: int, packets: int, payload_bytes: int, cname: str) -> bytes:
    """A compound packet: SR and SDES with a CNAME. Counters wrap at 32 bits."""
    seconds, ns = divmod(utc_ns, 1_000_000_000)
    ntp = ((seconds + _NTP_1970_SECONDS) & 0xFFFFFFFF, (ns << 32) // 1_000_000_000)
    counters = (packets & 0xFFFFFFFF, payload_bytes & 0xFFFFFFFF)
    report = struct.pack(">BBHIIIIII", _VERSION, _SR, 6, ssrc, *ntp, rtp_time & 0xFFFFFFFF, *counters)
    name = cname.encode("ascii")
    item = bytes((_CNAME, len(name))) + name
    item += bytes(4 - len(item) % 4)
    return report + struct.pack(">BBHI", _VERSION | 1, _SDES, 1 + len(item) // 4, ssrc) + item


def bye(ssrc: int) -> bytes:
    """A compound packet that ends the stream: an empty RR, as every compound begins with a report, and BYE."""
    return struct.pack(">BBHIBBHI", _VERSION, _RR, 1, ssrc, _VERSION | 1, _BYE, 1, ssrc)


def parse(packet: bytes) -> Feedback:
    """Reads a compound packet as far as it is well formed; the rest says nothing."""
    report = left = False
    wanted: set[int] = set()
    at = 0
    while at + 8 <= len(packet):
        first, kind, words = struct.unpack_from(">BBH", packet, at)
        end = at + 4 * (words + 1)
        if first & 0xC0 != _VERSION or end > len(packet):
            break
        report = report or kind in (_SR, _RR)
        left = left or kind == _BYE
        if kind == _PSFB and end - at >= 12:
            wanted |= _key_wanted(first & 0x1F, packet[at:end])
        at = end
    return Feedback(report=report, bye=left, key_wanted=frozenset(wanted))


def _key_wanted(fmt: int, packet: bytes) -> set[int]:
    """PLI names its media source in the header, FIR one in each entry of eight bytes."""
    if fmt == _FMT_PLI:
        return {struct.unpack_from(">I", packet, 8)[0]}
    if fmt == _FMT_FIR:
        return {struct.unpack_from(">I", packet, at)[0] for at in range(12, len(packet) - 7, 8)}
    return set()
