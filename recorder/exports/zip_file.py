"""A ZIP of finished files that is never written: its bytes are known beforehand, so any part of it can be sent. Pure.

Stored, not compressed (video cannot be); with ZIP64 fields where a file or a place needs them (APPNOTE.TXT 6.3.10,
sections 4.3 and 4.5.3). Names are UTF-8.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_LIMIT = 0xFFFFFFFF
_UTF8, _VERSION, _VERSION_64, _MADE_BY_UNIX, _MODE = 0x0800, 20, 45, 3, 0o100644 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes of a download: `data`, or, where there is a `path`, the first `size` bytes of that file."""

    size: int
    data: bytes = b""
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipEntry:
    """A file. `at`: its local time."""

    name: str
    content: Piece
    crc32: int
    at: datetime


def zip_pieces(entries: Sequence[ZipEntry]) -> list[Piece]:
    """The whole ZIP."""
    pieces: list[Piece] = []
    directory, at = b"", 0
    for entry in entries:
        head = _local_head(entry)
        directory += _directory_entry(entry, at)
        pieces += [Piece(size=len(head), data=head), entry.content]
        at += len(head) + entry.content.size
    tail = directory + _end(len(entries), len(directory), at)
    return [*pieces, Piece(size=len(tail), data=tail)]


def _local_head(entry: ZipEntry) -> bytes:
    size, name = entry.content.size, entry.name.encode()
    large = size >= _LIMIT
    extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    shown = _LIMIT if large else size
    return (
        struct.pack(
            "<IHHHIIIIHH",
            0x04034B50,
            _VERSION_64 if large else _VERSION,
            _UTF8,
            0,
            _dos_time(entry.at),
            entry.crc32,
            shown,
            shown,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def _directory_entry(entry: ZipEntry, at: int) -> bytes:
    size, name = entry.content.size, entry.name.encode()
    values = [value for value in (size, size, at) if value >= _LIMIT]
    extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
    version = _VERSION_64 if values else _VERSION
    return (
        struct.pack(
            "<IHHHHIIIIHHHHHII",
            0x02014B50,
            _MADE_BY_UNIX << 8 | version,
            version,
            _UTF8,
            0,
            _dos_time(entry.at),
            entry.crc32,
            min(size, _LIMIT),
            min(size, _LIMIT),
            len(name),
            len(extra),
            0,
            0,
            0,
            _MODE,
            min(at, _LIMIT),
        )
        + name
        + extra
    )


def _end(count: int, directory_bytes: int, at: int) -> bytes:
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, directory_bytes, min(at, _LIMIT), 0)
    if at < _LIMIT:
        return end
    sizes = (count, count, directory_bytes, at)
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, _MADE_BY_UNIX << 8 | _VERSION_64, _VERSION_64, 0, 0, *sizes)
    locator = struct.pack("<IIQI", 0x07064B50, 0, at + directory_bytes, 1)
    return record + locator + end


def _dos_time(at: datetime) -> int:
    """Two seconds' steps from 1980 on: the time in the low half, the date in the high."""
    year = min(max(at.year, 1980), 2107) - 1980
    return (year << 9 | at.month << 5 | at.day) << 16 | at.hour << 11 | at.minute << 5 | at.second // 2
