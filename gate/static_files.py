"""A page's style sheets, scripts and pictures: read once when the program starts, then served from memory.

A leaf: any package may use it.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from aiohttp import web

_TYPES = {".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml", ".css": "text/css"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    body: bytes
    content_type: str
    etag: str


class StaticFiles:
    """Everything below a folder that is not hidden. The browser asks again each time and gets 304 as long as a file is
    the same."""

    def __init__(self, folder: Traversable) -> None:
        self._files: dict[str, _File] = {}
        _read(folder, "", self._files)

    def take(self, name: str) -> bytes:
        """A file that is served in another way from now on."""
        return self._files.pop(name).body

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The file of the route's `path`; 404 for any other name."""
        file = self._files.get(request.match_info["path"])
        if file is None:
            raise web.HTTPNotFound
        headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == file.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, content_type=file.content_type, charset="utf-8", headers=headers)


def _read(folder: Traversable, prefix: str, files: dict[str, _File]) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            _read(entry, f"{prefix}{entry.name}/", files)
        elif not entry.name.startswith("."):
            body = entry.read_bytes()
            suffix = entry.name[entry.name.rfind(".") :]
            kind = _TYPES.get(suffix) or mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            files[prefix + entry.name] = _File(body=body, content_type=kind, etag=etag)
