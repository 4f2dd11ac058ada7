"""`/…/cameras/{camera}/presets`, `…/preset` and `…/reboot`: what the recorder asks its cameras to do."""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from recorder.config import RecorderConfig
from recorder.ingest.errors import IngestError
from recorder.state import StateBoard
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response

_log = logging.getLogger(__name__)


class Preset(Protocol):
    """A place that a camera can look at."""

    @property
    def token(self) -> str: ...

    @property
    def name(self) -> str: ...


class CameraControls(Protocol):
    """Whoever can reach the cameras. Each raises IngestError, one sentence."""

    async def presets(self, camera: str) -> Sequence[Preset]:
        """Where the camera can look; empty if it cannot be turned."""

    async def goto_preset(self, camera: str, preset: str) -> None:
        """Turns it there."""

    async def reboot(self, camera: str) -> None:
        """Restarts it."""


class ControlRoute:
    """`remote`: the asking side needs a licence, for the camera's control (M2) and for maintenance (M9); the local
    site's user is at the recorder."""

    def __init__(
        self, *, controls: CameraControls, gate: Gate, board: StateBoard, config: RecorderConfig, remote: bool
    ) -> None:
        self._controls = controls
        self._gate = gate
        self._board = board
        self._language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)
        self._remote = remote

    async def presets(self, request: web.Request) -> web.StreamResponse:
        """Lists them."""

        async def ask(camera: str) -> dict[str, Any]:
            presets = await self._controls.presets(camera)
            return {"presets": [{"token": preset.token, "name": preset.name} for preset in presets]}

        return await self._controlled(request, ask)

    async def goto(self, request: web.Request) -> web.StreamResponse:
        """Takes `{"preset": token}`."""
        try:
            wish = json.loads(await request.read())
        except (ValueError, RecursionError):
            wish = None
        preset = wish.get("preset") if isinstance(wish, dict) and set(wish) == {"preset"} else None
        if not isinstance(preset, str) or not 0 < len(preset) <= 64:
            return self._problem(request, "control_malformed")

        async def ask(camera: str) -> dict[str, Any]:
            await self._controls.goto_preset(camera, preset)
            return {"preset": preset}

        return await self._controlled(request, ask)

    async def reboot(self, request: web.Request) -> web.StreamResponse:
        """Restarts the camera; it is away for a while then."""
        decision = self._gate.decide(Feature.REMOTE_MAINTENANCE, None) if self._remote else None
        if isinstance(decision, Denied):
            return problem_response(problem(decision, language_of(request, self._language), self._zone))

        async def ask(camera: str) -> dict[str, Any]:
            await self._controls.reboot(camera)
            return {"rebooting": True}

        return await self._asked(request, ask)

    async def _controlled(
        self, request: web.Request, ask: Callable[[str], Awaitable[dict[str, Any]]]
    ) -> web.StreamResponse:
        """Under a lease: what is under way when it ends is broken off."""
        camera = request.match_info["camera"]
        if camera not in self._board.cameras:
            return self._problem(request, "camera_unknown")
        lease: AbstractAsyncContextManager[Any] = nullcontext()
        if self._remote:
            lease = self._gate.lease(Feature.REMOTE_CONTROL, camera)
        answer: web.StreamResponse | None = None
        try:
            async with lease as granted:
                answer = await self._asked(request, ask)
        except LeaseDeniedError as error:
            return problem_response(problem(error.denial, language_of(request, self._language), self._zone))
        if granted is not None and granted.denial is not None:
            return problem_response(problem(granted.denial, language_of(request, self._language), self._zone))
        assert answer is not None  # only a lease that ends breaks it off
        return answer

    async def _asked(self, request: web.Request, ask: Callable[[str], Awaitable[dict[str, Any]]]) -> web.StreamResponse:
        camera = request.match_info["camera"]
        if camera not in self._board.cameras:
            return self._problem(request, "camera_unknown")
        try:
            told = await ask(camera)
        except IngestError as error:
            _log.warning("camera %s: %s: %s", camera, request.path.rpartition("/")[2], error)
            return self._problem(request, "camera_refused", str(error))
        return json_answer({"camera": camera, **told})

    def _problem(self, request: web.Request, code: str, detail: str | None = None) -> web.Response:
        found = own_problem(code, language_of(request, self._language), camera=request.match_info["camera"][:64])
        return problem_response(found | {"detail": f"{found['detail']}: {detail}"} if detail else found)
