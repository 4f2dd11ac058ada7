"""`timeline` and `days` of a camera: what there is to play."""

from aiohttp import web

from recorder.catalog.database import Catalog
from recorder.catalog.rows import STREAMS
from recorder.remote.playback.leased import Leased, camera_of
from recorder.web.timeline_form import TimelineForm, parse_month, parse_range


class TimelineRoute:
    """`catalog`: of the recorder."""

    def __init__(self, leased: Leased, catalog: Catalog) -> None:
        served = leased.served
        self._leased = leased
        self._form = TimelineForm(
            catalog=catalog,
            archive=leased.archive,
            gate=served.gate,
            clock=served.clock,
            zone=leased.zone,
            licensed_only=True,
        )

    async def timeline(self, request: web.Request) -> web.StreamResponse:
        """The three layers of `from` to `to`."""

        async def work() -> web.StreamResponse:
            wanted = parse_range(request.query)
            if isinstance(wanted, str):
                return self._leased.problem(request, wanted)
            return await self._form.timeline(camera_of(request), wanted, self._leased.language(request))

        return await self._leased.answer(request, work)

    async def days(self, request: web.Request) -> web.StreamResponse:
        """The days of `month` with footage."""

        async def work() -> web.StreamResponse:
            month = parse_month(request.query.get("month", ""), self._leased.zone)
            stream = request.query.get("stream", "main")
            if stream not in STREAMS:
                return self._leased.problem(request, "stream_unknown")
            if month is None:
                return self._leased.time_malformed(request)
            return await self._form.days(camera_of(request), stream, month)

        return await self._leased.answer(request, work)
