"""Two service processes on one PostgreSQL: what one does the other does not do again, also when one is killed."""

import asyncio
import collections
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio
import yaml
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import func, select

from gate.clock import SystemClock
from gate.service.store.engine import Store, open_store
from gate.service.store.migrate import migrate
from gate.service.store.schema import facts, outbox, reminders
from gate.shared_clock.controller import command
from gate.shared_clock.server import ClockServer
from tests.component.service.jobs.post import licensed
from tests.component.service.site import Site
from tests.postgres import Cluster

CUSTOMERS = 12


class Letterbox:
    """A mail server that counts what it takes, and from which process (by the port it calls from)."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.peers: list[Any] = []

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.peers.append(session.peer)
        return "250 taken"


class Services:
    """Service processes on one database, and the clock that all live on."""

    def __init__(self, root: Path, database: str, mail_port: int) -> None:
        self._root = root
        self._clock = SystemClock()
        self.processes: list[asyncio.subprocess.Process] = []
        self._config = {
            "listen": "127.0.0.1:0",
            "keys": "keys",
            "database": {"url": database},
            "relay": {"listen": "127.0.0.1:0"},
            "mail": {"smtp": {"host": "127.0.0.1", "port": mail_port, "security": "none"}},
            "clock": {"mode": "shared", "socket": "clock.sock"},
        }

    async def start(self) -> None:
        """One more; returns when it is ready."""
        name = f"service{len(self.processes)}"
        path = self._root / f"{name}.yaml"
        path.write_text(yaml.safe_dump(self._config | {"data_dir": name}))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gate.service", str(path), "--report", stdout=asyncio.subprocess.PIPE
        )
        self.processes.append(process)
        assert process.stdout is not None
        async with self._clock.timeout(30):
            line = await process.stdout.readline()
        assert "ready" in json.loads(line), line

    async def close(self) -> None:
        """Ends those that still run."""
        for process in self.processes:
            if process.returncode is None:
                process.terminate()
        for process in self.processes:
            await process.communicate()  # to the end of its output: else its pipe is left to the collector


@pytest_asyncio.fixture
async def letterbox() -> AsyncIterator[tuple[Letterbox, int]]:
    handler = Letterbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, hostname="letterbox", loop=loop), "127.0.0.1", 0)
    yield handler, server.sockets[0].getsockname()[1]
    server.close()


@pytest_asyncio.fixture
async def database(postgres: Cluster) -> AsyncIterator[str]:
    connection = await asyncpg.connect(host=str(postgres.socket_dir), user="tester", database="postgres")
    try:
        await connection.execute("CREATE DATABASE several")
        yield postgres.url("several")
        await connection.execute("DROP DATABASE several WITH (FORCE)")
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def services(tmp_path: Path, database: str, letterbox: tuple[Letterbox, int]) -> AsyncIterator[Services]:
    """None yet; their clock is there."""
    services = Services(tmp_path, database, letterbox[1])
    async with ClockServer(tmp_path / "clock.sock", tmp_path / "clock.json").serving():
        try:
            yield services
        finally:
            await services.close()


@contextlib.asynccontextmanager
async def opened(database: str) -> AsyncIterator[Store]:
    store = open_store(database)
    yield store
    await store.close()


async def site_time(socket: Path) -> datetime:
    return datetime.fromisoformat((await command(socket, "show"))["now"])


async def test_two_processes_never_send_a_mail_twice_nor_leave_one_out(
    services: Services, database: str, letterbox: tuple[Letterbox, int], tmp_path: Path
) -> None:
    socket, mails = tmp_path / "clock.sock", letterbox[0]
    async with opened(database) as store:
        await migrate(store)
        site = Site(store)
        site.now = await site_time(socket)
        one = await licensed(site)
        for number in range(CUSTOMERS):
            name = f"customer{number}"
            await one.customer(name)
            [licence] = await one.allocate(name)
            [camera] = await one.cameras(name, "cam1")
            await one.bind(name, licence, camera)
        for _ in range(2):
            await services.start()
        await woken(socket)
        await command(socket, "advance 300d")
        for number in range(CUSTOMERS):
            site.now = await site_time(socket)
            await one.allocate(f"customer{number}")
        await command(socket, "advance 100d")
        killed = services.processes[0]
        killed.kill()
        await killed.wait()
        await woken(socket)
        await command(socket, "advance 100d")
        await all_done(store)
        async with store.read() as tx:
            settled = await tx.scalar(select(func.count()).select_from(reminders))
            assigned = await tx.scalar(select(func.count()).where(facts.c.kind == "LicenceAssignedAutomatically"))
            written = await tx.scalar(select(func.count()).select_from(outbox))
    assert assigned == CUSTOMERS
    assert settled == 7 * CUSTOMERS
    ids = collections.Counter(mail["Message-ID"] for mail in mails.mails)
    assert set(ids.values()) == {1}
    assert len(ids) == written
    same = collections.Counter((str(mail["To"]), mail["Subject"], mail["Date"][:17]) for mail in mails.mails)
    assert set(same.values()) == {1}


async def woken(socket: Path) -> None:
    """Waits until the services know when they wake next."""
    clock = SystemClock()
    async with clock.timeout(60):
        while True:
            told = (await command(socket, "show"))["clients"].values()
            if told and all(told):
                return
            await clock.sleep(0.05)


async def all_done(store: Store) -> None:
    """Waits until every reminder is settled and every mail sent."""
    clock = SystemClock()
    async with clock.timeout(60):
        while True:
            async with store.read() as tx:
                settled = await tx.scalar(select(func.count()).select_from(reminders))
                waiting = await tx.scalar(select(func.count()).where(outbox.c.sent_at.is_(None)))
            if settled >= 7 * CUSTOMERS and not waiting:
                return
            await clock.sleep(0.05)
