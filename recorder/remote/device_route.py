"""`/api/v1/device` (device information, a part of remote maintenance, M9) and `/api/v1/cameras`."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language
from recorder.config import RecorderConfig
from recorder.state import StateBoard
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response

MODEL = "edge-recorder"


class DeviceRoute:
    """What this recorder is, how it fares, and which cameras it has."""

    def __init__(self, *, gate: Gate, board: StateBoard, clock: Clock, config: RecorderConfig) -> None:
        self._gate = gate
        self._board = board
        self._clock = clock
        self._config = config
        self._language: Language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)
        self._started_ns = clock.monotonic_ns()

    async def device(self, request: web.Request) -> web.StreamResponse:
        """Device information; a problem object while no camera is licensed."""
        decision = self._gate.decide(Feature.REMOTE_MAINTENANCE, None)
        if isinstance(decision, Denied):
            return problem_response(problem(decision, language_of(request, self._language), self._zone))
        return json_answer(self._information())

    async def cameras(self, _: web.Request) -> web.StreamResponse:
        """The cameras with the addresses of their views. Not gated: it shows nothing but names."""
        return json_answer(
            {"cameras": [_camera(camera.id, camera.streams, camera.name) for camera in self._board.cameras.values()]}
        )

    def _information(self) -> Mapping[str, Any]:
        storage = self._board.storage
        return {
            "id": self._config.device.id,
            "model": MODEL,
            "firmware": version("edge-recorder"),
            "time_zone": self._config.device.time_zone,
            "language": self._config.device.language,
            "now": self._clock.now().isoformat(timespec="microseconds"),
            "uptime_seconds": (self._clock.monotonic_ns() - self._started_ns) // 1_000_000_000,
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "python": platform.python_version(),
            "load_average": [round(load, 2) for load in os.getloadavg()],
            "cameras": len(self._board.cameras),
            "storage": {
                "used_bytes": storage.used_bytes,
                "bytes_max": storage.bytes_max,
                "free_bytes": storage.free_bytes,
                "message": storage.message,
            },
        }


def _camera(camera: str, streams: Mapping[str, object], name: str) -> Mapping[str, Any]:
    base = f"/api/v1/cameras/{camera}"
    return {
        "id": camera,
        "name": name,
        "streams": list(streams),
        "live": f"{base}/live",
        "snapshot": f"{base}/snapshot.jpg",
    }
