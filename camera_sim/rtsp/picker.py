"""Which encoded picture is sent at a tick: the one that is due, or one that stands in for it.

Rules
1. The picture due at tick `n` is picture `n mod gop_pictures` of its group. It is sent if a decoder can go on with it:
   the group was played from its beginning, or from a key frame made on request.
2. A stream that plays never pauses. While what is due is not in memory, or a decoder cannot go on with it (clock step),
   the group being played is sent to its end and then the loop's newest one, again and again, marked `filler`.
3. What is due comes back at the next beginning of a group, or at a key frame made for it if that is far off.
4. Key frames are made for scenes only: footage is sent as it was encoded, so its own next key frame is the answer.
"""

import logging
import math
from dataclasses import dataclass
from typing import Protocol

from camera_sim.clips.film import Place
from camera_sim.clips.loop import HeldGop, Loop, SendablePicture, sendable
from camera_sim.clips.recipe import Recipe
from camera_sim.clips.rekey import Job, Rekeyer
from camera_sim.pacer import Tick
from gate.clock import Clock

_log = logging.getLogger(__name__)

FILLER = "filler"
KEY_INTERVAL_NS_MIN = 300_000_000
"""Key frames on request come no faster, however many clients ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A picture and the state its mark tells."""

    picture: SendablePicture
    state: str


class Picks(Protocol):
    """What a stream asks for its pictures."""

    def pick(self, tick: Tick) -> Choice | None:
        """The picture of a tick. Every one follows from the one before or is a key frame; None: there is none yet."""

    def want_key(self) -> None:
        """Makes one of the next pictures a key frame."""

    def rest(self) -> None:
        """Nobody watches: the next pick begins anew."""


class Picker:
    """The pictures of one stream (rules above). `label`: camera and stream, for logs."""

    def __init__(self, label: str, loop: Loop, rekeyer: Rekeyer, clock: Clock) -> None:
        self._label = label
        self._loop = loop
        self._film = loop.film
        self._rekeyer = rekeyer
        self._clock = clock
        self._group: HeldGop | None = None
        self._at = -1
        """The picture of the group that was sent last."""
        self._job: Job | None = None
        """Whose pictures are sent in place of the group's own, to its end."""
        self._coming: tuple[Job, HeldGop, int] | None = None
        """The one that takes over at its first picture, and in which group."""
        self._key_wanted = False
        self._key_due_ns = 0
        self._last: Tick | None = None
        self._fillers = 0

    def pick(self, tick: Tick) -> Choice | None:
        place = self._film.place(tick.n)
        self._loop.want(place.gop, self._film.after(place.gop))
        picture = self._taken_over(place) or self._due(self._loop.held(place.gop), place.at)
        fills = picture is None
        if picture is None:
            picture = self._stand_in(place.gop)
        self._last = tick
        self._count(fills=fills and picture is not None)
        if picture is None:
            return None
        if picture.key:
            self._key_wanted = False
            self._key_due_ns = tick.due_ns + KEY_INTERVAL_NS_MIN
        if self._key_wanted or (fills and place.left >= self._film.fps):
            self._begin_rekey()
        return Choice(picture=picture, state=FILLER if fills else self._film.state)

    def want_key(self) -> None:
        self._key_wanted = True
        self._begin_rekey()

    def rest(self) -> None:
        self._play(None)
        self._cancel_coming()
        self._last = None

    def _taken_over(self, place: Place) -> SendablePicture | None:
        """The key frame made on request, if this is its place and it is there in time."""
        if self._coming is None:
            return None
        job, group, number = self._coming
        if place.number == number and place.at < job.first:
            return None
        if place.number != number or place.at > job.first or job.picture(place.at) is None:
            self._cancel_coming()
            return None
        self._coming = None
        self._play(group)
        self._job, self._at = job, place.at - 1
        return self._next()

    def _due(self, due: HeldGop | None, at: int) -> SendablePicture | None:
        if due is None:
            return None
        if at == 0:
            self._play(due)
        elif self._group is None:
            self._group, self._at = due, at - 1
        elif due is not self._group or at != self._at + 1:
            return None
        return self._next()

    def _stand_in(self, gop: int) -> SendablePicture | None:
        if self._group is None and self._loop.cached(gop):
            return None  # a moment's reading: to begin with what is due is better
        now_ns = self._clock.monotonic_ns()
        wants_key = self._key_wanted and self._at > 0 and now_ns >= self._key_due_ns
        picture = None if wants_key else self._next()
        if picture is None and (newest := self._loop.newest()) is not None:
            self._play(newest)
            picture = self._next()
        return picture

    def _play(self, group: HeldGop | None) -> None:
        """From the group's first picture on."""
        if self._job is not None:
            self._job.cancelled.set()
        self._job, self._group, self._at = None, group, -1

    def _next(self) -> SendablePicture | None:
        """The picture after the last one sent; None at the group's end, or if it is not made in time."""
        at = self._at + 1
        if self._group is None or at >= len(self._group.pictures):
            return None
        if self._job is None:
            picture = self._group.pictures[at]
        else:
            made = self._job.picture(at)
            if made is None:
                return None
            picture = sendable(made, self._group.gop.parameter_sets if at == self._job.first else (), self._film.codec)
        self._at = at
        return picture

    def _begin_rekey(self) -> None:
        """Starts on a key frame at the first picture that can be ready in time, unless the group's end is as near."""
        now_ns = self._clock.monotonic_ns()
        film = self._film
        if self._coming is not None or self._last is None or now_ns < self._key_due_ns or not isinstance(film, Recipe):
            return
        place = film.place(self._last.n)
        held = self._loop.held(place.gop)
        late_ns = self._rekeyer.lead_ns(film, place.at) + now_ns - self._last.due_ns
        ahead = 1 + math.floor(late_ns * film.fps / 1_000_000_000)
        # Two key frames in a row would need different idr_pic_id (H.264 section 7.4.3).
        if held is not None and ahead < place.left:
            job = self._rekeyer.start(held.gop, film, place.at + ahead)
            self._coming = None if job is None else (job, held, place.number)

    def _cancel_coming(self) -> None:
        if self._coming is not None:
            self._coming[0].cancelled.set()
            self._coming = None

    def _count(self, *, fills: bool) -> None:
        if fills and not self._fillers:
            _log.info("%s: the picture due is not ready; others of the loop are sent until it is", self._label)
        elif self._fillers and not fills:
            _log.info("%s: the pictures due are sent again, after %s others", self._label, self._fillers)
        self._fillers = self._fillers + 1 if fills else 0
