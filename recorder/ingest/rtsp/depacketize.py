"""H.264 access units from RTP payloads (RFC 6184: single NAL unit and non-interleaved mode).

Rules:
1. An access unit ends at the marker or where the timestamp changes, once it has a slice.
2. A unit that misses something is dropped, and with it all that follows up to the next key unit: nothing of it would
   decode to what the camera saw.
3. A key unit has an IDR slice or a recovery point (annex D.2.8; cameras with intra refresh send no IDR), and its
   parameter sets are known.
4. Parameter sets, access unit delimiters and filler data are taken out of the unit; SEI stays in.
"""

import struct
from dataclasses import dataclass

from recorder.ingest.rtsp.parameter_sets import ParameterSets
from recorder.ingest.rtsp.rtp import TimestampUnwrapper
from recorder.media.h264 import AUD, IDR, PPS, SEI, SPS, recovery_frame_count

ACCESS_UNIT_BYTES_MAX = 8 << 20
NAL_UNITS_MAX = 1024
"""NAL units in one access unit."""

_FILLER = 12
_STAP_A, _FU_A = 24, 28
_LENGTH = struct.Struct(">I").pack
_LENGTH_AND_HEADER = struct.Struct(">IB").pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One access unit. `data`: NAL units, each after its length in four bytes; `timestamp`: RTP, 90 kHz, unwrapped;
    `parameter_sets`: the same object as long as they are the same; `restarted`: its time does not continue the
    picture's before (another source took over)."""

    data: bytes
    key: bool
    timestamp: int
    parameter_sets: tuple[bytes, ...]
    restarted: bool


class Depacketizer:
    """Collects `pictures`; the caller takes them out. Payloads stay in the caller's buffer until their unit is
    complete or `hold` is called."""

    __slots__ = (
        "_bytes",
        "_damaged",
        "_key",
        "_nals",
        "_open_at",
        "_open_bytes",
        "_open_header",
        "_parts",
        "_restarted",
        "_sliced",
        "_timestamp",
        "_unwrapper",
        "_waiting",
        "parameter_sets",
        "pictures",
        "units_dropped",
    )

    def __init__(self, parameter_sets: tuple[bytes, ...] = ()) -> None:
        self.parameter_sets = ParameterSets(parameter_sets)
        self.pictures: list[Picture] = []
        self.units_dropped = 0
        self._waiting = True
        self._restarted = True
        self._timestamp = -1
        self._unwrapper = TimestampUnwrapper()
        self._parts: list[bytes | memoryview] = []
        self._open_at = -1
        self._open_header = self._open_bytes = 0
        self._bytes = self._nals = 0
        self._sliced = self._key = self._damaged = False

    @property
    def waiting(self) -> bool:
        """Whether pictures are passed over until the next key unit."""
        return self._waiting

    @property
    def holds_views(self) -> bool:
        """Whether parts of a unit still lie in the caller's buffer."""
        return bool(self._parts)

    def hold(self) -> None:
        """Copies what still lies in the caller's buffer, which may then be overwritten."""
        self._parts = [bytes(part) for part in self._parts]

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

    def push(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
        """One payload, `view[start:stop]`."""
        if timestamp != self._timestamp:
            if self._parts or self._damaged:
                self._end()
            self._timestamp = timestamp
        if start < stop:
            kind = view[start] & 0x1F
            if kind == _FU_A:
                self._fragment(view, start, stop)
            elif 1 <= kind < _STAP_A:
                self._nal(view, start, stop)
            elif kind == _STAP_A:
                self._aggregate(view, start + 1, stop)
            elif kind < 30 and kind:
                self._damaged = True  # of the interleaved mode, which was not agreed on
        if marker:
            self._end()

    def _fragment(self, view: memoryview, start: int, stop: int) -> None:
        if stop - start < 2:
            self._damaged = True
            return
        header = view[start + 1]
        if header & 0x80:
            if self._open_at >= 0:
                self._damaged = True
            self._open_at = len(self._parts)
            self._open_header = view[start] & 0xE0 | header & 0x1F
            self._open_bytes = 1
            self._parts.append(b"")
        elif self._open_at < 0:
            self._damaged = True
            return
        self._parts.append(view[start + 2 : stop])
        self._open_bytes += stop - start - 2
        if self._open_bytes > ACCESS_UNIT_BYTES_MAX:
            self._overflow()
        elif header & 0x40:
            self._close_fragmented()

    def _close_fragmented(self) -> None:
        kind = self._open_header & 0x1F
        if kind >= SEI or kind == 0:
            nal = bytes((self._open_header,)) + b"".join(self._parts[self._open_at + 1 :])
            del self._parts[self._open_at :]
            self._nal(memoryview(nal), 0, len(nal))
        else:
            self._parts[self._open_at] = _LENGTH_AND_HEADER(self._open_bytes, self._open_header)
            self._count(kind, self._open_bytes)
        self._open_at = -1

    def _aggregate(self, view: memoryview, start: int, stop: int) -> None:
        while start < stop:
            if stop - start < 3:
                self._damaged = True
                return
            size = view[start] << 8 | view[start + 1]
            start += 2
            if not 0 < size <= stop - start:
                self._damaged = True
                return
            if 1 <= view[start] & 0x1F < _STAP_A:
                self._nal(view, start, start + size)
            start += size

    def _nal(self, view: memoryview, start: int, stop: int) -> None:
        kind = view[start] & 0x1F
        if kind in (SPS, PPS):
            self.parameter_sets.offer(bytes(view[start:stop]))
            return
        if kind in (AUD, _FILLER, 0):
            return
        if kind == SEI and recovery_frame_count(bytes(view[start:stop])) is not None:
            self._key = True
        self._parts += (_LENGTH(stop - start), view[start:stop])
        self._count(kind, stop - start)

    def _count(self, kind: int, size: int) -> None:
        if kind <= IDR:
            self._sliced = True
            if kind == IDR:
                self._key = True
        self._nals += 1
        self._bytes += size + 4
        if self._bytes > ACCESS_UNIT_BYTES_MAX or self._nals > NAL_UNITS_MAX:
            self._overflow()

    def _overflow(self) -> None:
        self._parts.clear()
        self._open_at = -1
        self._bytes = self._nals = 0
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
        self._parts.clear()
        self._open_at = -1
        self._bytes = self._nals = 0
        self._sliced = self._key = self._damaged = False
