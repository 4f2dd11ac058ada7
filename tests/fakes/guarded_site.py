"""A remote side where people sign in: everything real but the cameras, and a password hash that costs nothing."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, CookieJar, TCPConnector
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from gate.client.visitors import Visitors
from gate.clock import Clock
from gate.licence.clock_evidence import ClockEvidence, ClockSource
from gate.sign_in.passwords import Passwords
from gate.signing.keys import kid_of
from gate.signing.visitor import PersonRole, Visitor, Way, seal_visitor
from recorder.access.access import Access, Mode
from recorder.access.actor import Role
from recorder.access.audit import AuditLog
from recorder.access.database import AccessDatabase
from recorder.access.people import People
from recorder.access.users import add_user, set_password
from recorder.remote.app import serve_remote
from recorder.web.server import Front
from tests.fakes.remote_site import RemoteSite, config_of

PASSWORD = "correct horse battery"
DEVICE = "0123456789abcdef"


def cheap_passwords() -> Passwords:
    """Argon2 with the least that it takes."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass(slots=True)
class GuardedSite(RemoteSite):
    """`mode` users or service; `key` signs for the service."""

    mode: Mode = "users"
    database: AccessDatabase = field(init=False)
    people: People = field(init=False)
    passwords: Passwords = field(init=False)
    visitors: Visitors = field(init=False)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    owned: bool = True
    front: Front = field(init=False)

    def __post_init__(self) -> None:
        RemoteSite.__post_init__(self)
        folder = self.config.device.data_dir
        self.database = AccessDatabase(folder / "access.sqlite3")
        self.passwords = cheap_passwords()
        audit = AuditLog(now=self.clock.now)
        self.people = People(
            database=self.database,
            passwords=self.passwords,
            audit=audit,
            now=self.clock.now,
            service_counts=lambda: self.owned,
            first_password=folder / "first-password.txt",
        )
        self.visitors = Visitors(
            device=DEVICE,
            keys=lambda: {kid_of(self.key.public_key()): self.key.public_key()},
            evidence=lambda: ClockEvidence(source=ClockSource.SIGNED, now=self.clock.now()),
            owned=lambda: self.owned,
            clock=self.clock,
        )
        self.access = Access(
            clock=self.clock,
            audit=audit,
            device=self.config.device.id,
            mode=self.mode,
            database=self.database,
            people=self.people,
            judge=self.visitors,
        )

    async def add(
        self, name: str, role: Role, cameras: frozenset[str] | None = None, *, must_change: bool = False
    ) -> None:
        """A user whose password is PASSWORD."""
        password_hash = await self.passwords.hash(PASSWORD)

        now = self.clock.now()

        def act(db: Any) -> None:
            assert add_user(db, name, password_hash=password_hash, role=role, cameras=cameras, now=now) is None
            if not must_change:
                set_password(db, name, password_hash, must_change=False)

        await self.database.do(act)
        await self.people.load()

    def word(
        self,
        *,
        name: str = "person@shop.example",
        role: PersonRole = "customer",
        way: Way = "relay",
        nonce: str = "ab" * 16,
        device: str = DEVICE,
        issued_at: datetime | None = None,
        lasts: timedelta = timedelta(seconds=30),
        key: Ed25519PrivateKey | None = None,
    ) -> str:
        """What the service says of somebody."""
        issued = issued_at or self.clock.now()
        visitor = Visitor(
            device=device,
            name=name,
            role=role,
            way=way,
            issued_at=issued,
            expires_at=issued + lasts,
            until=issued + timedelta(hours=12),
            nonce=nonce,
        )
        return seal_visitor(visitor, key or self.key)

    @asynccontextmanager
    async def client(
        self, name: str | None = None, password: str = PASSWORD, *, says_origin: bool = True
    ) -> AsyncIterator[ClientSession]:
        """A browser of that user's; None: nobody has signed in."""
        origin = str(URL(self.front.url).origin())
        async with ClientSession(
            self.front.url,
            headers={"Origin": origin} if says_origin else {},
            timeout=ClientTimeout(total=20),
            cookie_jar=CookieJar(unsafe=True),  # it is an address in digits
            connector=TCPConnector(ssl=False),
        ) as session:
            if name is not None:
                async with session.post("/api/v1/sign-in", json={"name": name, "password": password}) as answer:
                    assert answer.status == 200, await answer.text()
            yield session


@asynccontextmanager
async def guarded_site(
    folder: Path, clock: Clock, *, mode: Mode = "users", cameras: int = 2, remote: dict[str, Any] | None = None
) -> AsyncIterator[GuardedSite]:
    """Serves until the body ends; `access.run_once` is the test's to call. All cameras are entitled for a day."""
    config = config_of(folder, cameras)
    if remote:
        config = config.model_copy(update={"remote": type(config.remote).model_validate(remote)})
    site = GuardedSite(clock=clock, config=config, mode=mode)
    site.entitle(clock.now() + timedelta(days=1))
    async with AsyncExitStack() as stack:
        stack.callback(site.database.close)
        site.front = await stack.enter_async_context(serve_remote(site.parts))
        yield site
