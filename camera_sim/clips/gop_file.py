"""One encoded group of pictures, and its file in the cache.

File: magic, CRC-32 of the rest, then the rest: `>HH` (parameter sets, pictures), `>H` slices and `>i` shift of each
picture, `>I` length of each NAL unit (parameter sets first, then slices in order), and the NAL units. Written beside
its name and moved into place.
"""

import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from camera_sim.errors import ClipError

_MAGIC = b"GOPS\x00\x02\r\n"
_HEAD = struct.Struct(">8sI")
_COUNTS = struct.Struct(">HH")
FILE_BYTES_MAX = 64 << 20
"""No group of pictures is larger; a larger file is foreign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The slice NAL units of one picture, without start codes; `crc32` is over all of them. `shift`: how much later
    than at its turn it is shown, in 90 kHz ticks."""

    slices: tuple[bytes, ...]
    shift: int = 0
    crc32: int = field(init=False)

    def __post_init__(self) -> None:
        crc = 0
        for nal in self.slices:
            crc = zlib.crc32(nal, crc)
        object.__setattr__(self, "crc32", crc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gop:
    """A closed group: the first picture is an IDR, none refers to another group. `parameter_sets`: SPS, PPS."""

    parameter_sets: tuple[bytes, ...]
    pictures: tuple[Picture, ...]


def pack(gop: Gop) -> bytes:
    """The bytes of the group's file."""
    nals = [*gop.parameter_sets, *(nal for picture in gop.pictures for nal in picture.slices)]
    body = b"".join(
        (
            _COUNTS.pack(len(gop.parameter_sets), len(gop.pictures)),
            struct.pack(f">{len(gop.pictures)}H", *(len(picture.slices) for picture in gop.pictures)),
            struct.pack(f">{len(gop.pictures)}i", *(picture.shift for picture in gop.pictures)),
            struct.pack(f">{len(nals)}I", *map(len, nals)),
            *nals,
        )
    )
    return _HEAD.pack(_MAGIC, zlib.crc32(body)) + body


def unpack(data: bytes) -> Gop:
    """The group in a file's bytes. Raises ClipError if a single bit is not as it was written."""
    if len(data) < _HEAD.size + _COUNTS.size:
        raise ClipError(f"{len(data)} bytes are no group of pictures")
    magic, crc = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    if magic != _MAGIC or zlib.crc32(body) != crc:
        raise ClipError("torn or foreign file: checksum differs")
    sets, pictures = _COUNTS.unpack_from(body)
    at = _COUNTS.size
    slices = struct.unpack_from(f">{pictures}H", body, at)
    at += 2 * pictures
    shifts = struct.unpack_from(f">{pictures}i", body, at)
    at += 4 * pictures
    lengths = struct.unpack_from(f">{sets + sum(slices)}I", body, at)
    at += 4 * len(lengths)
    nals = []
    for length in lengths:
        nals.append(bytes(body[at : at + length]))
        at += length
    rest = iter(nals[sets:])
    return Gop(
        parameter_sets=tuple(nals[:sets]),
        pictures=tuple(
            Picture(slices=tuple(next(rest) for _ in range(count)), shift=shift)
            for count, shift in zip(slices, shifts, strict=True)
        ),
    )


def write(path: Path, gop: Gop) -> None:
    """Writes the file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(pack(gop))
    part.replace(path)


def read(path: Path) -> Gop:
    """The group in a file. Raises ClipError, also if there is no such file."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ClipError(f"{path}: larger than {FILE_BYTES_MAX >> 20} MiB")
        return unpack(path.read_bytes())
    except OSError as error:
        raise ClipError(f"{path}: {error.strerror}") from None
    except ClipError as error:
        raise ClipError(f"{path}: {error}") from None
