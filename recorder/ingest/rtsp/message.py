"""RTSP 1.0 messages (RFC 2326 sections 4 to 7), as a client meets them. Header names do not depend on case."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from recorder.ingest.errors import MessageError

HEAD_BYTES_MAX = 16 << 10
BODY_BYTES_MAX = 64 << 10
HEADERS_MAX = 64

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(r"RTSP/1\.\d+ +(\d{3})(?: +(.*))?")
_REQUEST_LINE = re.compile(r"([A-Z_]{1,32}) +(\S+) +RTSP/1\.\d+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Headers:
    """Names in lower case with their values, in the order sent; a name may come more than once."""

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The first value of a header (name in lower case), or None."""
        return next((value for key, value in self.fields if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a header (name in lower case)."""
        return tuple(value for key, value in self.fields if key == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    reason: str
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a camera asks of us."""

    method: str
    url: str
    headers: Headers
    body: bytes = b""


def parse_message(view: memoryview, start: int) -> tuple[Response | Request, int] | None:
    """The message that begins at `start`, and where it ends; None if it is not complete yet. Raises MessageError."""
    head = bytes(view[start : start + HEAD_BYTES_MAX])
    end = _END_OF_HEAD.search(head)
    if end is None:
        if len(head) >= HEAD_BYTES_MAX:
            raise MessageError(f"The camera sent a message head longer than {HEAD_BYTES_MAX} bytes.")
        return None
    first, *lines = head[: end.start()].decode("utf-8", "replace").replace("\r", "").split("\n")
    headers = _parse_headers(lines)
    body_start = start + end.end()
    body_stop = body_start + _content_length(headers)
    if body_stop > len(view):
        return None
    body = bytes(view[body_start:body_stop])
    if status := _STATUS_LINE.fullmatch(first):
        return Response(status=int(status[1]), reason=status[2] or "", headers=headers, body=body), body_stop
    if request := _REQUEST_LINE.fullmatch(first):
        return Request(method=request[1], url=request[2], headers=headers, body=body), body_stop
    raise MessageError("The camera sent something that is not RTSP.")


def request_bytes(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    """A request without body. Raises MessageError if url or a value would break out of its line."""
    return _message_bytes(f"{method} {url} RTSP/1.0", headers)


def response_bytes(status: int, reason: str, headers: Mapping[str, str]) -> bytes:
    """A response without body. Raises MessageError like `request_bytes`."""
    return _message_bytes(f"RTSP/1.0 {status} {reason}", headers)


def _message_bytes(first: str, headers: Mapping[str, str]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise MessageError("A header with a line break is never sent.")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def _parse_headers(lines: list[str]) -> Headers:
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name.strip()):
            raise MessageError("The camera sent a header line without a name.")
        if len(fields) == HEADERS_MAX:
            raise MessageError(f"The camera sent more than {HEADERS_MAX} headers.")
        fields.append((name.strip().lower(), value.strip()))
    return Headers(tuple(fields))


def _content_length(headers: Headers) -> int:
    text = headers.get("content-length") or "0"
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise MessageError("The camera sent a Content-Length that is not a number.")
    if int(text) > BODY_BYTES_MAX:
        raise MessageError(f"The camera sent a message body longer than {BODY_BYTES_MAX} bytes.")
    return int(text)
