"""A recorder where people sign in, with one of each role."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from gate.clock import SystemClock
from tests.fakes.guarded_site import GuardedSite, guarded_site


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[GuardedSite]:
    clock = SystemClock()
    async with guarded_site(tmp_path, clock) as made:
        await made.add("boss", "admin")
        await made.add("olga", "operator")
        await made.add("vera", "viewer", frozenset({"cam1"}))
        yield made
    clock.close()
