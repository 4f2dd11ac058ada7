"""What the service asks again and again is answered by indexes: the statements it really sends, explained."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from sqlalchemy import event, insert, text
from sqlalchemy.engine import make_url

from gate.clock import SimulatedClock
from gate.licence.rules import Rules
from gate.service.jobs.runner import Jobs
from gate.service.mail import outbox as waiting
from gate.service.operations.actor import Actor
from gate.service.operations.entitlements import mint
from gate.service.operations.mails import mail_log
from gate.service.store.engine import Store
from gate.service.store.schema import outbox
from gate.signing.issuer import open_issuer
from tests.benchmarks.service_rows import NOW, Size, fill_postgresql, fill_sqlite
from tests.component.service.jobs.post import delivery_to, server_at

SIZE = Size(customers=500, cameras=40)
BIG = ("licences", "coverage", "cameras", "outbox", "reminders", "facts", "devices", "customers")
Asked = list[tuple[str, Any]]


@pytest_asyncio.fixture
async def grown(service_database: str, service_store: Store) -> Store:
    """Twenty thousand licences and as many mails that were sent."""
    url = make_url(service_database)
    if url.get_backend_name() == "sqlite":
        await asyncio.to_thread(fill_sqlite, Path(str(url.database)), SIZE)
    else:
        await fill_postgresql(Path(str(url.query["host"])), str(url.database), SIZE)
    sent = [
        {
            "id": f"{number:06}",
            "kind": "password_expired",
            "language": "ja",
            "recipient": "x@example.com",
            "partner_id": f"p{number % 200:04}",
            "customer_id": f"c{number % 500:06}",
            "fields": {},
            "created_at": NOW,
            "due_at": NOW,
            "sent_at": NOW,
        }
        for number in range(20_000)
    ]
    async with service_store.begin() as tx:
        await tx.execute(insert(outbox), sent)
        await tx.execute(text("ANALYZE"))
    return service_store


@contextlib.contextmanager
def asked(store: Store) -> Iterator[Asked]:
    """Collects the questions that are sent meanwhile, each once."""
    found: dict[str, Any] = {}

    def listen(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if statement.lstrip().startswith("SELECT") and not many:
            found.setdefault(statement, parameters)

    engine = store.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    questions: Asked = []
    try:
        yield questions
    finally:
        event.remove(engine, "before_cursor_execute", listen)
        questions += found.items()


async def scans(store: Store, questions: Asked) -> list[str]:
    """The lines of their plans in which a big table is read from end to end."""
    found = []
    async with store.read() as tx:
        for statement, parameters in questions:
            how = "EXPLAIN QUERY PLAN " if tx.dialect == "sqlite" else "EXPLAIN "
            plain = statement.replace("FOR UPDATE OF devices", "").split(" FOR ")[0]
            rows = (await tx.connection.exec_driver_sql(how + plain, parameters)).all()
            for line in (str(row[-1]).strip() for row in rows):
                words = line.removeprefix("->").split()
                full = words[0] == "SCAN" and "USING" not in words if tx.dialect == "sqlite" else "Seq Scan" in line
                if full and any(table in words for table in BIG):
                    found.append(f"{line}   in   {' '.join(statement.split())[:300]}")
    return found


async def test_looking_for_what_is_due_minting_and_the_mail_log_read_no_table_from_end_to_end(
    grown: Store, tmp_path: Path
) -> None:
    clock = SimulatedClock(NOW)
    delivery = delivery_to(server_at(("127.0.0.1", 1)), grown, clock)
    issuer = open_issuer(tmp_path)
    jobs = Jobs(store=grown, clock=clock, rules=Rules(), delivery=delivery)

    async def nothing() -> None: ...

    await jobs.do_due(nothing)
    with asked(grown) as questions:
        assert await jobs.do_due(nothing) is not None
        async with grown.read() as tx:
            assert await waiting.is_due(tx, NOW) and await waiting.next_due(tx, after=NOW) is None
        async with grown.begin() as tx:
            assert await waiting.next_waiting(tx, NOW) is not None
        async with grown.begin() as tx:
            await mint(tx, "d-c000123", issuer, NOW + timedelta(seconds=1), Rules())
            await mail_log(tx, Actor(id="u-p0003", role="partner", partner="p0003"))
            await mail_log(tx, Actor(id="operator", role="operator"))
    assert len(questions) >= 16
    assert await scans(grown, questions) == []
