"""A site that runs already: what its file names is used, and nothing is changed that the file does not allow."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import aiohttp

from gate.clock import SystemClock
from gate.verify.attach_file import SiteFile
from gate.verify.errors import ProbeError, SiteError
from gate.verify.given_command import run_words
from gate.verify.licences import LicenceService
from gate.verify.matrix import Check, MatrixName
from gate.verify.site import Site
from gate.verify.site_clock import step_clock
from gate.verify.terms import term_of
from gate.verify.webhook import Webhook

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What has been reached of a site when it was attached to. `lapsed`: by cameras, as the recorder says it."""

    device: str
    lapsed: Mapping[str, bool]
    local: aiohttp.ClientSession | None
    licences: LicenceService | None
    webhook: Webhook | None


@dataclass(slots=True, kw_only=True)
class AttachedSite(Site):
    """`file`: what `path` says, its own paths made absolute. `stops`: how many want the licence service away."""

    path: Path
    file: SiteFile
    scratch: Path
    clock: SystemClock
    session: aiohttp.ClientSession
    reached: Reached
    stops: int = 0
    offset_ns: int = 0
    expiries: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def device(self) -> str:
        return self.reached.device

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(self.reached.lapsed)

    @property
    def fps(self) -> int:
        return self.file.cameras.fps

    @property
    def loop_pictures(self) -> int:
        return self.file.cameras.fps * self.file.cameras.loop_seconds

    @property
    def turned(self) -> str | None:
        return self.file.cameras.turned

    @property
    def has_monitor(self) -> bool:
        return self.file.monitor is not None

    @property
    def restream(self) -> str | None:
        return self.file.recorder.restream

    @property
    def footage(self) -> Path:
        return self._named(self.file.recorder.footage, "recorder.footage", "the recorder's disk cannot be looked at")

    @property
    def card(self) -> Path:
        return self._named(self.file.cameras.card, "cameras.card", "no camera's SD card can be looked at")

    @property
    def monitor(self) -> str:
        monitor = self._named(self.file.monitor, "monitor.url", "the HDMI monitor cannot be looked at")
        return monitor.url

    @property
    def local(self) -> aiohttp.ClientSession:
        return self._named(self.reached.local, "recorder.local", "no event can be made to happen")

    @property
    def webhook(self) -> Webhook | None:
        return self.reached.webhook

    @property
    def licences(self) -> LicenceService:
        return self._named(self.reached.licences, "service", "no licence can be allocated")

    def _named(self, found: T | None, place: str, without: str) -> T:
        if found is None:
            raise ProbeError(f"{self.path} has no {place}: {without}")
        return found

    def camera_url(self, camera: str) -> str:
        url = self._named(self.file.cameras.rtsp, "cameras.rtsp", "the cameras themselves cannot be looked at")
        return url.replace("{camera}", camera)

    def remote(self, path: str) -> str:
        return f"{self.file.recorder.url}api/v1/{path}{'&' if '?' in path else '?'}lang=en"

    async def step(self, text: str) -> None:
        if self.file.clock.socket is None:
            raise SiteError("the site lives on its machine's clock (clock: system), which nobody can step")
        if text != "show" and "clock" not in self.file.allow:
            raise SiteError(f"{self.path} does not allow that its clock is stepped (allow: [clock])")
        self.offset_ns, self.expiries = await step_clock(self.file.clock.socket, text, self.clock)

    @property
    def service_can_stop(self) -> bool:
        return "service" in self.file.allow

    @asynccontextmanager
    async def service_stopped(self) -> AsyncIterator[None]:
        service = self.file.service
        if "service" not in self.file.allow or service is None or service.stop is None or service.start is None:
            raise SiteError(f"{self.path} does not allow that its licence service is stopped (allow: [service])")
        self.stops += 1
        try:
            if self.stops == 1:
                await run_words(service.stop, self.clock)
            yield
        finally:
            self.stops -= 1
            if not self.stops:
                await run_words(service.start, self.clock)

    async def renew(self, months: int) -> list[Check]:
        if "licences" not in self.file.allow:
            raise SiteError(f"{self.path} does not allow that licences are given (allow: [licences])")
        service = self.file.service
        assert service is not None
        formula = [term_of(self.now(), months, ZoneInfo(service.time_zone)).expiry]
        answer = await self.licences.allocate(months=months, quantity=len(self.cameras))
        ends = [datetime.fromisoformat(one["term"]["ends"]) for one in answer["licences"]]
        evidence = {"found": [end.isoformat() for end in ends], "formula": [end.isoformat() for end in formula]}
        return [
            Check(
                name=f"term of the licences for {months} months",
                row=None,
                holds=bool(ends) and all(end in formula for end in ends),
                text="they end where the manual's formula says",
                evidence=evidence,
            )
        ]

    @property
    def matrix_now(self) -> MatrixName:
        """Which of the manual's matrices holds now, if what the recorder says of its cameras is true. Raises SiteError
        if some are lapsed and others are not."""
        lapsed = [camera for camera, is_lapsed in self.reached.lapsed.items() if is_lapsed]
        if lapsed and len(lapsed) < len(self.cameras):
            raise SiteError(
                f"{', '.join(lapsed)} have no licence now, the other cameras have one: name such as are alike in "
                f"cameras.ids of {self.path}"
            )
        return "lapsed" if lapsed else "active"
