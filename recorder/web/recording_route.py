"""`/…/cameras/{camera}/recording` (how a camera is recorded, and changing it)."""

import json
import logging
from typing import Protocol
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import ValidationError

from gate.client.gate import Gate
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.yaml_file import first_error
from recorder.config import RecorderConfig
from recorder.record_settings import RecordSettings
from recorder.state import StateBoard
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response

_log = logging.getLogger(__name__)


class Recordings(Protocol):
    """Whoever has the cameras' recorders."""

    def settings(self, camera: str) -> RecordSettings | None:
        """As in force; None for a camera that is not recorded here."""

    async def change(self, camera: str, settings: RecordSettings) -> None:
        """Puts settings in force at once, then keeps them. Raises OSError if they could not be kept."""


class RecordingRoute:
    """`feature`: what the asking side must be granted; None on the local site, whose user is at the recorder."""

    def __init__(
        self, *, recordings: Recordings, gate: Gate, board: StateBoard, config: RecorderConfig, feature: Feature | None
    ) -> None:
        self._recordings = recordings
        self._gate = gate
        self._board = board
        self._language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)
        self._feature = feature

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The settings in force."""
        settings = self._settings(request)
        return settings if isinstance(settings, web.Response) else self._answer(request, settings)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Takes a mode's name, or an object of the fields to change; the others stay."""
        settings = self._settings(request)
        if isinstance(settings, web.Response):
            return settings
        try:
            changed = settings.changed(json.loads(await request.read()))
        except (ValueError, RecursionError) as error:
            text = first_error(error) if isinstance(error, ValidationError) else "this is no JSON"
            return self._problem(request, "recording_malformed", text)
        try:
            await self._recordings.change(_camera(request), changed)
        except OSError as error:
            _log.error("camera %s: the recording mode could not be kept: %s", _camera(request), error)
            return self._problem(request, "recording_not_kept", error.strerror)
        return self._answer(request, changed)

    def _settings(self, request: web.Request) -> RecordSettings | web.Response:
        if self._feature is not None:
            denial = self._denial(request, self._feature, None)
            if denial is not None:
                return denial
        settings = self._recordings.settings(_camera(request))
        return settings or self._problem(request, "camera_unknown")

    def _denial(self, request: web.Request, feature: Feature, camera: str | None) -> web.Response | None:
        decision = self._gate.decide(feature, camera)
        if isinstance(decision, Denied):
            return problem_response(problem(decision, language_of(request, self._language), self._zone))
        return None

    def _problem(self, request: web.Request, code: str, detail: str | None = None) -> web.Response:
        language = language_of(request, self._language)
        found = own_problem(code, language, camera=_camera(request)[:64])
        return problem_response(found | {"detail": f"{found['detail']}: {detail}"} if detail else found)

    def _answer(self, request: web.Request, settings: RecordSettings) -> web.Response:
        recording = self._board.cameras[_camera(request)].recording
        state = {"phase": recording.phase, "reason": recording.reason}
        return json_answer({"camera": _camera(request), **settings.model_dump(mode="json"), **state})


def _camera(request: web.Request) -> str:
    return request.match_info["camera"]
