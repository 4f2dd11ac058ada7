"""Fetching exports: a file, the manifest, or all of it as a ZIP; with Range and ETag.

1. Under a lease of each camera concerned. When one ends the connection is reset: nothing looks whole that is not.
2. Read in a thread, CHUNK_BYTES ahead of nobody; a peer that takes nothing for SEND_SECONDS_MAX is dropped.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.lease import Lease
from gate.clock import instant_of
from gate.licence.denials import problem
from gate.licence.text import Language
from gate.peer import bound_kernel_buffer, reset
from recorder.access.actor import actor_of
from recorder.exports.export import Export
from recorder.exports.exporter import FEATURES, Exporter
from recorder.exports.shelf import MANIFEST_NAME
from recorder.exports.zip_file import Piece, ZipEntry, zip_pieces
from recorder.remote.exports_problems import export_problem
from recorder.remote.exports_route import ExportsRoute, sees
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response
from recorder.web.served import Served

DOWNLOADS_MAX = 8
CHUNK_BYTES = 256 << 10
SEND_SECONDS_MAX = 20.0

_log = logging.getLogger(__name__)


def add_exports(router: web.UrlDispatcher, served: Served) -> None:
    """The routes of exports, where there are any."""
    exports = served.exports
    if exports is None:
        return
    route, download = ExportsRoute(served, exports), ExportsDownload(served, exports)
    base = "/api/v1/exports"
    router.add_get(base, route.all, allow_head=False)
    router.add_post(base, route.order)
    router.add_get(f"{base}/{{export}}", route.one, allow_head=False)
    router.add_delete(f"{base}/{{export}}", route.remove)
    router.add_get(f"{base}/{{export}}/files/{{name}}", download.file)
    router.add_get(f"{base}/{{export}}/manifest.json", download.manifest)
    router.add_get(f"{base}/{{export}}/export.zip", download.zip)


class ExportsDownload:
    """`exports`: who has made them."""

    def __init__(self, served: Served, exports: Exporter) -> None:
        self._served = served
        self._exports = exports
        self._language: Language = served.config.device.language
        self._zone = ZoneInfo(served.config.device.time_zone)
        self._downloads = 0

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One file."""
        export = self._find(request)
        if isinstance(export, web.Response):
            return export
        name = request.match_info["name"]
        file = next((file for file in export.files if file.name == name), None)
        if file is None:
            return self._problem(request, "export_unknown")
        piece = Piece(size=file.size, path=self._exports.path(export.order.id, name))
        headers = _headers("video/mp4", name, file.sha256[:32])
        return await self._send(request, (file.camera,), [piece], headers, export)

    async def manifest(self, request: web.Request) -> web.StreamResponse:
        """The signed manifest by itself."""
        export = self._find(request)
        if isinstance(export, web.Response):
            return export
        piece = await self._manifest(export)
        if piece is None:
            return self._problem(request, "export_lost")
        headers = _headers("application/json", f"{export.order.id}.manifest.json", f"{zlib.crc32(piece.data):08x}")
        return await self._send(request, export.order.cameras, [piece], headers, export)

    async def zip(self, request: web.Request) -> web.StreamResponse:
        """All files and the manifest."""
        export = self._find(request)
        if isinstance(export, web.Response):
            return export
        manifest = await self._manifest(export)
        if manifest is None:
            return self._problem(request, "export_lost")
        at = instant_of(export.ended_utc_ns or 0).astimezone(self._zone)
        entries = [
            ZipEntry(
                name=file.name,
                content=Piece(size=file.size, path=self._exports.path(export.order.id, file.name)),
                crc32=file.crc32,
                at=at,
            )
            for file in export.files
        ]
        entries.append(ZipEntry(name=MANIFEST_NAME, content=manifest, crc32=zlib.crc32(manifest.data), at=at))
        begin = instant_of(export.order.start_utc_ns).astimezone(self._zone)
        name = f"export_{begin:%Y-%m-%d_%H-%M-%S}.zip"
        headers = _headers("application/zip", name, f"{zlib.crc32(manifest.data):08x}-zip")
        return await self._send(request, export.order.cameras, zip_pieces(entries), headers, export)

    async def _manifest(self, export: Export) -> Piece | None:
        path = self._exports.path(export.order.id, MANIFEST_NAME)
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError:
            return None
        return Piece(size=len(data), data=data)

    def _find(self, request: web.Request) -> Export | web.Response:
        export = self._exports.get(request.match_info["export"])
        if export is None or not sees(request, export):
            return self._problem(request, "export_unknown")
        return export if export.state == "done" else self._problem(request, "export_not_done")

    async def _send(
        self,
        request: web.Request,
        cameras: Sequence[str],
        pieces: Sequence[Piece],
        headers: dict[str, str],
        export: Export,
    ) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers={"ETag": headers["ETag"], "Cache-Control": "private, no-cache"})
        if self._downloads >= DOWNLOADS_MAX:
            return self._problem(request, "too_many_viewers")
        response, leases, whole = web.StreamResponse(headers=headers), list[Lease](), False
        self._downloads += 1
        try:
            async with AsyncExitStack() as stack:
                for camera in cameras:
                    for feature in FEATURES:
                        leases.append(await stack.enter_async_context(self._served.gate.lease(feature, camera)))
                whole = await self._send_leased(request, response, pieces, export)
        except LeaseDeniedError as error:
            return problem_response(problem(error.denial, language_of(request, self._language), self._zone))
        except ValueError:  # a camera that has been taken out of the configuration
            return self._problem(request, "camera_unknown")
        finally:
            self._downloads -= 1
        denial = next((lease.denial for lease in leases if lease.denial is not None), None)
        if not response.prepared and denial is not None:
            return problem_response(problem(denial, language_of(request, self._language), self._zone))
        if not whole or denial is not None:
            reset(request.transport)
        return response

    async def _send_leased(
        self, request: web.Request, response: web.StreamResponse, pieces: Sequence[Piece], export: Export
    ) -> bool:
        size = sum(piece.size for piece in pieces)
        begin, end = 0, size
        if request.headers.get("If-Range", response.headers["ETag"]) == response.headers["ETag"]:
            asked = _range_of(request, size)
            if asked is None:
                response.set_status(416)
                response.headers["Content-Range"] = f"bytes */{size}"
                begin = end = 0
            elif asked != (0, size):
                begin, end = asked
                response.set_status(206)
                response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        response.content_length = end - begin
        bound_kernel_buffer(request.transport)
        await response.prepare(request)
        if request.method == "HEAD":
            await response.write_eof()
            return True
        if begin == 0 and end:
            self._served.audit.note(
                actor_of(request), "export.fetched", camera=export.order.cameras[0], detail=request.path[-120:]
            )
        try:
            async with aclosing(_read(pieces, begin, end)) as parts:
                async for data in parts:
                    async with self._served.clock.timeout(SEND_SECONDS_MAX):
                        await response.write(data)
            await response.write_eof()
        except (TimeoutError, OSError) as error:
            _log.info("export %s: a download ended: %s", export.order.id, type(error).__name__)
            return False
        return True

    def _problem(self, request: web.Request, code: str) -> web.Response:
        return problem_response(export_problem(code, language_of(request, self._language)))


