"""What the board knows and does. It decides nothing about licences: time is moved, licences are allocated, the cable is
pulled, the site is begun anew; what follows from that the page reads from the recorder itself."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gate.clock import Clock, instant_of
from gate.show.demo_site import DemoSite
from gate.show.errors import RefusedError, ShowError
from gate.show.partner import Partner

LOOK_SECONDS = 2.0
"""How often the site is looked at."""
MONTHS = 12
BEFORE_EXPIRY_SECONDS = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What happened last: a word of the catalogue, numbers for it, and for a refusal the site's own sentence."""

    kind: str
    number: int = 0
    seconds: float = 0.0
    text: str = ""


class Board:
    """One thing is done at a time; `run` must be running. `on_change`: called whenever `state` may be another."""

    def __init__(self, site: DemoSite, clock: Clock) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._site = site
        self._clock = clock
        self._partner: Partner | None = None
        self._up = False
        self._offset_ns = 0
        self._expiries: dict[str, datetime] = {}
        self._terms: list[dict[str, Any]] = []
        self._doing: dict[str, Any] | None = None
        self._told: Told | None = None
        self._told_number = 0
        self._visitor = 1
        self._lock = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._look_again = asyncio.Event()

    @property
    def up(self) -> bool:
        """Whether the site answered when it was last looked at."""
        return self._up

    @property
    def state(self) -> dict[str, Any]:
        """For the page (gate/show/README.md)."""
        told = self._told
        return {
            "up": self._up,
            "network": self._site.facts.network,
            "doing": self._doing,
            "terms": self._terms,
            "visitor": self._visitor,
            "told": told and {
                "number": self._told_number, "kind": told.kind, "count": told.number, "seconds": told.seconds,
                "text": told.text,
            },
        }  # fmt: skip

    async def run(self) -> None:
        """Looks at the site for ever."""
        while True:
            if not self._lock.locked():
                await self._look()
            self._look_again.clear()
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(LOOK_SECONDS):
                    await self._look_again.wait()

    async def close(self) -> None:
        """Leaves the portal."""
        if self._partner is not None:
            await self._partner.close()

    async def expire(self, *, before_seconds: float = BEFORE_EXPIRY_SECONDS) -> None:
        """Moves the site's clock to so long before the next end of a licence; nearer than that already, it stays.
        Raises ShowError."""
        async with self._at_work("clock"):
            await self._show_clock()
            if not self.seconds_left():
                raise RefusedError("no camera has a licence that could expire: assign one first", "nothing_to_expire")
            if self.seconds_left() > before_seconds:
                await self._step(f"to-expiry --before {before_seconds:g}s")

    async def move_to(self, instant: datetime) -> None:
        """Moves the site's clock forward. Raises ShowError."""
        async with self._at_work("clock"):
            await self._show_clock()
            if instant < self._now():
                raise RefusedError("that is past already: this clock never goes back", "past")
            await self._step(f"to {instant.isoformat()}")

    async def assign(self) -> None:
        """A licence for each camera that has none now, or, while all have one, a renewal for each; really allocated by
        the partner. Raises ShowError."""
        async with self._at_work("licence"):
            partner = await self._signed_in()
            cameras = (await partner.licensing())["cameras"]
            bare = [one for one in cameras if one["covered_until"] is None]
            answer = await partner.allocate(months=MONTHS, quantity=max(len(bare) or len(cameras), 1))
            self._tell(Told(kind="assigned", number=len(answer["licences"])))
            await self._look_at_terms()

    async def set_network(self, *, pulled: bool) -> None:
        """Pulls the recorder's cable to the licence service, or puts it back. Raises ShowError."""
        async with self._at_work("network"):
            await self._site.set_network(pulled=pulled)
            self._tell(Told(kind="pulled" if pulled else "put_back"))

    async def next_visitor(self) -> None:
        """Begins the site anew. Raises ShowError."""
        async with self._at_work("visitor"):
            await self.close()
            seconds = await self._site.next_visitor()
            self._visitor += 1
            self._tell(Told(kind="visitor", number=self._visitor, seconds=seconds))
            _log.info("next visitor: the site was ready again after %.2f s", seconds)
        await self._look(anew=True)

    def seconds_left(self) -> float:
        """Until the next end of a licence, by the site's clock; 0 where there is none."""
        coming = [at for at in self._expiries.values() if at > self._now()]
        return (min(coming) - self._now()).total_seconds() if coming else 0.0

    def _now(self) -> datetime:
        return instant_of(self._clock.now_ns() + self._offset_ns)

    @contextlib.asynccontextmanager
    async def _at_work(self, what: str) -> AsyncIterator[None]:
        if self._lock.locked():
            raise RefusedError("something else is still being done", "busy")
        async with self._lock:
            self._doing = {"what": what, "now": None}
            self.on_change()
            try:
                if not self._site.facts.addresses:
                    await self._site.look()
                yield
            except ShowError as error:
                self._tell(Told(kind=error.code, text=str(error)))
                raise
            finally:
                self._doing = None
                self._look_again.set()
                self.on_change()

    def _tell(self, told: Told) -> None:
        self._told, self._told_number = told, self._told_number + 1
        self.on_change()

    async def _step(self, text: str) -> None:
        def on_progress(progress: dict[str, Any]) -> None:
            self._doing = {"what": "clock", "now": progress["now"]}
            self.on_change()

        self._learn_clock(await self._site.step(text, on_progress))

    async def _show_clock(self) -> None:
        self._learn_clock(await self._site.step("show"))

    def _learn_clock(self, done: dict[str, Any]) -> None:
        self._offset_ns = int(done["offset_ns"])
        self._expiries = {camera: datetime.fromisoformat(at) for camera, at in done["expiries"].items()}

    async def _look(self, *, anew: bool = False) -> None:
        """`anew`: whatever is known of its terms was another site's."""
        async with self._looking:
            if anew:
                self._terms = []
            try:
                await self._site.look()
                known = dict(self._expiries)
                await self._show_clock()
                if not self._terms or known != self._expiries:
                    await self._look_at_terms()
                self._up = True
            except ShowError as error:
                _log.debug("the site cannot be looked at: %s", error)
                self._up = False
        self.on_change()

    async def _signed_in(self) -> Partner:
        facts = self._site.facts
        if self._partner is None:
            if "partner" not in facts.sign_ins or "customer" not in facts.sign_ins:
                raise RefusedError("this site has no licence service: issue a licence file instead")
            email, _ = facts.sign_ins["customer"]
            self._partner = Partner(facts.address("portal"), facts.sign_ins["partner"], email)
        return self._partner

    async def _look_at_terms(self) -> None:
        """The terms that cameras have or will have, the same ones once: what the slider shows."""
        if "partner" not in self._site.facts.sign_ins:
            return
        told = await (await self._signed_in()).licensing()
        terms = {
            (term["starts"], term["term_start"], term["ends"])
            for line in told["licences"]
            if (term := line["licence"]["term"]) is not None and line["licence"]["camera"] is not None
        }
        self._terms = [{"starts": s, "paid_from": paid, "ends": e} for s, paid, e in sorted(terms)]


def as_instant(text: str) -> datetime | None:
    """An ISO 8601 instant with its offset; None for anything else."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
