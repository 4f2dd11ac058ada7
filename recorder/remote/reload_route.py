"""`POST /api/v1/config/reload`: the configuration file is read again (a part of remote maintenance, M9)."""

from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.gate import Gate
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.yaml_file import ConfigError
from recorder.config import DeviceConfig
from recorder.reload import Reload
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response


class ReloadRoute:
    """What the file says is told to whoever may maintain this recorder, errors included."""

    def __init__(self, *, reload: Reload, gate: Gate, device: DeviceConfig) -> None:
        self._reload = reload
        self._gate = gate
        self._language = device.language
        self._zone = ZoneInfo(device.time_zone)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """200 with what has changed; 403 denied; 422 with file, line and field of what is wrong."""
        language = language_of(request, self._language)
        decision = self._gate.decide(Feature.REMOTE_MAINTENANCE, None)
        if isinstance(decision, Denied):
            return problem_response(problem(decision, language, self._zone))
        try:
            reloaded = await self._reload.reload(f"the API from {request.remote}")
        except ConfigError as error:
            found = own_problem("config_refused", language)
            return problem_response({**found, "detail": str(error)})
        changes = reloaded.changes
        return json_answer(
            {
                "added": changes.added,
                "changed": changes.changed,
                "removed": changes.removed,
                "restart_for": reloaded.restart_for,
            }
        )