def _headers(kind: str, name: str, tag: str) -> dict[str, str]:
    return {
        "Content-Type": kind,
        "Content-Disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}",
        "ETag": f'"{tag}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }


def _range_of(request: web.Request, size: int) -> tuple[int, int] | None:
    """`[begin, end)` of one range; all of it for none, or for what is no single range of bytes; None if it cannot be
    met (RFC 9110 section 14)."""
    try:
        asked = request.http_range
    except ValueError:
        return 0, size
    if asked.start is None and asked.stop is None:
        return 0, size
    begin, end, _ = asked.indices(size)
    return (begin, end) if begin < end else None


async def _read(pieces: Sequence[Piece], begin: int, end: int) -> AsyncGenerator[bytes, None]:
    """Bytes `[begin, end)` of the pieces. Raises OSError, also for a file that is shorter than it was."""
    at = 0
    for piece in pieces:
        first, last = max(begin - at, 0), min(end - at, piece.size)
        at += piece.size
        if first >= last:
            continue
        if piece.path is None:
            yield piece.data[first:last]
            continue
        file = await asyncio.to_thread(piece.path.open, "rb")
        try:
            await asyncio.to_thread(file.seek, first)
            while first < last:
                data = await asyncio.to_thread(file.read, min(CHUNK_BYTES, last - first))
                if not data:
                    raise OSError(f"{piece.path.name} is shorter than it was")
                first += len(data)
                yield data
        finally:
            file.close()
