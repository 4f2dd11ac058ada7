"""Recorded sound beside recorded pictures: the frames of fragments, given back with the pictures they came with."""

from collections import deque

from recorder.catalog.rows import SegmentId
from recorder.media.access_unit import SoundFormat, SoundFrame
from recorder.media.fmp4 import FragmentHead
from recorder.segments.cutter import ticks_of


class SoundBack:
    """`add` each fragment in turn, then `until` each of its pictures: frames that have ended by its label, as
    AccessUnit.sound says. A frame that ends behind a fragment's last picture comes with the next one's first."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, SoundFrame]] = deque()
        self._before: SegmentId | None = None

    def add(
        self,
        head: FragmentHead,
        data: memoryview,
        format: SoundFormat | None,
        *,
        id: SegmentId,
        start_utc_ns: int,
        run_offset_90k: int,
    ) -> None:
        """`data`: of the fragment, whole; `start_utc_ns`: of its segment, and where that begins in its run."""
        before, self._before = self._before, id
        if before is None or (before.run, before.camera, before.stream) != (id.run, id.camera, id.stream):
            self._frames.clear()
        if head.sound is None or format is None:
            return
        at, samples = head.picture_bytes, head.sound.decode_time
        for size, duration in zip(head.sound.frame_bytes, head.sound.durations, strict=True):
            begin_ns = samples * 10**9 // format.rate
            end_utc_ns = start_utc_ns + begin_ns + format.frame_samples * 10**9 // format.rate
            frame = SoundFrame(bytes(data[at : at + size]), run_offset_90k + ticks_of(begin_ns))
            self._frames.append((end_utc_ns, frame))
            at, samples = at + size, samples + duration

    def until(self, utc_ns: int) -> tuple[SoundFrame, ...]:
        """The frames that have ended by then, once each."""
        found = []
        while self._frames and self._frames[0][0] <= utc_ns:
            found.append(self._frames.popleft()[1])
        return tuple(found)
