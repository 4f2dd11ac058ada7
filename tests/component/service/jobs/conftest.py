"""A simulated clock, and a mailbox that is served."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gate.clock import SimulatedClock
from tests.component.service.jobs.post import Post, post_office
from tests.component.service.site import Site


@pytest.fixture
def clock(site: Site) -> SimulatedClock:
    """At the moment the site's story begins."""
    return SimulatedClock(site.now)


@pytest_asyncio.fixture
async def post(site: Site, clock: SimulatedClock) -> AsyncIterator[Post]:
    """The built-in mailbox, and the delivery to it."""
    async with post_office(site.store, clock) as served:
        yield served
