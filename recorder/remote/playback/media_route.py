"""`media` and `init/…`: footage as it lies on disk, for a player that puts pieces together by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from aiohttp import web

from gate.clock import instant_of
from recorder.catalog.rows import STREAMS
from recorder.playback.fragments import Wanted
from recorder.playback.stored import Init, Piece, find_piece, read_entry, read_keys, read_piece, silent_init
from recorder.remote.playback.leased import Leased, camera_of
from recorder.web.timeline_form import parse_range

DAYS_MAX = 1
RUN_MAX = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    wanted: Wanted
    keys: bool


class MediaRoute:
    """Whoever plays asks for the next piece where the one before has ended (`Edge-End`)."""

    def __init__(self, leased: Leased) -> None:
        self._leased = leased

    async def media(self, request: web.Request) -> web.StreamResponse:
        """The first piece of `from` to `to`; `keys=1`: its key pictures alone; `run`: of that run only."""

        async def work() -> web.StreamResponse:
            asked = _asked(request)
            if isinstance(asked, str):
                return self._leased.problem(request, asked)
            piece = await self._leased.in_thread(partial(self._find, asked.wanted))
            if piece is None:
                return self._leased.problem(request, "no_footage")
            response = web.StreamResponse(headers=_headers(piece, silent=asked.keys))
            read: Callable[[Piece], Iterator[bytes]] = read_keys if asked.keys else read_piece
            if not asked.keys:
                response.content_length = sum(place.entry.bytes for place in piece.places)
            return await self._leased.send(request, response, read(piece))

        return await self._leased.answer(request, work)

    async def init(self, request: web.Request) -> web.StreamResponse:
        """The init section of that name; `sound=0`: for pieces of key pictures."""

        async def work() -> web.StreamResponse:
            stream = request.query.get("stream", "main")
            if stream not in STREAMS:
                return self._leased.problem(request, "stream_unknown")
            entry = request.match_info["entry"]

            def find() -> Init | None:
                with self._leased.archive.reading() as (db, roots):
                    return read_entry(db, roots, camera_of(request), stream, entry)

            init = await self._leased.in_thread(find)
            if init is None:
                return self._leased.problem(request, "no_footage")
            silent = request.query.get("sound") == "0"
            return web.Response(
                body=silent_init(init) if silent else init.data,
                headers={"Content-Type": mime_of(init, silent=silent), "Cache-Control": "no-store"},
            )

        return await self._leased.answer(request, work)

    def _find(self, wanted: Wanted) -> Piece | None:
        with self._leased.archive.reading() as (db, roots):
            return find_piece(db, roots, wanted)


def mime_of(init: Init, *, silent: bool) -> str:
    """The type that a browser is asked about."""
    sound = None if silent else init.format.sound
    return f'video/mp4; codecs="{init.format.codecs}{f", {sound.codecs}" if sound else ""}"'


def _asked(request: web.Request) -> _Asked | str:
    found = parse_range(request.query, DAYS_MAX)
    if isinstance(found, str):
        return found
    wanted = Wanted(
        camera=camera_of(request),
        stream=found.stream,
        start_utc_ns=found.start_utc_ns,
        end_utc_ns=found.end_utc_ns,
    )
    run = request.query.get("run")
    if run is not None:
        if not (run.isascii() and run.isdecimal() and len(run) < 10):
            return "range_malformed"
        wanted = replace(wanted, run=int(run))
    return _Asked(wanted=wanted, keys=request.query.get("keys") == "1")


def _headers(piece: Piece, *, silent: bool) -> dict[str, str]:
    first, last = piece.places[0], piece.places[-1]
    return {
        "Content-Type": mime_of(piece.init, silent=silent),
        "Cache-Control": "no-store",
        "Accept-Ranges": "none",
        "Edge-Init": piece.entry,
        "Edge-Run": str(first.id.run),
        "Edge-Anchor": instant_text(piece.anchor_utc_ns),
        "Edge-Start": instant_text(first.utc_ns),
        "Edge-End": instant_text(last.end_utc_ns + 999),
    }


def instant_text(utc_ns: int) -> str:
    """To the microsecond, rounded down."""
    return (instant_of(0) + timedelta(microseconds=utc_ns // 1000)).isoformat(timespec="microseconds")
