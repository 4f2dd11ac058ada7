"""The site that is judged, whoever started it: what the runner, the probes and the watch need of it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import aiohttp

from gate.clock import SystemClock, instant_of, ns_of
from gate.verify.errors import SiteError
from gate.verify.inbox import Inbox
from gate.verify.licences import LicenceService
from gate.verify.matrix import Check
from gate.verify.webhook import Webhook


class Site(Protocol):
    """Site time is the machine's and `offset_ns`. `session` is signed in at the recorder where it asks for that.
    `device`: the recorder's id. `fps` and `loop_pictures`: of the main streams' marks and barcodes.

    What a site does not have, or has not been told, raises ProbeError when it is asked for: whoever needs it is `not
    run`, with that reason."""

    clock: SystemClock
    session: aiohttp.ClientSession
    offset_ns: int
    expiries: Mapping[str, datetime]

    @property
    def device(self) -> str: ...
    @property
    def cameras(self) -> tuple[str, ...]: ...
    @property
    def fps(self) -> int: ...
    @property
    def loop_pictures(self) -> int: ...

    @property
    def turned(self) -> str | None:
        """A camera with presets."""
        return self.cameras[0]

    @property
    def scratch(self) -> Path:
        """A folder of the verifier's own."""

    @property
    def footage(self) -> Path:
        """What the recorder writes, by cameras."""

    @property
    def card(self) -> Path:
        """The SD card of the first camera."""

    @property
    def has_monitor(self) -> bool:
        """A direct camera has none."""
        return True

    @property
    def monitor(self) -> str:
        """The address of the monitor's preview, with a slash at its end."""

    @property
    def local(self) -> aiohttp.ClientSession:
        """The recorder's local site; any host name will do."""

    @property
    def licences(self) -> LicenceService:
        """The licence service, as its partner."""

    @property
    def webhook(self) -> Webhook | None:
        """Where the recorder tells events, if it does."""

    @property
    def mail(self) -> Inbox | None:
        """Where the recorder sends mails, if it does."""
        return None

    @property
    def mqtt(self) -> Inbox | None:
        """What the recorder's broker was told, if there is one."""
        return None

    @property
    def restream(self) -> str | None:
        """Where the recorder gives its cameras over RTSP to anybody, if it does; without a slash at its end."""
        return None

    def camera_url(self, camera: str) -> str:
        """The camera's own sub stream, not by way of the recorder."""

    def remote(self, path: str) -> str:
        """An address of the recorder's remote side; answers are in English."""

    async def step(self, text: str) -> None:
        """One command of the clock (`advance 30d`), or `show`. Raises SiteError with its sentence."""

    def service_stopped(self) -> AbstractAsyncContextManager[None]:
        """The licence service stands still, where that is allowed: it answers nobody until the body ends."""

    @property
    def service_can_stop(self) -> bool:
        """Whether that may be done."""
        return True

    async def renew(self, months: int) -> list[Check]:
        """The partner allocates a licence for each camera, where no account is kept of licences. Raises SiteError."""
        raise SiteError("licences are not the verifier's to give at this site")

    async def begin_fault(self, camera: str, kind: str, seconds: float) -> None:
        """Something goes wrong with a simulated camera. Raises SiteError where there are none."""
        raise SiteError(f"nothing can be made to go wrong with {camera}: it is no simulated camera of the verifier's")

    def now_ns(self) -> int:
        """Site time."""
        return self.clock.now_ns() + self.offset_ns

    def now(self) -> datetime:
        """Site time."""
        return instant_of(self.now_ns())

    def age_ms(self, shown: int, now_ns: int | None = None) -> float:
        """How old a picture with that barcode is now, or was then, if it is younger than a loop."""
        now = (self.now_ns() if now_ns is None else now_ns) * self.fps // 10**9
        return (now - shown) % self.loop_pictures * 1000 / self.fps

    @property
    def expiry(self) -> datetime:
        """The nearest end of an entitlement. Raises SiteError if nothing is entitled."""
        coming = [at for at in self.expiries.values() if ns_of(at) > self.now_ns()]
        if not coming:
            raise SiteError("no camera has a licence that could expire")
        return min(coming)
