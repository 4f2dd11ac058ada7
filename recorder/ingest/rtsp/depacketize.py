"""Access units from RTP payloads: what H.264 and H.265 have in common. The subclasses know the payload formats.

Rules:
1. An access unit ends at the marker or where the timestamp changes, once it has a slice.
2. A unit that misses something is dropped, and with it all that follows up to the next key unit: nothing of it would
   decode to what the camera saw.
3. A key unit has a picture at which decoding may begin, or a recovery point (cameras with intra refresh send nothing
   else), and its parameter sets are known.
4. Parameter sets, access unit delimiters and filler data are taken out of the unit; SEI stays in.
"""

import struct
from abc import ABC, abstractmethod
from collections.abc import Container
from dataclasses import dataclass
from typing import ClassVar

from recorder.ingest.rtsp.parameter_sets import ParameterSets, SetRules
from recorder.ingest.rtsp.rtp import TimestampUnwrapper

ACCESS_UNIT_BYTES_MAX = 8 << 20
NAL_UNITS_MAX = 1024
"""NAL units in one access unit."""
PARTS_MAX = 16_384
"""Pieces of one access unit, which is 8 MB in packets of 512 bytes."""

LENGTH = struct.Struct(">I").pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One access unit. `data`: NAL units, each after its length in four bytes; `timestamp`: RTP, 90 kHz, unwrapped;
    `parameter_sets`: the same object as long as they are the same; `restarted`: its time does not continue the
    picture's before (another source took over); `codec`: "h264" or "h265"."""

    codec: str
    data: bytes
    key: bool
    timestamp: int
    parameter_sets: tuple[bytes, ...]
    restarted: bool


