"""`/…/events/{id}/thumbnail.jpg`: a small picture of what an event is about, to whom the event may be shown."""

from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language
from recorder.access.actor import may_see
from recorder.catalog.database import Catalog
from recorder.catalog.event_queries import event_of
from recorder.events.bus import EventBus
from recorder.events.kept import Event
from recorder.events.thumbnails import Thumbnails, ThumbnailsBusyError
from recorder.playback.archive import Archive
from recorder.web.event_access import EventAccess
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response
from recorder.web.served import Served

NUMBER_DIGITS_MAX = 18


class ThumbnailRoute:
    """One side's pictures of events. `feature`: HDMI_EVENTS or REMOTE_EVENTS."""

    def __init__(self, served: Served, *, bus: EventBus, catalog: Catalog, feature: Feature) -> None:
        self._bus = bus
        self._catalog = catalog
        self._access = EventAccess(gate=served.gate, board=served.board, feature=feature)
        self._language: Language = served.config.device.language
        self._zone = ZoneInfo(served.config.device.time_zone)
        self._thumbnails = Thumbnails(
            feature=feature,
            archive=Archive(data_dir=served.config.device.data_dir),
            hub=served.hub,
            board=served.board,
            gate=served.gate,
            clock=served.clock,
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A JPEG, or a problem: 403 denied, 404 `not_found` (no such event, or none for this side) or `no_thumbnail`,
        503 `too_many_viewers`. With `absent=empty` an event without a picture gets an empty answer: to a page it is no
        error."""
        language = language_of(request, self._language)
        event = await self._event(request.match_info["event"])
        hidden = event is None or not may_see(request, event.camera)
        if event is None or hidden or (self._access.licensed_only and not event.licensed):
            return problem_response(own_problem("not_found", language))
        if (denied := self._denied(event, language)) is not None:
            return denied
        try:
            jpeg = await self._thumbnails.picture(event)
        except ThumbnailsBusyError:
            return problem_response(own_problem("too_many_viewers", language), {"Retry-After": "1"})
        if (denied := self._denied(event, language)) is not None:  # it may have lapsed meanwhile
            return denied
        if jpeg is None and request.query.get("absent") == "empty":
            return web.Response(status=204, headers={"Cache-Control": "no-store"})
        if jpeg is None:
            return problem_response(own_problem("no_thumbnail", language, camera=event.camera))
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})

    async def _event(self, text: str) -> Event | None:
        if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
            return None
        number = int(text)
        return self._bus.recent(number) or await self._catalog.read(partial(event_of, number=number))

    def _denied(self, event: Event, language: Language) -> web.Response | None:
        denial = self._access.denial_of(event)
        return problem_response(problem(denial, language, self._zone)) if denial is not None else None
