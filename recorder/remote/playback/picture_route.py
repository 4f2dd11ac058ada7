"""`thumb.jpg` and `sprites/…`: recorded pictures as JPEG. Decoding has one thread of its own."""

import logging
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import anyio
from aiohttp import web

from gate.clock import ns_of
from recorder.catalog.rows import STREAMS, Stream
from recorder.media.access_unit import AccessUnit
from recorder.media.decoding import UNDECODABLE, jpeg_of, last_picture
from recorder.playback.fragments import Wanted
from recorder.playback.pictures import PictureSource
from recorder.playback.sprites import Sheet, Sheets
from recorder.remote.playback.leased import Leased, camera_of
from recorder.remote.playback.media_route import instant_text
from recorder.web.answers import parse_instant

THUMB_WIDTH = 640

_log = logging.getLogger(__name__)


class PictureRoute:
    """Key pictures only: cheap, and never later than asked for."""

    def __init__(self, leased: Leased) -> None:
        self._leased = leased
        self._decoder = anyio.CapacityLimiter(1)
        self._sheets = Sheets()

    async def thumb(self, request: web.Request) -> web.StreamResponse:
        """The key picture at or before `t`; 404 where nothing was recorded at that time."""

        async def work() -> web.StreamResponse:
            stream = request.query.get("stream", "main")
            if stream not in STREAMS:
                return self._leased.problem(request, "stream_unknown")
            at = parse_instant(request.query.get("t", ""))
            if at is None:
                return self._leased.time_malformed(request)
            wanted = Wanted(
                camera=camera_of(request),
                stream=stream,
                start_utc_ns=ns_of(at),
                end_utc_ns=ns_of(at) + 1,
                keys_only=True,
            )
            units = await self._leased.in_thread(partial(self._key_picture, wanted))
            if not units:
                return self._leased.problem(request, "no_footage")
            jpeg = await self._jpeg(request, units)
            if isinstance(jpeg, web.Response):
                return jpeg
            return _picture(jpeg, {"Edge-Start": instant_text(units[0].utc_ns)})

        return await self._leased.answer(request, work)

    async def sheet(self, request: web.Request) -> web.StreamResponse:
        """The sheet of an hour, named `2027-01-31T05` in UTC."""

        async def work() -> web.StreamResponse:
            stream = request.query.get("stream", "main")
            if stream not in STREAMS:
                return self._leased.problem(request, "stream_unknown")
            hour = parse_hour(request.match_info["hour"])
            if hour is None:
                return self._leased.time_malformed(request)
            sheet = await self._leased.in_thread(
                partial(self._sheet, camera_of(request), stream, ns_of(hour)), limiter=self._decoder
            )
            if sheet is None:
                return self._leased.problem(request, "no_footage")
            return _picture(sheet.jpeg, {})

        return await self._leased.answer(request, work)

    async def _jpeg(self, request: web.Request, units: Sequence[AccessUnit]) -> bytes | web.Response:
        try:
            return await self._leased.in_thread(
                lambda: jpeg_of(last_picture(units), width_max=THUMB_WIDTH), limiter=self._decoder
            )
        except UNDECODABLE as error:
            _log.warning("camera %s: no picture: %s", camera_of(request), error)
            return self._leased.problem(request, "undecodable")

    def _key_picture(self, wanted: Wanted) -> Sequence[AccessUnit]:
        db = self._leased.archive.connect()
        try:
            roots = self._leased.archive.roots(db)
        except sqlite3.Error:
            db.close()
            raise
        source = PictureSource(db, roots, wanted)
        try:
            return source.next_units() or ()
        finally:
            source.close()

    def _sheet(self, camera: str, stream: Stream, hour_utc_ns: int) -> Sheet | None:
        with self._leased.archive.reading() as (db, roots):
            return self._sheets.sheet(db, roots, camera, stream, hour_utc_ns)


def parse_hour(text: str) -> datetime | None:
    """An hour of UTC; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError:
        return None


def _picture(jpeg: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"} | headers)
