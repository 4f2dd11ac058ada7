"""H.264 over RTP (RFC 6184: single NAL unit and non-interleaved mode). A key unit has an IDR slice or a recovery point
(annex D.2.8)."""

from recorder.ingest.rtsp.depacketize import Depacketizer
from recorder.ingest.rtsp.parameter_sets import SetRules
from recorder.media.h264 import AUD, IDR, PPS, SEI, SLICE, SPS, nal_type, parameter_set_id, recovery_frame_count

SETS = SetRules(kept_max={SPS: 4, PPS: 16}, kind_of=nal_type, id_of=parameter_set_id)

_FILLER = 12
_STAP_A, _FU_A = 24, 28


class H264Depacketizer(Depacketizer):
    """See Depacketizer."""

    codec = "h264"
    _slice_kinds = range(SLICE, IDR + 1)
    _key_kinds = (IDR,)
    _set_rules = SETS

    __slots__ = ()

    def push(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
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
            kind = header & 0x1F
            self._open_fragmented(bytes((view[start] & 0xE0 | kind,)), kind, bytes((view[start], kind)))
        elif self._open_at < 0:
            self._damaged = True
            return
        self._continue_fragmented(view[start + 2 : stop], last=bool(header & 0x40))

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
        self._add(view, start, stop, kind)
