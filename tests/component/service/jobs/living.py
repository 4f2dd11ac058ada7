"""Time that passes for a service in tests: its jobs wake at each instant they name, as their alarm would wake them."""

from datetime import datetime

from gate.clock import SimulatedClock
from gate.service.jobs.runner import Jobs
from tests.component.service.jobs.post import TOKYO, Post
from tests.component.service.site import Site


def tokyo(text: str) -> datetime:
    """`2026-05-31` (midnight) or `2026-05-31T10:00`, in Tokyo."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


async def live_until(site: Site, clock: SimulatedClock, post: Post, until: datetime) -> list[datetime]:
    """Gives the instants at which the jobs woke."""
    woken = []
    jobs = Jobs(store=site.store, clock=clock, rules=site.rules, delivery=post.delivery)
    while (at := await jobs.do_due(post.delivery.deliver)) is not None and at <= until:
        await clock.jump(at)
        woken.append(at)
    await clock.jump(until)
    site.now = until
    return woken


async def wake_at(site: Site, clock: SimulatedClock, post: Post, at: datetime) -> None:
    """An outage until then; the service starts and does what it has missed."""
    await clock.jump(at)
    site.now = at
    await Jobs(store=site.store, clock=clock, rules=site.rules, delivery=post.delivery).do_due(post.delivery.deliver)
