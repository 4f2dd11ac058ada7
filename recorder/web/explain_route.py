"""`/…/explain?camera=&feature=&at=`: why a feature may or may not run, with the whole chain. Never gated: it tells of
licences what `/…/state` tells."""

from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.explanation import Question, as_json, explain
from gate.licence.features import Feature
from recorder.access.actor import may_see
from recorder.config import RecorderConfig
from recorder.state import StateBoard
from recorder.web.answers import json_answer, parse_instant
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response


class ExplainRoute:
    """The same on the remote side and the local site."""

    def __init__(self, *, gate: Gate, board: StateBoard, clock: Clock, config: RecorderConfig) -> None:
        self._gate = gate
        self._clock = clock
        self._board = board
        self._language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The explanation; a problem object for parameters that make no sense. Without `camera`: the recorder itself;
        without `at`: now."""
        language = language_of(request, self._language)
        camera = request.query.get("camera") or None
        if camera is not None and (camera not in self._board.cameras or not may_see(request, camera)):
            return problem_response(own_problem("camera_unknown", language, camera=camera[:64]))
        try:
            feature = Feature(request.query.get("feature", ""))
        except ValueError:
            return problem_response(own_problem("feature_unknown", language))
        at, asked = None, request.query.get("at")
        if asked:
            at = parse_instant(asked)
            if at is None:
                return problem_response(own_problem("instant_malformed", language))
        question = Question(feature=feature, camera=camera, at=at or self._gate.evidence().now, kind=self._gate.kind)
        explanation = explain(
            question,
            self._gate.entitlement,
            self._gate.profile,
            self._gate.evidence() if at is None else None,
            self._zone,
        )
        return json_answer(as_json(explanation, language, self._zone))
