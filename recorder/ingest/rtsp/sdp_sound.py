"""The sound of a session description: AAC (RFC 3640 section 4.1) and G.711 (RFC 3551 section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from recorder.ingest.rtsp.sdp import Section, fmtp_parameters, read_sections, resolved
from recorder.media.aac import low_complexity_config, sound_format
from recorder.media.access_unit import SoundFormat
from recorder.media.errors import ParameterSetError

SoundCodec = Literal["aac", "pcmu", "pcma"]

G711_RATE = 8000
ENCODED_RATE = 16_000
"""Of the AAC that G.711 becomes: its frames are half as long as at the rate of the original."""
HEADER_BITS_MAX = 32

_STATIC: Mapping[str, SoundCodec] = {"0": "pcmu", "8": "pcma"}  # payload types without an rtpmap
_G711: Mapping[str, SoundCodec] = {"PCMU": "pcmu", "PCMA": "pcma"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundMedia:
    """`clock`: RTP ticks a second; `format`: what is recorded (of G.711 it is made here); the bits are those of AU
    headers."""

    codec: SoundCodec
    control_url: str
    payload_type: int
    clock: int
    format: SoundFormat
    size_bits: int = 0
    index_bits: int = 0
    delta_bits: int = 0

    @property
    def frame_ticks(self) -> int:
        """Of RTP time, that a frame of `format` lasts."""
        return self.format.frame_samples * self.clock // self.format.rate


def parse_sound(body: bytes, *, request_url: str, content_base: str | None) -> SoundMedia | str | None:
    """The first sound that can be recorded; None if there is no sound at all; what there is in a few words, if none of
    it can be. Arguments and SdpError as of `sdp.parse_video`."""
    _, *media = read_sections(body)
    offered: list[str] = []
    for section in media:
        if section.media != "audio":
            continue
        for payload_type in section.formats:
            name, clock = section.rtpmap.get(payload_type, (_STATIC.get(payload_type, "").upper(), G711_RATE))
            control_url = resolved(request_url, content_base, section.control)
            found = _g711(name, clock, payload_type, control_url) or _aac(
                section, name, clock, payload_type, control_url
            )
            if found is not None:
                return found
            offered.append(name or f"RTP payload type {payload_type}")
    return ", ".join(offered[:4]) or None


def _g711(name: str, clock: int, payload_type: str, control_url: str) -> SoundMedia | None:
    codec = _G711.get(name.upper())
    if codec is None or clock != G711_RATE:
        return None
    return SoundMedia(
        codec=codec,
        control_url=control_url,
        payload_type=int(payload_type),
        clock=clock,
        format=sound_format(low_complexity_config(ENCODED_RATE, 1)),
    )


def _aac(section: Section, name: str, clock: int, payload_type: str, control_url: str) -> SoundMedia | None:
    parameters = fmtp_parameters(section.fmtp.get(payload_type, ""))
    if name.upper() != "MPEG4-GENERIC" or parameters.get("mode", "").lower() not in ("aac-hbr", "aac-lbr"):
        return None
    bits = [parameters.get(key, "0") for key in ("sizelength", "indexlength", "indexdeltalength")]
    if not all(text.isascii() and text.isdecimal() and int(text[:4]) <= HEADER_BITS_MAX for text in bits):
        return None
    size_bits, index_bits, delta_bits = (int(text[:4]) for text in bits)
    try:
        format = sound_format(bytes.fromhex(parameters.get("config", "")[:256]))
    except (ParameterSetError, ValueError):
        return None
    if not size_bits or clock not in (format.rate, 2 * format.rate):
        return None
    return SoundMedia(
        codec="aac",
        control_url=control_url,
        payload_type=int(payload_type),
        clock=clock,
        format=format,
        size_bits=size_bits,
        index_bits=index_bits,
        delta_bits=delta_bits,
    )
