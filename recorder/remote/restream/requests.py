"""What a client sends over RTSP 1.0 (RFC 2326), read from a stream of bytes, and the answers' bytes. Pure.

What does not parse raises MessageError, and nothing else; where the next message begins cannot be known then.
Interleaved packets (receiver reports) are passed over. The grammar is ingest's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from recorder.ingest.errors import MessageError
from recorder.ingest.rtsp.message import BODY_BYTES_MAX, HEAD_BYTES_MAX, Request, parse_message
from recorder.remote.restream.description import SOUND_TRACK, VIDEO_TRACK

HELD_BYTES_MAX = HEAD_BYTES_MAX + BODY_BYTES_MAX
"""What an unfinished message can make the recorder hold, besides what is read at once."""

REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 451: "Parameter Not Understood", 454: "Session Not Found",
    455: "Method Not Valid in This State", 457: "Invalid Range", 459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport", 500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
    551: "Option Not Supported",
}  # fmt: skip
_CHANNELS = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
_CSEQ = re.compile(r"\d{1,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an address names. `track` None: the whole stream."""

    camera: str
    stream: str
    track: str | None


class Inbox:
    """Bytes in (`feed`), requests out (`take`)."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def unfinished(self) -> bool:
        """Whether the beginning of a message has come and its end has not."""
        return bool(self._held)

    def feed(self, data: bytes) -> None:
        """Adds what was received."""
        self._held += data

    def take(self) -> Request | None:
        """The next whole request; None where more is needed."""
        held, at = self._held, 0
        try:
            while at < len(held):
                if held[at] in b"\r\n":
                    at += 1
                elif held[at] == 0x24:
                    end = at + 4 + int.from_bytes(held[at + 2 : at + 4], "big")
                    if len(held) < max(end, at + 4):
                        return None
                    at = end
                else:
                    with memoryview(held) as view:
                        found = parse_message(view, at)
                    if found is None:
                        return None
                    message, at = found
                    if not isinstance(message, Request):
                        raise MessageError("The client sent an answer.")
                    return message
            return None
        finally:
            del held[:at]


def place_of(url: str) -> Place | None:
    """`rtsp://host/cam1/sub/video`: `/cam1` alone is its main stream. None for what names none."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    names = path.strip("/").split("/")
    track = names.pop() if names[-1] in (VIDEO_TRACK, SOUND_TRACK) and len(names) > 1 else None
    if not names[0] or len(names) > 2 or (len(names) == 2 and names[1] not in ("main", "sub")):
        return None
    return Place(camera=names[0], stream=names[1] if len(names) == 2 else "main", track=track)


def channels_of(transport: str, default: int) -> int | None:
    """The first of the two channels for the first transport offered that is ours (unicast, interleaved in TCP),
    `default` where it names none; None if there is none."""
    for offer in transport.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        values = dict(parameter.partition("=")[::2] for parameter in parameters)
        mode = values.get("mode", "play").strip('"').lower()
        if name.upper() != "RTP/AVP/TCP" or "multicast" in values or mode != "play":
            continue
        if "interleaved" not in values:
            return default
        pair = _CHANNELS.fullmatch(values["interleaved"])
        if pair is not None and int(pair[1]) < 255 and int(pair[2] or int(pair[1]) + 1) == int(pair[1]) + 1:
            return int(pair[1])
    return None


def sequence_of(request: Request) -> str | None:
    """Its CSeq; None if it has none, or one that is no number."""
    value = request.headers.get("cseq") or ""
    return value if value.isascii() and _CSEQ.fullmatch(value) else None


def answer(status: int, sequence: str | None, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """An answer's bytes."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}", *([f"CSeq: {sequence}"] if sequence is not None else [])]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += ["Server: edge-recorder", f"Content-Length: {len(body)}"]
    assert not any("\r" in line or "\n" in line for line in lines)
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
