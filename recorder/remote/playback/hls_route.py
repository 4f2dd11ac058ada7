"""`vod.m3u8` and the pieces it names: a range as HLS (RFC 8216), for players that know nothing of us.

Media time in a playlist is one unbroken line: each piece is moved to where the one before has ended, and gaps, which a
player would stand still in, are left out. EXT-X-PROGRAM-DATE-TIME tells the wall time after each.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from aiohttp import web

from recorder.catalog.rows import STREAMS, SegmentId
from recorder.media.access_unit import TIMESCALE
from recorder.playback.fragments import Wanted
from recorder.playback.stored import Piece, find_pieces, find_segment_piece, read_moved
from recorder.remote.playback.leased import Leased, camera_of
from recorder.remote.playback.media_route import instant_text, mime_of
from recorder.web.timeline_form import parse_range

DAYS_MAX = 1
PIECE_SECONDS = 6.0
PIECES_MAX = 20_000
"""Of one playlist; a day has some 15 000."""
BREAK_NS = 500_000_000
"""A longer pause between two pieces is told as a break."""

_NAME = re.compile(r"(\d{1,9})-(\d{1,9})-(\d{1,12})-(\d{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One piece of a playlist. `name`: run, seq, the byte of its first fragment in the file, how many."""

    piece: Piece
    name: str
    duration_90k: int


class HlsRoute:
    """Each piece is asked for by itself, and cut by itself."""

    def __init__(self, leased: Leased) -> None:
        self._leased = leased

    async def playlist(self, request: web.Request) -> web.StreamResponse:
        """The playlist of `from` to `to`."""

        async def work() -> web.StreamResponse:
            found = parse_range(request.query, DAYS_MAX)
            if isinstance(found, str):
                return self._leased.problem(request, found)
            wanted = Wanted(
                camera=camera_of(request),
                stream=found.stream,
                start_utc_ns=found.start_utc_ns,
                end_utc_ns=found.end_utc_ns,
            )
            text = await self._leased.in_thread(partial(self._playlist, wanted))
            if text is None:
                return self._leased.problem(request, "no_footage")
            return web.Response(
                body=text.encode(), content_type="application/vnd.apple.mpegurl", headers={"Cache-Control": "no-store"}
            )

        return await self._leased.answer(request, work)

    async def piece(self, request: web.Request) -> web.StreamResponse:
        """One piece, its first picture decoded at `at` (in 1/90000 s)."""

        async def work() -> web.StreamResponse:
            name = _NAME.fullmatch(request.match_info["piece"])
            stream, at = request.query.get("stream", "main"), request.query.get("at", "")
            if name is None or stream not in STREAMS or not (at.isascii() and at.isdecimal() and len(at) < 16):
                return self._leased.problem(request, "no_footage")
            run, seq, offset, count = (int(part) for part in name.groups())
            id = SegmentId(camera_of(request), stream, run, seq)
            piece = await self._leased.in_thread(partial(self._find, id, offset, count))
            if piece is None:
                return self._leased.problem(request, "no_footage")
            response = web.StreamResponse(
                headers={"Content-Type": mime_of(piece.init, silent=False), "Cache-Control": "no-store"}
            )
            response.content_length = sum(place.entry.bytes for place in piece.places)
            moved = read_moved(piece, int(at) - piece.places[0].entry.decode_time_90k)
            return await self._leased.send(request, response, moved)

        return await self._leased.answer(request, work)

    def _find(self, id: SegmentId, offset: int, count: int) -> Piece | None:
        with self._leased.archive.reading() as (db, roots):
            return find_segment_piece(db, roots, id, offset, count)

    def _playlist(self, wanted: Wanted) -> str | None:
        with self._leased.archive.reading() as (db, roots):
            pieces = islice(find_pieces(db, roots, wanted, PIECE_SECONDS), PIECES_MAX)
            lines = [_line(piece) for piece in pieces]
        return playlist_text(lines, wanted.stream) if lines else None


def _line(piece: Piece) -> _Line:
    first, last = piece.places[0], piece.places[-1]
    duration = last.entry.decode_time_90k + last.entry.duration_90k - first.entry.decode_time_90k
    name = f"{first.id.run}-{first.id.seq}-{first.offset}-{len(piece.places)}"
    return _Line(piece=piece, name=name, duration_90k=max(duration, 1))


def playlist_text(lines: Sequence[_Line], stream: str) -> str:
    """The playlist of these pieces. Pure."""
    longest = max(line.duration_90k for line in lines)
    text = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXT-X-TARGETDURATION:{-(-longest // TIMESCALE)}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    at, digest, before = 0, "", None
    for line in lines:
        first = line.piece.places[0]
        broken = before is not None and abs(first.utc_ns - before.end_utc_ns) > BREAK_NS
        if before is not None and (broken or line.piece.init.digest != digest):
            text.append("#EXT-X-DISCONTINUITY")
        if line.piece.init.digest != digest:
            digest = line.piece.init.digest
            text.append(f'#EXT-X-MAP:URI="init/{line.piece.entry}.mp4?stream={stream}"')
        if before is None or broken:
            text.append(f"#EXT-X-PROGRAM-DATE-TIME:{instant_text(first.utc_ns)}")
        text += [f"#EXTINF:{line.duration_90k / TIMESCALE:.5f},", f"vod/{line.name}.m4s?stream={stream}&at={at}"]
        at += line.duration_90k
        before = line.piece.places[-1]
    return "\n".join([*text, "#EXT-X-ENDLIST", ""])
