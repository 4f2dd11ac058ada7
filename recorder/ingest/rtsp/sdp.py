"""The video of a session description (RFC 8866; RFC 6184 section 8.1; RFC 7798 section 7.1; RFC 2326 appendix C)."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from recorder.ingest.errors import SdpError, UnsupportedError
from recorder.media import h264, h265

LINES_MAX = 2000
SPROP_SETS_MAX = 16
SPROP_BYTES_MAX = 4096

_CODECS: Mapping[str, str] = {"H264": "h264", "H265": "h265"}
_RTPMAP = re.compile(r"(\d{1,3}) +([A-Za-z0-9._-]+)/(\d{1,7})(?:/.*)?")
_ABSOLUTE = re.compile(r"rtspu?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoMedia:
    """`codec`: "h264" or "h265"; `control_url`: for SETUP; `aggregate_url`: for PLAY and the rest. `parameter_sets`:
    NAL units of the sprop parameters, as far as they can be read; a camera may leave them out or send nonsense."""

    codec: str
    control_url: str
    aggregate_url: str
    payload_type: int
    parameter_sets: tuple[bytes, ...]


@dataclass(slots=True)
class Section:
    """One media description; the first of all is the session's own."""

    media: str = ""
    formats: list[str] = field(default_factory=list)
    control: str | None = None
    rtpmap: dict[str, tuple[str, int]] = field(default_factory=dict)
    fmtp: dict[str, str] = field(default_factory=dict)


def parse_video(body: bytes, *, request_url: str, content_base: str | None) -> VideoMedia:
    """The first H.264 or H.265 video. `content_base`: Content-Base or Content-Location of the answer.
    Raises SdpError if this is no SDP, UnsupportedError if it has no such video."""
    session, *media = read_sections(body)
    aggregate = resolved(request_url, content_base, session.control)
    offered = []
    for section in media:
        if section.media != "video":
            continue
        for payload_type in section.formats:
            name, rate = section.rtpmap.get(payload_type, ("", 0))
            offered.append(name or f"RTP payload type {payload_type}")
            codec = _CODECS.get(name.upper())
            if codec and rate == 90_000:
                return VideoMedia(
                    codec=codec,
                    control_url=resolved(request_url, content_base, section.control),
                    aggregate_url=aggregate,
                    payload_type=int(payload_type),
                    parameter_sets=_parameter_sets(codec, section.fmtp.get(payload_type, "")),
                )
    if offered:
        raise UnsupportedError(f"The camera sends {', '.join(offered[:4])}; set it to H.264 or H.265.")
    raise UnsupportedError("The camera's address has no video stream.")


def fmtp_parameters(fmtp: str) -> dict[str, str]:
    """The parameters of an fmtp attribute, their names in lower case."""
    return {key.strip().lower(): value.strip() for key, _, value in (part.partition("=") for part in fmtp.split(";"))}


def _parameter_sets(codec: str, fmtp: str) -> tuple[bytes, ...]:
    """The sets in an fmtp attribute. Raises UnsupportedError if it announces a packet format that is not read."""
    parameters = fmtp_parameters(fmtp)
    if codec == "h264":
        if parameters.get("packetization-mode", "0") not in ("0", "1"):
            raise UnsupportedError("The camera sends H.264 in interleaved packets (packetization-mode 2).")
        return _sprop(parameters.get("sprop-parameter-sets", ""), h264.is_parameter_set)
    if parameters.get("sprop-max-don-diff", "0") != "0":
        raise UnsupportedError("The camera sends H.265 in interleaved packets (sprop-max-don-diff).")
    text = ",".join(parameters[name] for name in ("sprop-vps", "sprop-sps", "sprop-pps") if parameters.get(name))
    return _sprop(text, h265.is_parameter_set)


def _sprop(text: str, wanted: Callable[[bytes], bool]) -> tuple[bytes, ...]:
    sets = []
    for part in text.split(",")[:SPROP_SETS_MAX]:
        try:
            nal = base64.b64decode(part.strip() + "=" * (-len(part.strip()) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if 4 <= len(nal) <= SPROP_BYTES_MAX and wanted(nal):
            sets.append(nal)
    return tuple(sets)


def resolved(request_url: str, content_base: str | None, control: str | None) -> str:
    """The address of a control attribute."""
    base = content_base.strip() if content_base and _ABSOLUTE.match(content_base.strip()) else request_url
    # Cameras mean "append", not the path arithmetic of RFC 3986: "…/stream" and "track1" is "…/stream/track1".
    if control is None or control in ("*", ""):
        return base
    if _ABSOLUTE.match(control):
        return control
    return base.rstrip("/") + "/" + control.lstrip("/")


def read_sections(body: bytes) -> list[Section]:
    """The session's own lines, then each media description. Raises SdpError."""
    text = body.decode("utf-8", "replace")
    lines = text.replace("\r", "\n").split("\n")
    if len(lines) > LINES_MAX or not text.lstrip().startswith("v="):
        raise SdpError("The camera's answer to DESCRIBE is no session description.")
    sections = [Section()]
    for line in lines:
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            media, *rest = value.split()[:64] or [""]
            formats = [item for item in rest[2:] if item.isascii() and item.isdecimal() and int(item) < 128]
            sections.append(Section(media=media.lower(), formats=formats))
        elif kind == "a":
            _attribute(sections[-1], value)
    return sections


def _attribute(section: Section, value: str) -> None:
    name, _, rest = value.partition(":")
    rest = rest.strip()
    if name == "control":
        section.control = rest
    elif name == "rtpmap" and (match := _RTPMAP.fullmatch(rest)):
        section.rtpmap[match[1]] = (match[2], int(match[3]))
    elif name == "fmtp":
        payload_type, _, parameters = rest.partition(" ")
        section.fmtp[payload_type] = parameters
