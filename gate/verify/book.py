"""What each camera should be covered by, kept by the verifier itself: the manual's rules once more. Pure.

1. An allocation begins a licence's term and puts it into the pool (R3, R10, R12); a free period comes first
   (gate.verify.terms).
2. An allocation brings lapsed cameras back at once, in the order of their registration (R25); not those that never had
   a licence, nor those it was taken from by hand.
3. When a licence ends and nothing follows it, every camera without one is served from the pool: those that lapse at
   that instant first, then by registration (R7, R9). Of several licences the one that ends first is taken. Cameras that
   are held are served all the same, unless the site respects holds.
4. A licence by hand begins where the camera's present one ends; moved or released, it takes its rest along, and what
   followed it begins at once. Dates never change.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gate.verify.errors import VerifyError
from gate.verify.terms import term_of

POOL_AT_FIRST = 4
POOL_MONTHS = 12
"""What lies in the customer's pool of a demo's site from the first moment, of the kind edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A licence. `number` tells it from others alike."""

    number: int
    months: int
    allocated: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """`[starts, ends)` of a camera by a licence. `cut`: by hand, before the licence's end."""

    seat: Seat
    starts: datetime
    ends: datetime
    cut: bool = False


@dataclass(slots=True, kw_only=True)
class _Camera:
    covers: list[Cover] = field(default_factory=list)
    held: bool = False

    def covers_at(self, at: datetime) -> bool:
        return any(one.starts <= at < one.ends for one in self.covers)

    def until(self, at: datetime) -> datetime | None:
        """The end of all that follows `at` without a break."""
        end = None
        for one in self.covers:
            if one.starts <= (end or at) < one.ends:
                end = one.ends
        return end

    @property
    def last(self) -> Cover | None:
        return self.covers[-1] if self.covers else None


class Book:
    """`cameras`: in the order of their registration."""

    def __init__(self, cameras: tuple[str, ...], zone: ZoneInfo, *, respect_hold: bool = False) -> None:
        self._zone = zone
        self._respect_hold = respect_hold
        self._cameras = {camera: _Camera() for camera in cameras}
        self._seats: list[Seat] = []
        self._served_until: datetime | None = None

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Every licence that was ever allocated."""
        return tuple(self._seats)

    def allocate(self, at: datetime, months: int, quantity: int) -> list[Seat]:
        """Rules 1 and 2."""
        self.pass_until(at)
        ends = term_of(at, months, self._zone).expiry
        first = len(self._seats)
        new = [Seat(number=first + n, months=months, allocated=at, ends=ends) for n in range(quantity)]
        self._seats += new
        for camera in self._cameras.values():
            last = camera.last
            if last is not None and not last.cut and not camera.covers_at(at) and not self._spared(camera):
                self._serve(camera, at)
        return new

    def assign(self, at: datetime, camera: str, months: int) -> None:
        """Rule 4: a licence of so many months out of the pool. Raises VerifyError if there is none."""
        self.pass_until(at)
        target = self._cameras[camera]
        starts = target.until(at) or at
        fitting = [seat for seat in self._pool(at) if seat.months == months and seat.ends > starts]
        if not fitting:
            raise VerifyError(
                f"by the rules there is no licence of {months} months in the pool that {camera} could use"
            )
        self._cover(target, min(fitting, key=_soonest), starts)

    def move(self, at: datetime, source: str, target: str) -> None:
        """Rule 4, 振替え. Raises VerifyError if the camera has nothing to give."""
        seat = self._take(at, source)
        to = self._cameras[target]
        self._cover(to, seat, to.until(at) or at)

    def release(self, at: datetime, camera: str) -> None:
        """Rule 4: back to the pool. Raises VerifyError if the camera has nothing."""
        self._take(at, camera)

    def hold(self, camera: str, held: bool) -> None:
        """Leaves a camera without a licence on purpose, or not any more."""
        self._cameras[camera].held = held

    def pass_until(self, now: datetime) -> None:
        """Rule 3, at every end of a cover up to that instant."""
        while (end := self._next_end_after(self._served_until)) is not None and end <= now:
            self._served_until = end
            waiting = [one for one in self._cameras.values() if not one.covers_at(end) and not self._spared(one)]
            waiting.sort(key=lambda one: one.last is None or one.last.ends != end)  # stable: else by registration
            for camera in waiting:
                self._serve(camera, end)
        self._served_until = max(now, self._served_until or now)

    def covered_until(self, camera: str, now: datetime) -> datetime | None:
        """The end of what the camera has without a break; None if nothing covers it now."""
        self.pass_until(now)
        return self._cameras[camera].until(now)

    def next_end(self, now: datetime) -> datetime | None:
        """The nearest end of a licence that covers a camera now, whether another follows or not."""
        self.pass_until(now)
        ends = [one.ends for camera in self._cameras.values() for one in camera.covers if one.starts <= now < one.ends]
        return min(ends, default=None)

    def foreseen(self, now: datetime) -> dict[str, datetime]:
        """When each camera that is covered now will lapse if nobody does anything: automatic assignment included."""
        self.pass_until(now)
        ahead = self._copy()
        found: dict[str, datetime] = {}
        while len(found) < sum(camera.covers_at(now) for camera in self._cameras.values()):
            end = ahead._next_end_after(ahead._served_until)
            if end is None:
                break
            ahead.pass_until(end)
            for name, camera in ahead._cameras.items():
                lapses = self._cameras[name].covers_at(now) and not camera.covers_at(end)
                if lapses and camera.last is not None and camera.last.ends == end:
                    found.setdefault(name, end)
        return found

    def _copy(self) -> "Book":
        other = Book(tuple(self._cameras), self._zone, respect_hold=self._respect_hold)
        other._cameras = {
            name: _Camera(covers=list(camera.covers), held=camera.held) for name, camera in self._cameras.items()
        }
        other._seats, other._served_until = list(self._seats), self._served_until
        return other

    def _spared(self, camera: _Camera) -> bool:
        return camera.held and self._respect_hold

    def _next_end_after(self, after: datetime | None) -> datetime | None:
        ends = [one.ends for camera in self._cameras.values() for one in camera.covers if not one.cut]
        return min((end for end in ends if after is None or end > after), default=None)

    def _pool(self, at: datetime) -> list[Seat]:
        bound = {
            one.seat.number
            for camera in self._cameras.values()
            for one in camera.covers
            if not one.cut and one.ends > at
        }
        return [seat for seat in self._seats if seat.number not in bound and seat.allocated <= at < seat.ends]

    def _serve(self, camera: _Camera, at: datetime) -> None:
        pool = self._pool(at)
        if pool:
            self._cover(camera, min(pool, key=_soonest), at)

    def _cover(self, camera: _Camera, seat: Seat, starts: datetime) -> None:
        camera.covers.append(Cover(seat=seat, starts=starts, ends=seat.ends))
        camera.covers.sort(key=lambda one: one.starts)

    def _take(self, at: datetime, name: str) -> Seat:
        self.pass_until(at)
        camera = self._cameras[name]
        present = next((one for one in camera.covers if one.starts <= at < one.ends), None)
        if present is None:
            raise VerifyError(f"by the rules nothing covers {name} now: there is nothing to take from it")
        left: list[Cover] = []
        free_from = at
        for one in camera.covers:
            if one is present:
                left.append(replace(one, ends=at, cut=True))
            elif one.starts >= present.ends:
                left.append(replace(one, starts=free_from))
                free_from = one.ends
            else:
                left.append(one)
        camera.covers = left
        return present.seat


def _soonest(seat: Seat) -> tuple[datetime, int]:
    return seat.ends, seat.number
