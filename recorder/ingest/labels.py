"""When each picture was taken, on our own wall clock. Pure.

A picture's label is *anchor + RTP time*. The anchor says when RTP time 0 was, as near as arrivals can tell: a picture
cannot have been taken after it arrived, so the earliest arrival for its RTP time is the best witness. It is kept in
monotonic time, which no clock step bends; a run adds the offset to wall time that held when it began.

Rules:
1. A run ends at a clock discontinuity, another source, a jump of RTP time by more than 10 s either way, or a label
   more than 10 s behind arrival. It begins at a key picture; after a clock discontinuity, which the pictures know
   nothing of, at the very next one: who only watches loses none.
2. A label is never later than the arrival: a picture that arrives ahead of its label moves the anchor back.
3. Labels strictly increase in a run (by a microsecond at least; this comes before rule 2).
4. A new connection often begins with a burst (the camera's cached group of pictures), whose arrivals say nothing. So
   the first pictures are held until no arrival has moved the anchor for 0.2 s, 2 s at most; none is lost.
5. RTP clocks drift (50 ppm is 4 s a day). From time to time, while packets are not batched, a sounding looks for the
   earliest arrival again, and the anchor slews forward to it by 500 ppm at most: labels never jump.
6. A B-frame (recorder.ingest.decode_times says which those are) keeps the time at which it is shown. Its label is that
   of the latest picture before it, and a little: what is shown at X or later, and all that follows it in decode order,
   has no label before X. Any other picture whose RTP time does not go on is kept, one tick after the one before. Of a
   step forward, `pts_90k` counts 5 s at most; labels count all of it.
7. RTP time that has not gone on for STUCK_PICTURES in a row, or leaps ahead of arrival by more than LEAP_SECONDS at
   once, tells nothing: it is shifted to arrival, and goes on from there. So small steps either way cost no picture,
   and a camera whose time stands still is told by arrival alone.
8. A clock that is slow by more than slewing makes up for, leaves labels behind arrival. Once no picture of LAG_SECONDS
   was within LAG_NS_MAX of its label, the next ones are shifted to the earliest of those arrivals, label and `pts_90k`
   alike. So no label trails by much more than that, and neither a stall with a burst after it nor batching moves any.
"""

from dataclasses import dataclass

from recorder.ingest.decode_times import DecodeTimes
from recorder.ingest.rtsp.depacketize import Picture
from recorder.media.access_unit import TIMESCALE

JUMP_SECONDS = 10
UNIT_SECONDS_MAX = 5
HOLD_SECONDS = 0.2
HOLD_SECONDS_MAX = 2.0
HOLD_BYTES_MAX = 16 << 20
ANCHOR_TOLERANCE_NS = 2_000_000
"""An anchor that moves by less than this is found."""
SOUNDING_PICTURES_MIN = 5
SLEW_PPM_MAX = 500
LAG_NS_MAX = 300_000_000
LAG_SECONDS = 2.0
STUCK_PICTURES = 8
LEAP_SECONDS = 1
LABEL_STEP_NS = 1000

_JUMP_TICKS = JUMP_SECONDS * TIMESCALE
_UNIT_TICKS_MAX = UNIT_SECONDS_MAX * TIMESCALE
_JUMP_NS = JUMP_SECONDS * 10**9
_LEAP_NS = LEAP_SECONDS * 10**9
_WRAP = 1 << 32


def ns_of_ticks(ticks: int) -> int:
    """Nanoseconds of 90 kHz ticks."""
    return ticks * 100_000 // 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A picture with its place in time; the fields are those of AccessUnit."""

    picture: Picture
    run: int
    pts_90k: int
    utc_ns: int
    arrival_ns: int
    composition_90k: int


