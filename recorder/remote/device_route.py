"""`/api/v1/device` (device information, a part of remote maintenance, M9) and `/api/v1/cameras`."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language
from recorder.access.actor import may_see
from recorder.config import RecorderConfig
from recorder.device_information import DeviceInformation
from recorder.state import StateBoard
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response


class DeviceRoute:
    """What this recorder is, how it fares, and which cameras it has."""

    def __init__(self, *, gate: Gate, board: StateBoard, clock: Clock, config: RecorderConfig) -> None:
        self._gate = gate
        self._board = board
        self._language: Language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)
        self._information = DeviceInformation(board=board, clock=clock, config=config)

    async def device(self, request: web.Request) -> web.StreamResponse:
        """Device information; a problem object while no camera is licensed."""
        decision = self._gate.decide(Feature.REMOTE_MAINTENANCE, None)
        if isinstance(decision, Denied):
            return problem_response(problem(decision, language_of(request, self._language), self._zone))
        return json_answer(self._information.object())

    async def cameras(self, request: web.Request) -> web.StreamResponse:
        """The cameras with the addresses of their views. Not gated: it shows nothing but names."""
        seen = [camera for camera in self._board.cameras.values() if may_see(request, camera.id)]
        return json_answer({"cameras": [_camera(camera.id, camera.streams, camera.name) for camera in seen]})


def _camera(camera: str, streams: Mapping[str, object], name: str) -> Mapping[str, Any]:
    base = f"/api/v1/cameras/{camera}"
    return {
        "id": camera,
        "name": name,
        "streams": list(streams),
        "live": f"{base}/live",
        "snapshot": f"{base}/snapshot.jpg",
    }
