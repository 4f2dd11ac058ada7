"""A clean site of our own: started in a folder of its own, driven from outside, and ended in any case."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from gate.clock import SystemClock
from gate.verify.command_line import run_command
from gate.verify.errors import SiteError
from gate.verify.given import Given
from gate.verify.inbox import Inbox, receiving_mail, receiving_mqtt
from gate.verify.licences import LicenceService
from gate.verify.partner import by_token
from gate.verify.people import People, SignIn
from gate.verify.site import Site
from gate.verify.site_clock import COMMAND_SECONDS, step_clock
from gate.verify.site_files import DEVICE, FPS, LOOP_PICTURES, cameras_of, card_of, notify_section, write_site
from gate.verify.webhook import Webhook, receiving
from gate.verify.with_parent import end_with_parent

UP_SECONDS = 180.0
"""A site that is not up by then is given up: its scenes may have to be drawn first."""
END_SECONDS = 15.0
REQUEST_SECONDS = 20.0
_PORTS = (80, 554, 555, 600, 650, 700, 722, 725)
_LOG_TAIL = 2000
STARTS_MAX = 3
_PORT_TAKEN = b"--port-base"
"""What a site advises that finds a port taken."""
SERVICE = "service"
"""The licence service's process, as the demo and the site's clock call it."""


@dataclass(slots=True, kw_only=True)
class OwnSite(Site):
    """Addresses as `edge-recorder demo --json` tells them. `stops`: how many want the licence service to stand
    still."""

    root: Path
    given: Given
    addresses: dict[str, str]
    pids: dict[str, int]
    clock: SystemClock
    session: aiohttp.ClientSession
    local: aiohttp.ClientSession
    webhook: Webhook
    mail: Inbox
    mqtt: Inbox
    licences: LicenceService
    people: People
    stops: int = 0
    offset_ns: int = 0
    expiries: Mapping[str, datetime] = field(default_factory=dict)
    device: str = DEVICE
    fps: int = FPS
    loop_pictures: int = LOOP_PICTURES

    @property
    def cameras(self) -> tuple[str, ...]:
        return cameras_of(self.given)

    @property
    def scratch(self) -> Path:
        return self.root

    @property
    def footage(self) -> Path:
        return self.card if self.given.kind == "direct" else self.root / "data" / "recorder" / "media"

    @property
    def card(self) -> Path:
        return card_of(self.root)

    @property
    def has_monitor(self) -> bool:
        return self.given.kind == "edge"

    @property
    def monitor(self) -> str:
        return self.addresses["hdmi"]

    @property
    def restream(self) -> str:
        return self.addresses["restream"]

    def camera_url(self, camera: str) -> str:
        return f"{self.addresses['rtsp']}/{camera}/sub"

    def remote(self, path: str) -> str:
        return f"{self.addresses['remote']}api/v1/{path}{'&' if '?' in path else '?'}lang=en"

    async def step(self, text: str) -> None:
        absent, socket = (SERVICE,) if self.stops else (), Path(self.addresses["clock"])
        self.offset_ns, self.expiries = await step_clock(socket, text, self.clock, absent=absent)

    @asynccontextmanager
    async def service_stopped(self) -> AsyncIterator[None]:
        if not self.stops:
            os.kill(self.pids[SERVICE], signal.SIGSTOP)
        self.stops += 1
        try:
            yield
        finally:
            self.stops -= 1
            if not self.stops:
                os.kill(self.pids[SERVICE], signal.SIGCONT)

    async def begin_fault(self, camera: str, kind: str, seconds: float) -> None:
        words = ["sim", "fault", camera, kind, "--for", f"{seconds:g}s", "--url", self.addresses["control"].rstrip("/")]
        await run_command(words, self.clock, COMMAND_SECONDS)


@asynccontextmanager
async def running_site(root: Path, given: Given, log: Path, say: Callable[[str], None]) -> AsyncIterator[OwnSite]:
    """Starts a clean site below `root` and waits until every camera is shown; its words go to `log`. At the end Ctrl-C.
    Raises SiteError."""
    clock = SystemClock()
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(clock.close)
        webhook = await stack.enter_async_context(receiving(clock))
        mail = await stack.enter_async_context(receiving_mail(clock))
        mqtt = await stack.enter_async_context(receiving_mqtt(clock))
        notify = notify_section(webhook.url, webhook.secret, mail.port, mqtt.port)
        say("starting a clean site")
        place, up = await _started(stack, root, given, notify, clock, log)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        connector = aiohttp.UnixConnector(path=up["addresses"]["local"])
        local = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, timeout=timeout))
        people = _people(up)
        token = await people.new_token("verify")
        site = OwnSite(
            root=place,
            given=given,
            addresses=up["addresses"],
            pids=up["site"]["pids"],
            clock=clock,
            session=session,
            local=local,
            webhook=webhook,
            mail=mail,
            mqtt=mqtt,
            licences=LicenceService(session, people.portal, by_token(token), people.customer.email),
            people=people,
        )
        await site.step("show")
        yield site


async def _started(
    stack: contextlib.AsyncExitStack, root: Path, given: Given, notify: dict[str, Any], clock: SystemClock, log: Path
) -> tuple[Path, dict[str, Any]]:
    """A site's folder below `root`, and what it says when it is up. Ports that were free may be another's by the time
    it takes them: it begins again then, with others. Raises SiteError."""
    for attempt in range(1, STARTS_MAX + 1):
        place = root / f"site-{attempt}"
        words = ["demo", str(write_site(place, given, notify)), "--json", "--port-base", str(_free_port_base())]
        process = await stack.enter_async_context(_running(words, clock, log))
        try:
            return place, await _first_line(process, clock, log)
        except SiteError:
            if attempt == STARTS_MAX or _PORT_TAKEN not in await asyncio.to_thread(log.read_bytes):
                raise
    raise AssertionError


@asynccontextmanager
async def _running(words: list[str], clock: SystemClock, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "recorder.cli", *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=errors, start_new_session=True,
            preexec_fn=partial(end_with_parent, signal.SIGINT),
        )  # fmt: skip
    try:
        yield process
    finally:
        await _end(process, clock)


async def _end(process: asyncio.subprocess.Process, clock: SystemClock) -> None:
    """Ends it also while we are being cancelled."""

    async def ending() -> None:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            async with clock.timeout(END_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()  # its children end with it
            await process.communicate()

    task = asyncio.ensure_future(ending())
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def _first_line(process: asyncio.subprocess.Process, clock: SystemClock, log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        async with clock.timeout(UP_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        raise SiteError(f"the site is not up after {UP_SECONDS:.0f} s; it says: {_tail(log)}") from None
    if not line:
        raise SiteError(f"the site does not start; it says: {_tail(log)}")
    up: dict[str, Any] = json.loads(line)
    return up


def _people(up: Mapping[str, Any]) -> People:
    who = {one["role"]: SignIn(email=one["email"], password=one["password"]) for one in up["sign_ins"]}
    return People(portal=up["addresses"]["portal"], partner=who["partner"], customer=who["customer"])


def _tail(log: Path) -> str:
    lines = log.read_bytes()[-_LOG_TAIL:].decode(errors="replace").strip().splitlines()
    return " / ".join(lines[-5:]) or "nothing"


def _free_port_base() -> int:
    """A thousand whose ports of a site are free now. Raises SiteError.

    Below the ports that outgoing connections get, and in no fixed order: another site may be looking at this moment.
    """
    bases = range(10_000, 32_000, 1_000)
    for base in random.sample(bases, len(bases)):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in _PORTS:
                stack.enter_context(socket.socket()).bind(("127.0.0.1", base + port))
            return base
    raise SiteError("no free ports between 10000 and 32000")
