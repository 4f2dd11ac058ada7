"""Where sound lies beside the pictures: its RTP time in theirs. Pure.

1. A camera that sends sender reports for both says it itself: both name the same clock of the camera's. Before they
   come, its answer to PLAY may say it.
2. Until it does, and if what it says is further than TRUST_SECONDS from what arrives: a frame cannot have been captured
   after it arrived, so the earliest arrival of two windows of WINDOW_SECONDS says it. That is wrong by as much as the
   camera holds the one back longer than the other.
"""

from recorder.ingest.rtsp.rtp import SenderReport, camera_utc_ns
from recorder.media.access_unit import TIMESCALE

TRUST_SECONDS = 1.0
WINDOW_SECONDS = 10.0

_TRUST_TICKS = round(TRUST_SECONDS * TIMESCALE)
_WINDOW_TICKS = round(WINDOW_SECONDS * TIMESCALE)


class SoundClock:
    """`clock`: RTP ticks of sound a second."""

    def __init__(self, clock: int) -> None:
        self._clock = clock
        self._told: int | None = None
        self._earliest: int | None = None
        self._earliest_before: int | None = None
        self._window_ends = 0

    def restart(self) -> None:
        """Its times begin anew."""
        self._told = self._earliest = self._earliest_before = None

    def heard(self, end: int, arrival_ticks: int) -> None:
        """What ends at this RTP time of sound has arrived at this RTP time of pictures."""
        offset = arrival_ticks - self._pictures_ticks(end)
        if self._earliest is not None and abs(offset - self._earliest) > _TRUST_TICKS:
            self.restart()
        if self._earliest is None or arrival_ticks >= self._window_ends:
            self._earliest_before, self._earliest = self._earliest, offset
            self._window_ends = arrival_ticks + _WINDOW_TICKS
        self._earliest = min(self._earliest, offset)

    def started(self, sound_time: int, pictures_time: int) -> None:
        """What the answer to PLAY says: these unwrapped times belong together."""
        self._told = pictures_time - self._pictures_ticks(sound_time)

    def reported(self, sound: SenderReport, sound_time: int, pictures: SenderReport, pictures_time: int) -> None:
        """The newest reports of both, with their timestamps unwrapped."""
        sound_ns, pictures_ns = camera_utc_ns(sound.ntp), camera_utc_ns(pictures.ntp)
        if sound_ns is not None and pictures_ns is not None:
            apart = (sound_ns - pictures_ns) * TIMESCALE // 10**9
            self._told = pictures_time + apart - self._pictures_ticks(sound_time)

    def pictures_time(self, sound_time: int) -> int | None:
        """An RTP time of sound in that of pictures; None before anything was heard."""
        if self._earliest is None:
            return None
        heard = self._earliest if self._earliest_before is None else min(self._earliest, self._earliest_before)
        told = self._told
        offset = heard if told is None or abs(told - heard) > _TRUST_TICKS else told
        return offset + self._pictures_ticks(sound_time)

    def _pictures_ticks(self, sound_time: int) -> int:
        return sound_time * TIMESCALE // self._clock
