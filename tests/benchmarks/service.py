"""What a large licence service costs: looking for what is due, the reminders of a month's end, minting.

On PostgreSQL where it is installed, else on SQLite. Terms end with a month, so a twelfth of all licences falls due at
one instant. Minting is measured by the processor time of the service's process, the database's left out.
"""

import asyncio
import contextlib
import resource
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from gate.clock import Clock
from gate.licence.rules import Rules
from gate.service.jobs.reminders import ReminderJob
from gate.service.operations.entitlements import mint_all
from gate.service.store.engine import Store, open_store
from gate.service.store.migrate import migrate
from gate.service.store.schema import outbox, reminders
from gate.signing.issuer import Issuer, open_issuer
from tests.benchmarks.service_rows import NOW, Size, fill_postgresql, fill_sqlite
from tests.benchmarks.storage import Fact
from tests.postgres import cluster, programs

CAMERAS = 100
SMALL = Size(customers=2000, cameras=4)
MINTED_TOGETHER = 200
SWEEP_SECONDS_MAX, MINTED_MIN = 10.0, 1000.0


async def measure(licences: int, cache: Path, clock: Clock) -> tuple[str, list[Fact]]:
    """Which database it was, and all rows."""
    size = Size(customers=max(licences // CAMERAS, 1), cameras=CAMERAS)
    with tempfile.TemporaryDirectory(prefix="service-", dir=cache) as name:
        issuer = open_issuer(Path(name))
        bin_dir = programs()
        if bin_dir is None:
            async with _sqlite(Path(name) / "large.db", size) as store:
                facts = await _sweep(store, clock)
        else:
            with cluster(bin_dir) as running:
                async with _postgresql(running.url, running.socket_dir, size) as store:
                    facts = await _sweep(store, clock)
        async with _sqlite(Path(name) / "small.db", SMALL) as store:
            facts.append(await _mint(store, issuer, SMALL, MINTED_MIN))
        many = Size(customers=MINTED_TOGETHER, cameras=CAMERAS)
        async with _sqlite(Path(name) / "many.db", many) as store:
            facts.append(await _mint(store, issuer, many, None))
    return "SQLite" if bin_dir is None else "PostgreSQL", facts


async def _sweep(store: Store, clock: Clock) -> list[Fact]:
    job = ReminderJob(store, Rules())
    await job.prepare(NOW)

    async def look() -> datetime | None:
        async with store.read() as tx:
            return await job.next(tx)

    await look()
    seconds, at = await _timed(clock, look)
    assert at is not None
    sweep_seconds, _ = await _timed(clock, lambda: job.do(at, at))
    async with store.read() as tx:
        settled = await tx.scalar(select(func.count()).select_from(reminders))
        mails = await tx.scalar(select(func.count()).select_from(outbox))
    good = sweep_seconds <= SWEEP_SECONDS_MAX
    return [
        Fact(name="look for the next reminder", value=seconds * 1000, unit="ms"),
        Fact(
            name=f"reminders of a month's end: {settled:,} licences, {mails:,} mails",
            value=sweep_seconds,
            unit="s",
            target=f"≤ {SWEEP_SECONDS_MAX:.0f}",
            good=good,
        ),
    ]


async def _mint(store: Store, issuer: Issuer, size: Size, minted_min: float | None) -> Fact:
    ids = [f"d-c{number:06}" for number in range(size.customers)]
    before = _used_seconds()
    for first in range(0, len(ids), MINTED_TOGETHER):
        async with store.begin() as tx:
            some = ids[first : first + MINTED_TOGETHER]
            assert len(await mint_all(tx, some, issuer, NOW, Rules(), nonces={})) == len(some)
    rate = len(ids) / (_used_seconds() - before)
    return Fact(
        name=f"entitlements of {size.cameras} cameras minted, {MINTED_TOGETHER} in a transaction",
        value=rate,
        unit="/s of one core",
        target="" if minted_min is None else f"≥ {minted_min:.0f}",
        good=None if minted_min is None else rate >= minted_min,
    )


@contextlib.asynccontextmanager
async def _sqlite(path: Path, size: Size) -> AsyncIterator[Store]:
    store = open_store(f"sqlite+aiosqlite:///{path}")
    await migrate(store)
    await asyncio.to_thread(fill_sqlite, path, size)
    yield store
    await store.close()


@contextlib.asynccontextmanager
async def _postgresql(url: Callable[[str], str], socket_dir: Path, size: Size) -> AsyncIterator[Store]:
    first = open_store(url("postgres"))
    async with first.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("CREATE DATABASE large"))
    await first.close()
    store = open_store(url("large"))
    await migrate(store)
    await fill_postgresql(socket_dir, "large", size)
    yield store
    await store.close()


async def _timed(clock: Clock, work: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    before_ns = clock.monotonic_ns()
    result = await work()
    return (clock.monotonic_ns() - before_ns) / 1e9, result


def _used_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def as_json(database: str, facts: list[Fact], licences: int) -> dict[str, Any]:
    """For bench-results/."""
    return {"database": database, "licences": licences, "facts": [asdict(fact) for fact in facts]}
