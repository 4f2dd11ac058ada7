"""A remote side on SystemClock, with its gate running, and a client for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from gate.clock import SystemClock
from recorder.remote.app import serve_remote
from tests.fakes.footage import Footage, make_footage
from tests.fakes.remote_site import RemoteSite, config_of


@pytest.fixture(scope="session")
def footage() -> Footage:
    return make_footage()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[RemoteSite]:
    """Four cameras, all entitled for an hour."""
    clock = SystemClock()
    made = RemoteSite(clock=clock, config=config_of(tmp_path))
    made.entitle(clock.now() + timedelta(hours=1))
    task = asyncio.create_task(made.gate.run())
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    clock.close()


@pytest_asyncio.fixture
async def client(site: RemoteSite) -> AsyncIterator[ClientSession]:
    """A client whose base address is the remote side's."""
    async with (
        serve_remote(site.parts) as front,
        ClientSession(front.url) as session,
    ):
        yield session
