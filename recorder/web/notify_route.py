"""`/…/notify`: how remote notices fare, channel by channel. Remote maintenance (M9); open on the local site."""

from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.gate import Gate
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from recorder.config import DeviceConfig
from recorder.notify.notices import ChannelReport, Notices
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response
from recorder.web.served import Served


def add_notices(router: web.UrlDispatcher, served: Served, feature: Feature | None) -> None:
    """The route, where there are notices. `feature`: what the asking side must be granted; None: the local site."""
    if served.notices is not None:
        route = NotifyRoute(notices=served.notices, gate=served.gate, device=served.config.device, feature=feature)
        router.add_get("/v1/notify" if feature is None else "/api/v1/notify", route.show, allow_head=False)


class NotifyRoute:
    """How the notices of one recorder fare."""

    def __init__(self, *, notices: Notices, gate: Gate, device: DeviceConfig, feature: Feature | None) -> None:
        self._notices = notices
        self._gate = gate
        self._language = device.language
        self._zone = ZoneInfo(device.time_zone)
        self._feature = feature

    async def show(self, request: web.Request) -> web.StreamResponse:
        """All channels. Addresses are shown without path and query: they may hold tokens."""
        if self._feature is not None:
            decision = self._gate.decide(self._feature, None)
            if isinstance(decision, Denied):
                return problem_response(problem(decision, language_of(request, self._language), self._zone))
        return json_answer({"channels": [_channel(report) for report in await self._notices.reports()]})


def _channel(report: ChannelReport) -> dict[str, Any]:
    counts, standing = report.counts, report.standing
    return {
        "channel": report.channel,
        "address": report.shown,
        "waiting": counts.waiting,
        "sent": counts.sent,
        "given_up": counts.given_up,
        "too_old": counts.too_old,
        "left_out": counts.left_out,
        "cut": standing.cut,
        "told_at": standing.told_at.isoformat() if standing.told_at else None,
        "trouble": standing.trouble,
        "trouble_since": standing.since.isoformat() if standing.since else None,
    }
