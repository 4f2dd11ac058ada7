"""H.265 over RTP (RFC 7798: single NAL units, aggregation packets, fragmentation units; no DONL fields).

A key unit has an IRAP picture (IDR, CRA, BLA) or a recovery point (ITU-T H.265 section D.3.8). RASL pictures after the
IRAP picture with which reception begins need pictures that were never received, and are left out (section 8.1.3).
"""

from recorder.ingest.rtsp.depacketize import Depacketizer
from recorder.ingest.rtsp.parameter_sets import SetRules
from recorder.media.h265 import (
    AUD,
    FILLER,
    IRAP,
    PPS,
    PREFIX_SEI,
    RASL,
    SPS,
    VCL,
    VPS,
    has_recovery_point,
    nal_type,
    parameter_set_id,
)

SETS = SetRules(kept_max={VPS: 4, SPS: 4, PPS: 16}, kind_of=nal_type, id_of=parameter_set_id)

_AP, _FU = 48, 49
_HEADER_BYTES = 2


class H265Depacketizer(Depacketizer):
    """See Depacketizer."""

    codec = "h265"
    _slice_kinds = VCL
    _key_kinds = IRAP
    _set_rules = SETS

    __slots__ = ("_joined", "_leading")

    def __init__(self, parameter_sets: tuple[bytes, ...] = ()) -> None:
        super().__init__(parameter_sets)
        self._joined = self._leading = False

    def push(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
        if timestamp != self._timestamp:
            if self._parts or self._damaged:
                self._end()
            self._timestamp = timestamp
        if stop - start > _HEADER_BYTES:
            kind = view[start] >> 1 & 0x3F
            if kind == _FU:
                self._fragment(view, start, stop)
            elif kind < _AP:
                self._nal(view, start, stop)
            elif kind == _AP:
                self._aggregate(view, start + _HEADER_BYTES, stop)
            else:
                self._damaged = True  # PACI and what is reserved
        elif start < stop:
            self._damaged = True
        if marker:
            self._end()

    def _fragment(self, view: memoryview, start: int, stop: int) -> None:
        header = view[start + 2]
        if header & 0x80:
            kind = header & 0x3F
            first, second = view[start], view[start + 1]
            self._open_fragmented(bytes((first & 0x81 | kind << 1, second)), kind, bytes((first, second, kind)))
        elif self._open_at < 0:
            self._damaged = True
            return
        self._continue_fragmented(view[start + 3 : stop], last=bool(header & 0x40))

    def _aggregate(self, view: memoryview, start: int, stop: int) -> None:
        while start < stop:
            size = view[start] << 8 | view[start + 1] if stop - start > 2 else 0
            start += 2
            if not _HEADER_BYTES < size <= stop - start:
                self._damaged = True
                return
            if view[start] >> 1 & 0x3F < _AP:
                self._nal(view, start, start + size)
            start += size

    def _nal(self, view: memoryview, start: int, stop: int) -> None:
        kind = view[start] >> 1 & 0x3F
        if VPS <= kind <= PPS:
            self.parameter_sets.offer(bytes(view[start:stop]))
            return
        if kind in (AUD, FILLER) or kind >= _AP:
            return
        if kind == PREFIX_SEI and has_recovery_point(bytes(view[start:stop])):
            self._key = True
        self._add(view, start, stop, kind)

    def _count(self, kind: int, size: int) -> None:
        if kind in RASL:
            self._leading = True
        super()._count(kind, size)

    def _end(self) -> None:
        leading, self._leading = self._leading, False
        if leading and self._joined and not self._damaged:
            self._clear()
            return
        waiting, key = self._waiting, self._key
        super()._end()
        if key:
            self._joined = waiting and not self._waiting