class Depacketizer(ABC):
    """Collects `pictures`; the caller takes them out. Payloads stay in the caller's buffer until their unit is
    complete or `hold` is called.

    `going_on`, `closing`: how the next payload begins if it merely goes on with an open NAL unit in parts, or is its
    last part; empty if none is open. Such payloads may come by `go_on` instead of `push`.
    """

    codec: ClassVar[str]
    _slice_kinds: ClassVar[Container[int]]
    _key_kinds: ClassVar[Container[int]]
    _set_rules: ClassVar[SetRules]

    __slots__ = (
        "_bytes",
        "_damaged",
        "_held",
        "_key",
        "_nals",
        "_open_at",
        "_open_bytes",
        "_open_header",
        "_open_kind",
        "_parts",
        "_restarted",
        "_sliced",
        "_timestamp",
        "_unwrapper",
        "_waiting",
        "closing",
        "going_on",
        "parameter_sets",
        "pictures",
        "units_dropped",
    )

    def __init__(self, parameter_sets: tuple[bytes, ...] = ()) -> None:
        self.parameter_sets = ParameterSets(self._set_rules, parameter_sets)
        self.pictures: list[Picture] = []
        self.units_dropped = 0
        self.going_on = self.closing = b""
        self._waiting = True
        self._restarted = True
        self._timestamp = -1
        self._unwrapper = TimestampUnwrapper()
        self._parts: list[bytes | memoryview] = []
        self._held = 0
        self._open_at = -1
        self._open_header = b""
        self._open_kind = self._open_bytes = 0
        self._bytes = self._nals = 0
        self._sliced = self._key = self._damaged = False

    @property
    def waiting(self) -> bool:
        """Whether pictures are passed over until the next key unit."""
        return self._waiting

    @property
    def timestamp(self) -> int:
        """RTP, of the unit that is being collected."""
        return self._timestamp

    def hold(self) -> None:
        """Copies what still lies in the caller's buffer, which may then be overwritten."""
        parts = self._parts
        for i in range(self._held, len(parts)):
            parts[i] = bytes(parts[i])
        self._held = len(parts)

    def lost(self, timestamp: int) -> None:
        """Packets are missing before the one of this timestamp."""
        self._damaged = True
        if timestamp != self._timestamp:
            if self._parts:
                self._end()  # the unit before misses its end …
            self._timestamp = timestamp
            self._damaged = True  # … and this one perhaps its beginning

    def restart(self) -> None:
        """Another source takes over, with its own timestamps."""
        if self._parts:
            self._drop()
        self._clear()
        self._timestamp = -1
        self._waiting = True
        self._restarted = True
        self._unwrapper = TimestampUnwrapper()

    @abstractmethod
    def push(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
        """One payload, `view[start:stop]`."""

    @abstractmethod
    def _nal(self, view: memoryview, start: int, stop: int) -> None:
        """One whole NAL unit."""

    def go_on(self, parts: list[memoryview], size: int, *, last: bool, marker: bool) -> None:
        """Parts of the open NAL unit without their beginnings; none is empty, `size` bytes together."""
        self._parts += parts
        self._open_bytes += size
        if self._open_bytes > ACCESS_UNIT_BYTES_MAX or len(self._parts) > PARTS_MAX:
            self._overflow()
        elif last:
            self._close_fragmented()
        if marker:
            self._end()

    def _open_fragmented(self, header: bytes, kind: int, going_on: bytes) -> None:
        """A NAL unit of this header begins, whose parts are yet to come."""
        if self._open_at >= 0:
            self._damaged = True
        self.going_on, self.closing = going_on, going_on[:-1] + bytes((going_on[-1] | 0x40,))
        self._open_at = len(self._parts)
        self._open_header, self._open_kind = header, kind
        self._open_bytes = len(header)
        self._parts.append(b"")

    def _continue_fragmented(self, part: memoryview, *, last: bool) -> None:
        """The open NAL unit's next part. It may be empty (RFC 6184 section 5.8), and is then not kept."""
        if part:
            self._parts.append(part)
        self._open_bytes += len(part)
        if self._open_bytes > ACCESS_UNIT_BYTES_MAX or len(self._parts) > PARTS_MAX:
            self._overflow()
        elif last:
            self._close_fragmented()

    def _close_fragmented(self) -> None:
        begin, self._open_at = self._open_at, -1
        self.going_on = b""
        if self._open_kind in self._slice_kinds:
            self._parts[begin] = LENGTH(self._open_bytes) + self._open_header
            self._count(self._open_kind, self._open_bytes)
        else:
            nal = self._open_header + b"".join(self._parts[begin + 1 :])
            del self._parts[begin:]
            self._held = min(self._held, begin)
            self._nal(memoryview(nal), 0, len(nal))

    def _add(self, view: memoryview, start: int, stop: int, kind: int) -> None:
        if self._open_at >= 0:
            self._damaged = True  # between the parts of another, whose rest would be taken for its own
        self._parts += (LENGTH(stop - start), view[start:stop])
        self._count(kind, stop - start)

    def _count(self, kind: int, size: int) -> None:
        if kind in self._slice_kinds:
            self._sliced = True
            if kind in self._key_kinds:
                self._key = True
        self._nals += 1
        self._bytes += size + 4
        if self._bytes > ACCESS_UNIT_BYTES_MAX or self._nals > NAL_UNITS_MAX:
            self._overflow()

    def _overflow(self) -> None:
        self._forget()
        self._damaged = True

    def _end(self) -> None:
        if self._open_at >= 0:
            self._damaged = True
        if self._damaged:
            self._drop()
        elif not self._sliced:
            return  # parameter sets or SEI sent ahead with a marker of their own belong to the next picture
        elif self._waiting and not (self._key and self.parameter_sets.complete):
            self._drop()
        else:
            self._waiting = False
            self.pictures.append(
                Picture(
                    codec=self.codec,
                    data=b"".join(self._parts),
                    key=self._key,
                    timestamp=self._unwrapper.unwrap(self._timestamp),
                    parameter_sets=self.parameter_sets.current,
                    restarted=self._restarted,
                )
            )
            self._restarted = False
        self._clear()

    def _drop(self) -> None:
        # Joining a stream in its middle loses nothing that was ever promised.
        if not self._restarted:
            self.units_dropped += 1
        self._waiting = True

    def _clear(self) -> None:
        self._forget()
        self._sliced = self._key = self._damaged = False

    def _forget(self) -> None:
        self._parts.clear()
        self._held = 0
        self._open_at = -1
        self.going_on = b""
        self._bytes = self._nals = 0
