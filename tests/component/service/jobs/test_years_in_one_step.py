"""With a shared clock years pass in one command: every job runs on its day, every mail leaves on its day, once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from gate.clock import Clock
from gate.service.jobs.runner import Jobs
from gate.shared_clock.client import open_clock
from gate.shared_clock.controller import command
from gate.shared_clock.server import ClockServer
from tests.component.service.jobs.living import tokyo
from tests.component.service.jobs.post import TOKYO, Post, licensed, post_office
from tests.component.service.site import Site


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "clock.sock"


@pytest_asyncio.fixture
async def clock(site: Site, socket: Path, tmp_path: Path) -> AsyncIterator[Clock]:
    """A site whose time flows from 10 January of next year on."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(ClockServer(socket, tmp_path / "clock.json").serving())
        clock = await stack.enter_async_context(open_clock("shared", socket, "service"))
        start = datetime(clock.now().astimezone(TOKYO).year + 1, 1, 10, 10, tzinfo=TOKYO)
        await command(socket, f"to {start.isoformat()}")
        site.now = clock.now()
        yield clock


@contextlib.asynccontextmanager
async def at_work(site: Site, clock: Clock, post: Post) -> AsyncIterator[Jobs]:
    jobs = Jobs(store=site.store, clock=clock, rules=site.rules, delivery=post.delivery)
    running = asyncio.create_task(jobs.run())
    try:
        yield jobs
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def reported(socket: Path, instant: datetime) -> None:
    """Waits until the clock's server knows when the service wakes next."""
    wanted = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    while (await command(socket, "show"))["clients"].get("service") != wanted:
        pass


async def test_two_years_in_one_command_send_every_mail_in_order_on_its_day_once(
    site: Site, clock: Clock, socket: Path
) -> None:
    async with post_office(site.store, clock) as post, at_work(site, clock, post):
        one = await licensed(site)
        year = site.now.astimezone(TOKYO).year
        for name in ("alice", "bob"):
            await one.customer(name)
            licences = await one.allocate(name, 2)
            cameras = await one.cameras(name, "cam1", "cam2")
            for licence, camera in zip(licences, cameras, strict=True):
                await one.bind(name, licence, camera)
        [spare] = await one.allocate("alice", months=36)
        assert spare
        ends = tokyo(f"{year + 1}-03-01")
        day = timedelta(days=1)
        first = (ends - day - timedelta(days=90)).replace(hour=9)
        await reported(socket, first)
        done = await command(socket, "advance 730d")
        assert done["late"] == []
        told = await post.mails()
        await command(socket, "advance 30d")
        assert await post.mails() == told
    last = ends - day
    nine = {days: (last - timedelta(days=days)).replace(hour=9) for days in (90, 60, 30, 14, 1)}
    wanted = [at for days in (90, 60, 30) for at in [nine[days]] * 2] + [nine[14]] * 4 + [nine[1]] * 2
    wanted += [last, last]  # 24 hours before: alice has one spare for two
    wanted += [ends, ends]  # alice and the partner are told of the automatic assignment
    assert [mail.received_at.replace(second=0, microsecond=0) for mail in told] == wanted
    assert [dict(mail.headers)["Date"] for mail in told] == [
        mail.received_at.astimezone(TOKYO).strftime("%a, %d %b %Y %H:%M:%S +0900") for mail in told
    ]
    assert "自動" in told[-1].subject and "自動" in told[-2].subject