class Labeller:
    """Labels the pictures of one connection. `run`: the number of the last run before; `wall_offset_ns`: wall minus
    monotonic time."""

    def __init__(self, *, run: int, wall_offset_ns: int) -> None:
        self.run = run
        self.steps_back = 0
        self._offset_ns = wall_offset_ns
        self._anchor_ns: int | None = None
        self._open = False
        self._goes_on = False
        self._timestamp = 0
        self._shift = 0
        self._stuck = 0
        self._last_ticks = 0
        self._pts = 0
        self._label_min_ns = 0
        self._behind = 0
        self._decode_times = DecodeTimes()
        self._held: list[tuple[Picture, int, int, int]] = []
        self._held_bytes = 0
        self._settled = False
        self._settles_ns = 0
        self._settles_ns_max = 0
        self._sounding = False
        self._witnesses = 0
        self._earliest_ns = 0
        self._target_ns = 0
        self._arrival_ns = 0
        self._lag_pictures = 0
        self._lag_from_ns = 0
        self._lag_ns = 0

    @property
    def by_arrival(self) -> bool:
        """Whether the camera's time stands still (rule 7)."""
        return self._stuck >= STUCK_PICTURES

    @property
    def needs_key(self) -> bool:
        """Whether pictures are passed over until the next key picture."""
        return not self._open

    def clock_stepped(self, wall_offset_ns: int) -> list[Labelled]:
        """Rule 1; what was held is returned with the labels of before."""
        self._goes_on = self._open or self._goes_on
        released = self._end_run()
        self._offset_ns = wall_offset_ns
        return released

    def accept(self, picture: Picture, arrival_ns: int) -> list[Labelled]:
        """The pictures that are ready to go, usually this one. `arrival_ns`: monotonic."""
        released: list[Labelled] = []
        if picture.restarted or self._jumped(picture.timestamp, arrival_ns):
            released = self._end_run()
            self._anchor_ns = None
            self._decode_times.forget()
            self._shift = self._stuck = 0
            self._sounding = self._goes_on = False
        if self._open:
            self._advance(picture.timestamp, arrival_ns)
        elif picture.key or self._goes_on:
            self._open_run(picture.timestamp + self._shift)
        else:
            return released
        self._timestamp = picture.timestamp
        self._slew(arrival_ns)
        candidate_ns = arrival_ns - ns_of_ticks(self._last_ticks)
        if self._sounding:
            self._earliest_ns = candidate_ns if not self._witnesses else min(self._earliest_ns, candidate_ns)
            self._witnesses += 1
        if self._anchor_ns is None or candidate_ns < self._anchor_ns:
            self._move_back(candidate_ns, arrival_ns)
        if self._settled:
            self._follow_lag(candidate_ns, arrival_ns)
            released.append(self._label(picture, self._last_ticks, self._pts - self._behind, arrival_ns))
            return released
        self._held.append((picture, self._last_ticks, self._pts - self._behind, arrival_ns))
        self._held_bytes += len(picture.data)
        if arrival_ns >= min(self._settles_ns, self._settles_ns_max) or self._held_bytes > HOLD_BYTES_MAX:
            self._settled = True
            released += self._release()
        return released

    def finish(self) -> list[Labelled]:
        """The connection is over: what was held, with the labels known by now."""
        return self._end_run()

    def begin_sounding(self) -> None:
        """From now on packets are not batched."""
        self._sounding = True
        self._witnesses = 0

    def end_sounding(self) -> None:
        """Rule 5."""
        if self._sounding and self._anchor_ns is not None and self._witnesses >= SOUNDING_PICTURES_MIN:
            self._target_ns = self._earliest_ns
        self._sounding = False

    def utc_ns_of(self, rtp_timestamp: int) -> int | None:
        """The label that a picture of this RTP timestamp (32 bits), near the newest, would have; None before any."""
        if self._anchor_ns is None:
            return None
        return self._anchor_ns + ns_of_ticks(self.near(rtp_timestamp) + self._shift) + self._offset_ns

    def near(self, rtp_timestamp: int) -> int:
        """A timestamp (32 bits) near the newest picture's, unwrapped as those of pictures are."""
        step = (rtp_timestamp - self._timestamp) % _WRAP
        return self._timestamp + (step if step < _WRAP >> 1 else step - _WRAP)

    def place_of(self, timestamp: int) -> tuple[int, int] | None:
        """Media time in the newest run, and label, of an unwrapped timestamp; None before the first picture."""
        if self._anchor_ns is None:
            return None
        ticks = timestamp + self._shift
        return self._pts + ticks - self._last_ticks, self._anchor_ns + ns_of_ticks(ticks) + self._offset_ns

    def timestamp_at(self, arrival_ns: int) -> int | None:
        """The unwrapped timestamp of what is labelled with this (monotonic) time; None before the first picture."""
        return None if self._anchor_ns is None else (arrival_ns - self._anchor_ns) * 9 // 100_000 - self._shift

    def _advance(self, timestamp: int, arrival_ns: int) -> None:
        """Rules 6 and 7."""
        assert self._anchor_ns is not None
        ticks = timestamp + self._shift
        at_arrival = max((arrival_ns - self._anchor_ns) * 9 // 100_000, self._last_ticks + 1)
        self._behind = 0
        if ticks <= self._last_ticks:
            if self._decode_times.is_reordered(ticks):
                self._stuck = 0
                self._behind = self._last_ticks - ticks
                self._decode_times.note(ticks)
                return
            self.steps_back += 1
            self._stuck += 1
            ticks = at_arrival if self.by_arrival else self._last_ticks + 1
            if self.by_arrival:
                self._shift = ticks - timestamp
        else:
            self._stuck = 0
            ahead_ticks = min(ticks - at_arrival, ticks - self._last_ticks)
            if self._settled and ns_of_ticks(ahead_ticks) > _LEAP_NS:
                ticks = at_arrival
                self._shift = ticks - timestamp
        self._pts += min(ticks - self._last_ticks, _UNIT_TICKS_MAX)
        self._last_ticks = ticks
        self._decode_times.note(ticks)

    def _slew(self, arrival_ns: int) -> None:
        """Rule 5."""
        if self._anchor_ns is not None and self._target_ns > self._anchor_ns:
            step_ns = (arrival_ns - self._arrival_ns) * SLEW_PPM_MAX // 1_000_000
            self._anchor_ns = min(self._anchor_ns + step_ns, self._target_ns)
        self._arrival_ns = arrival_ns

    def _follow_lag(self, candidate_ns: int, arrival_ns: int) -> None:
        """Rule 8."""
        assert self._anchor_ns is not None
        lag_ns = candidate_ns - self._anchor_ns
        if lag_ns <= LAG_NS_MAX:
            self._lag_pictures = 0
            return
        if not self._lag_pictures:
            self._lag_from_ns, self._lag_ns = arrival_ns, lag_ns
        self._lag_pictures += 1
        self._lag_ns = min(self._lag_ns, lag_ns)
        if self._lag_pictures < SOUNDING_PICTURES_MIN or arrival_ns - self._lag_from_ns < LAG_SECONDS * 1e9:
            return
        self._shift += self._lag_ns * 9 // 100_000
        self._target_ns = self._anchor_ns
        self._lag_pictures = self._witnesses = 0

    def _jumped(self, timestamp: int, arrival_ns: int) -> bool:
        if self._anchor_ns is None or not self._open:
            return False
        behind_ns = arrival_ns - self._anchor_ns - ns_of_ticks(max(timestamp + self._shift, self._last_ticks))
        return abs(timestamp - self._timestamp) > _JUMP_TICKS or behind_ns > _JUMP_NS

    def _open_run(self, ticks: int) -> None:
        self._open, self._goes_on = True, False
        self.run += 1
        self._last_ticks = ticks
        self._pts = self._behind = 0
        self._label_min_ns = 0
        self._decode_times.begin_run()
        self._decode_times.note(ticks)

    def _end_run(self) -> list[Labelled]:
        self._open = False
        return self._release()

    def _move_back(self, anchor_ns: int, arrival_ns: int) -> None:
        if self._anchor_ns is None:
            self._settled = False
            self._settles_ns_max = arrival_ns + round(HOLD_SECONDS_MAX * 1e9)
            self._settles_ns = arrival_ns + round(HOLD_SECONDS * 1e9)
        elif self._anchor_ns - anchor_ns > ANCHOR_TOLERANCE_NS:
            self._settles_ns = arrival_ns + round(HOLD_SECONDS * 1e9)
        self._anchor_ns = anchor_ns
        self._target_ns = min(self._target_ns, anchor_ns)

    def _release(self) -> list[Labelled]:
        released = [self._label(*entry) for entry in self._held]
        self._held.clear()
        self._held_bytes = 0
        return released

    def _label(self, picture: Picture, ticks: int, pts: int, arrival_ns: int) -> Labelled:
        assert self._anchor_ns is not None
        utc_ns = max(self._anchor_ns + ns_of_ticks(ticks) + self._offset_ns, self._label_min_ns)
        self._label_min_ns = utc_ns + LABEL_STEP_NS
        return Labelled(
            picture=picture,
            run=self.run,
            pts_90k=pts,
            utc_ns=utc_ns,
            arrival_ns=arrival_ns,
            composition_90k=pts - self._decode_times.next(pts),
        )
