"""A demo site: the clock server in this process; cameras, recorder and HDMI monitor as children."""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import Field

from gate.clock import Clock, SystemClock
from gate.config_fields import Section, beside, host_is_loopback, moved_ports
from gate.shared_clock.server import STATE_NAME, ClockServer, answers
from gate.yaml_file import ConfigError, load
from recorder.config import RecorderConfig, load_config
from recorder.errors import RecorderError
from recorder.supervisor.cable import Cable
from recorder.supervisor.child import Child
from recorder.supervisor.seed import SEED_NAME, write_seed

_log = logging.getLogger(__name__)

READY_SECONDS = 60.0
"""A demo that is not up by then says what is missing and goes on waiting: a small board encodes slowly."""
LOOK_SECONDS = 0.1
NEW_PARTS = ("recorder", "service")
"""Who begins anew for the next visitor; cameras, monitor and board stay on."""


class DemoConfig(Section):
    """`configs/demo.yaml`. Paths are relative to the file. Without `hdmi` there is no monitor."""

    fleet: Path
    recorder: Path
    hdmi: Path | None = None
    service: Path | None = None
    licence_months: int = Field(12, ge=1, le=120)
    show: Path | None = None
    orders: Path | None = None


class Site:
    """The files, the children and their addresses."""

    def __init__(
        self, demo: Path, *, port_base: int, on_report: Callable[[str, Any], None], story: bool = False
    ) -> None:
        self.config = load(demo, DemoConfig)
        self.recorder_path = beside(demo, self.config.recorder)
        self.recorder: RecorderConfig = load_config(self.recorder_path)
        if self.config.service is None and self.recorder.licence.mode == "service":
            raise ConfigError(f"{demo}: the recorder has its licence from a service: name its configuration (service:)")
        if self.config.show is not None and self.config.orders is None:
            raise ConfigError(f"{demo}: the show board gives its orders somewhere: name that socket (orders:)")
        if self.config.show is not None and self.config.hdmi is None:
            raise ConfigError(f"{demo}: the show board shows the monitor: name its configuration (hdmi:)")
        self.children: dict[str, Child] = {}
        self.cable: Cable | None = None
        self.clock_server: ClockServer | None = None
        self._demo = demo
        self._story = story
        self._port_base = port_base
        self._on_report = on_report
        self.clock = SystemClock()
        self._seed = self.recorder.device.data_dir / SEED_NAME

    def _make_children(self) -> None:
        config, ports = self.config, ["--port-base", str(self._port_base), "--report"]
        recorder = [str(self.recorder_path), *ports]
        modules = {"cameras": ("camera_sim", [str(beside(self._demo, config.fleet)), *ports])}
        if config.hdmi is not None:
            modules["hdmi"] = ("hdmi_out", [str(beside(self._demo, config.hdmi)), *ports])
        if config.service is not None:
            service = [str(beside(self._demo, config.service)), *ports, "--demo", str(self._seed)]
            modules["service"] = ("gate.service", service)
            if self.cable is not None:
                service += ["--relay-port", str(self.cable.ports["relay"])]
                recorder += ["--service", f"http://127.0.0.1:{self.cable.ports['portal']}"]
        modules["recorder"] = ("recorder", recorder)
        if config.show is not None:
            story = ["--story"] if self._story else []
            modules["show"] = ("gate.show", [str(beside(self._demo, config.show)), *ports, *story])
        for name, (module, arguments) in modules.items():
            makes_keys = self.children.get("service")  # those that the recorder pins
            self.children[name] = Child(
                name=name,
                module=module,
                arguments=arguments,
                clock=self.clock,
                on_report=self._on_report,
                spared=config.show is not None and name in NEW_PARTS,
                after=makes_keys.ready if name == "recorder" and makes_keys is not None else None,
            )

    @asynccontextmanager
    async def _cable_laid(self) -> AsyncIterator[None]:
        """Where there is a board to pull it: the recorder's way to the service leads through a cable."""
        url = urlsplit(moved_ports(self.recorder.licence.url or "", self._port_base))
        if self.config.show is None or self.config.service is None or url.scheme != "http":
            yield
            return
        if not host_is_loopback(url.netloc):
            yield
            return
        self.cable = Cable({"portal": lambda: url.netloc, "relay": self._relay})
        async with self.cable.laid():
            yield

    def _relay(self) -> str:
        address = self.children["service"].addresses.get("relay")
        if address is None:
            raise ConnectionError("the service is not up")
        return address

    @property
    def addresses(self) -> dict[str, str]:
        """Every address of the site, by what answers there."""
        found = {name: at for child in self.children.values() for name, at in child.addresses.items()}
        if self.recorder.clock.socket is not None:
            found["clock"] = str(self.recorder.clock.socket)
        return found

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Clock]:
        """The clock server and all children, until the body ends; gives the machine's clock.
        Raises RecorderError or ClockError, one sentence each."""
        clock = self.recorder.clock
        async with contextlib.AsyncExitStack() as stack:
            if clock.socket is not None:
                if await answers(clock.socket):
                    raise RecorderError(f"this site runs already ({clock.socket} answers): end it first, or use it")
                self.clock_server = ClockServer(clock.socket, self.recorder.device.data_dir / STATE_NAME)
                await stack.enter_async_context(self.clock_server.serving())
            await self.ensure_licence()
            await stack.enter_async_context(self._cable_laid())
            self._make_children()
            await stack.enter_async_context(self._children_running())
            yield self.clock

    async def ensure_licence(self) -> None:
        """A site that starts for the first time gets a licence for all of its cameras: a file and the key that signs
        it, or, from its service, whatever the service is told of the recorder here."""
        licence, place = self.recorder.licence, self.recorder.licence.path
        if self.config.service is not None:
            await asyncio.to_thread(write_seed, self._seed, self.recorder, self.config.licence_months)
        if place is None or place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        device = self.recorder.device
        command = ["licence", "issue", "--device", device.id, "--time-zone", device.time_zone]
        command += ["--months", str(self.config.licence_months), "--out", str(place)]
        command += ["--profile", licence.profile]
        for camera in self.recorder.cameras:
            command += ["--camera", camera.id]
        if self.recorder.clock.socket is not None:
            command += ["--clock", str(self.recorder.clock.socket)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "recorder.cli", *command, stdout=asyncio.subprocess.DEVNULL
        )
        if await process.wait() != 0:
            raise RecorderError(f"the site's first licence {place} could not be issued (the reason is above)")

    @asynccontextmanager
    async def _children_running(self) -> AsyncIterator[None]:
        # The children live in a task of their own: a task group held open across a `yield` cancels the wrong task.
        body = asyncio.current_task()
        assert body is not None
        failure: list[Exception] = []

        async def run_all() -> None:
            try:
                async with asyncio.TaskGroup() as group:
                    for name, child in self.children.items():
                        group.create_task(child.run(), name=name)
            except* Exception as errors:
                failure.append(errors.exceptions[0])
                body.cancel()

        children = asyncio.create_task(run_all(), name="children")
        try:
            yield
        except asyncio.CancelledError:
            if failure:
                body.uncancel()
                raise failure[0] from None
            raise
        finally:
            children.cancel()
            await asyncio.gather(children, return_exceptions=True)

    async def wait_ready(self) -> dict[str, Any]:
        """Returns the recorder's state once every child answers, every stream runs, and the monitor shows pictures."""
        for child in self.children.values():
            await self._patiently(child.ready.wait(), f"{child.name} is not ready yet")
        state: dict[str, Any] = {}

        async def pictures_everywhere() -> None:
            nonlocal state
            while True:
                with contextlib.suppress(RecorderError, aiohttp.ClientError):  # a child that is just being restarted
                    state = await read_state(self.recorder.local.socket)
                    if all(s["phase"] == "streaming" for c in state["cameras"] for s in c["streams"].values()) and all(
                        camera["pictures"] for camera in (await self.hdmi_status())["cameras"].values()
                    ):
                        return
                await self.clock.sleep(LOOK_SECONDS)

        await self._patiently(pictures_everywhere(), "not every camera shows a picture yet")
        return state

    async def hdmi_status(self) -> dict[str, Any]:
        """What the monitor shows; no camera where there is none."""
        if "hdmi" not in self.children:
            return {"cameras": {}}
        url = self.children["hdmi"].addresses["hdmi"]
        async with aiohttp.ClientSession() as session, session.get(f"{url}v1/status") as response:
            status: dict[str, Any] = await response.json()
            return status

    async def _patiently(self, waiting: Any, complaint: str) -> None:
        task = asyncio.ensure_future(waiting)
        try:
            while not task.done():
                try:
                    async with self.clock.timeout(READY_SECONDS):
                        await asyncio.shield(task)
                except TimeoutError:
                    _log.warning("after %.0f s: %s", READY_SECONDS, complaint)
        finally:
            task.cancel()


async def read_state(socket: Path) -> dict[str, Any]:
    """The whole state of the recorder that serves this local socket. Raises RecorderError if none answers."""
    return await ask_local(socket, "/v1/state")


async def ask_local(socket: Path, path: str, content: object = None) -> dict[str, Any]:
    """The answer of the recorder that serves this local socket; `content` is posted. Raises RecorderError if none
    answers, or with its problem."""
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(socket))) as session,
            session.request("GET" if content is None else "POST", f"http://recorder{path}", json=content) as response,
        ):
            answer: dict[str, Any] = json.loads(await response.read())
    except (aiohttp.ClientError, OSError, ValueError):
        raise RecorderError(f"no recorder answers at {socket}: start it first") from None
    if response.status >= 400:
        said = [str(answer[part]).rstrip(".。") for part in ("detail", "remedy") if answer.get(part)]
        raise RecorderError("; ".join(said))
    return answer
