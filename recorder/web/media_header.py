"""The 16 bytes before each binary media message (docs/protocols.md, "Media header"). Pure."""

import struct
from dataclasses import dataclass
from enum import IntEnum

_LAYOUT = struct.Struct(">BBHIQ")
HEADER_BYTES = _LAYOUT.size
_SEQUENCE_MASK = (1 << 32) - 1
_STREAMS = ("main", "sub")


class MediaKind(IntEnum):
    INIT = 1
    FRAGMENT = 2
    ACCESS_UNIT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaHeader:
    """`sequence` counts the media messages of one connection from 0; `label_us` is wall time since 1970. `hidden`: only
    to be decoded (playback)."""

    kind: MediaKind
    key: bool
    stream: str
    sequence: int
    label_us: int
    hidden: bool = False

    def pack(self) -> bytes:
        """The header's 16 bytes, big-endian."""
        return _LAYOUT.pack(
            self.kind,
            self.key | self.hidden << 1,
            _STREAMS.index(self.stream),
            self.sequence & _SEQUENCE_MASK,
            self.label_us,
        )


def parse_media_header(message: bytes) -> MediaHeader:
    """The header of a media message. Raises ValueError for anything else."""
    if len(message) < HEADER_BYTES:
        raise ValueError(f"{len(message)} bytes are too few for a media header")
    kind, flags, stream, sequence, label_us = _LAYOUT.unpack_from(message)
    if stream >= len(_STREAMS):
        raise ValueError(f"no stream has the number {stream}")
    return MediaHeader(
        kind=MediaKind(kind),
        key=bool(flags & 1),
        stream=_STREAMS[stream],
        sequence=sequence,
        label_us=label_us,
        hidden=bool(flags & 2),
    )
