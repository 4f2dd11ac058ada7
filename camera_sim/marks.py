"""The mark each picture carries, as an SEI message: docs/protocols.md, "Picture marks of the simulator".

NAL unit syntax: ITU-T H.264 and H.265 section 7.3.1; SEI: annex D.2.7 of both (user_data_unregistered).
"""

import re
import struct
import uuid
from dataclasses import dataclass

from camera_sim.codec import H264, H265, Codec

MARK_UUID = uuid.UUID("9a2b4c6d-5e7f-4a1b-8c3d-ed9e5eca3e1a").bytes
_BODY = struct.Struct(">B16sBQQQ16sI")
_VERSION = 1
_NAL_SEI = 6
_USER_DATA_UNREGISTERED = 5
_STREAMS = ("main", "sub")
_NEEDS_ESCAPE = re.compile(rb"\0\0(?=[\0-\3])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMark:
    """What the simulator says of one picture. `crc32` is over its slice NAL units, headers included."""

    camera: str
    stream: str
    n: int
    counter: int
    utc_us: int
    state: str
    crc32: int


def build_sei(mark: PictureMark, codec: Codec = H264) -> bytes:
    """The SEI NAL unit of a mark, without start code, emulation prevention in place."""
    body = MARK_UUID + _BODY.pack(
        _VERSION,
        mark.camera.encode("ascii"),
        _STREAMS.index(mark.stream),
        mark.n,
        mark.counter,
        mark.utc_us,
        mark.state.encode("ascii"),
        mark.crc32,
    )
    return codec.sei_header + _escape(bytes([_USER_DATA_UNREGISTERED, len(body)]) + body + b"\x80")


def parse_sei(data: bytes) -> PictureMark | None:
    """The mark in an SEI NAL unit (with or without start code), or in bare user data that begins with the UUID, as
    decoders hand it out. None for anything else, malformed data included."""
    if data.startswith(MARK_UUID):
        return _parse_body(data)
    for code in (b"\0\0\0\1", b"\0\0\1"):
        data = data.removeprefix(code)
    codec = next((codec for codec in (H265, H264) if data.startswith(codec.sei_header)), None)
    if codec is None:
        if not data or data[0] & 0x9F != _NAL_SEI:
            return None
        codec = H264
    payload = _unescape(data[codec.header_bytes :])
    at = 0
    while at + 2 <= len(payload):
        kind, at = _varlen(payload, at)
        size, at = _varlen(payload, at)
        if kind == _USER_DATA_UNREGISTERED and payload[at : at + 16] == MARK_UUID:
            return _parse_body(payload[at : at + size])
        at += size
    return None


def _parse_body(body: bytes) -> PictureMark | None:
    if len(body) != 16 + _BODY.size:
        return None
    version, camera, stream, n, counter, utc_us, state, crc32 = _BODY.unpack(body[16:])
    if version != _VERSION or stream >= len(_STREAMS) or not (camera.isascii() and state.isascii()):
        return None
    return PictureMark(
        camera=camera.rstrip(b"\0").decode("ascii"),
        stream=_STREAMS[stream],
        n=n,
        counter=counter,
        utc_us=utc_us,
        state=state.rstrip(b"\0").decode("ascii"),
        crc32=crc32,
    )


def _varlen(payload: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(payload) and payload[at] == 0xFF:
        value += 255
        at += 1
    return (value + payload[at], at + 1) if at < len(payload) else (value, at)


def _escape(rbsp: bytes) -> bytes:
    return _NEEDS_ESCAPE.sub(b"\0\0\3", rbsp)


def _unescape(data: bytes) -> bytes:
    return data.replace(b"\0\0\3", b"\0\0")
