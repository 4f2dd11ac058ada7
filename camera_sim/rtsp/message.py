"""RTSP 1.0 as bytes: requests and interleaved frames in, responses out (RFC 2326 sections 4 to 7 and 10.12). Pure.

Rules
1. Text and `$` frames may be mixed, and cut anywhere. Empty lines before a request are skipped (section 4.1 of RFC
   2616).
2. Header names have no case; a header given twice is joined with a comma; a folded line continues the one before.
3. Lines end with CRLF; a bare LF is understood.
4. What does not parse raises MessageError with the status of the answer; nothing else is ever raised. The parser is
   then done: where the next message begins cannot be known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from camera_sim.errors import MessageError

HEAD_BYTES_MAX = 8 << 10
HEADERS_MAX = 64
BODY_BYTES_MAX = 64 << 10
URI_CHARACTERS_MAX = 1024
REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 413: "Request Entity Too Large", 414: "Request-URI Too Large",
    451: "Parameter Not Understood", 453: "Not Enough Bandwidth",
    454: "Session Not Found", 455: "Method Not Valid in This State", 457: "Invalid Range",
    459: "Aggregate Operation Not Allowed", 461: "Unsupported Transport", 501: "Not Implemented",
    503: "Service Unavailable", 505: "RTSP Version Not Supported", 551: "Option Not Supported",
}  # fmt: skip
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(r"[A-Z]+/\d\.\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`headers` by lower-case name. `sequence` is the CSeq as it was sent, None if missing or no number."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def sequence(self) -> str | None:
        return _sequence(self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An interleaved binary packet."""

    channel: int
    payload: bytes


class Parser:
    """Bytes in (`feed`), messages out (`next_message`). Holds at most one unfinished message."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Adds what was received."""
        self._buffer += data

    def next_message(self) -> Request | Frame | None:
        """The next whole message; None if more bytes are needed. Raises MessageError (rule 4)."""
        buffer = self._buffer
        blank = len(buffer) - len(buffer.lstrip(b"\r\n"))
        del buffer[:blank]
        if not buffer:
            return None
        return self._frame() if buffer[0] == 0x24 else self._request()

    def _frame(self) -> Frame | None:
        buffer = self._buffer
        if len(buffer) < 4 or len(buffer) < (end := 4 + int.from_bytes(buffer[2:4], "big")):
            return None
        frame = Frame(channel=buffer[1], payload=bytes(buffer[4:end]))
        del buffer[:end]
        return frame

    def _request(self) -> Request | None:
        buffer = self._buffer
        end = _END_OF_HEAD.search(buffer, 0, HEAD_BYTES_MAX)
        if end is None:
            if len(buffer) >= HEAD_BYTES_MAX:
                raise MessageError(413, f"the head of a request is longer than {HEAD_BYTES_MAX} bytes")
            return None
        method, uri, headers = _head(bytes(buffer[: end.start()]))
        length = _content_length(headers)
        if len(buffer) < end.end() + length:
            return None
        request = Request(method=method, uri=uri, headers=headers, body=bytes(buffer[end.end() : end.end() + length]))
        del buffer[: end.end() + length]
        return request


def response(
    status: int,
    sequence: str | None,
    headers: Mapping[str, str | tuple[str, ...]] | None = None,
    body: bytes = b"",
    *,
    server: str,
) -> bytes:
    """The bytes of a response. `sequence`: the request's CSeq, if it had one. A header of several values gets several
    lines."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}"]
    if sequence is not None:
        lines.append(f"CSeq: {sequence}")
    lines.append(f"Server: {server}")
    for name, value in (headers or {}).items():
        lines += (f"{name}: {one}" for one in ((value,) if isinstance(value, str) else value))
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + body


def _head(head: bytes) -> tuple[str, str, dict[str, str]]:
    try:
        lines = head.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise MessageError(400, f"byte {error.start} of the request is not UTF-8") from None
    headers = _headers(lines[1:])
    sequence = _sequence(headers)
    parts = lines[0].split(" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not _VERSION.fullmatch(parts[2]) or not parts[1]:
        raise MessageError(400, f"no request line: {lines[0][:80]!r}", sequence)
    method, uri, version = parts
    if version != "RTSP/1.0":
        raise MessageError(505, f"version {version} is not RTSP/1.0", sequence)
    if len(uri) > URI_CHARACTERS_MAX:
        raise MessageError(414, f"the address is longer than {URI_CHARACTERS_MAX} characters", sequence)
    return method, uri, headers


def _headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > HEADERS_MAX:
        raise MessageError(413, f"more than {HEADERS_MAX} header lines")
    headers: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1] in (" ", "\t") and name:
            headers[name] = f"{headers[name]} {line.strip()}"
            continue
        given, colon, value = line.partition(":")
        name = given.rstrip().lower()
        if not colon or not _TOKEN.fullmatch(name):
            raise MessageError(400, f"no header line: {line[:80]!r}", _sequence(headers))
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return headers


def _sequence(headers: Mapping[str, str]) -> str | None:
    value = headers.get("cseq", "")
    return value if value.isascii() and value.isdecimal() and len(value) <= 10 else None


def _content_length(headers: Mapping[str, str]) -> int:
    value = headers.get("content-length", "0")
    if not (value.isascii() and value.isdecimal()) or len(value) > 10:
        raise MessageError(400, f"Content-Length {value[:20]!r} is no number", _sequence(headers))
    if int(value) > BODY_BYTES_MAX:
        raise MessageError(413, f"a body of {value} bytes is longer than {BODY_BYTES_MAX}", _sequence(headers))
    return int(value)
