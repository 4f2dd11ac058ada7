"""The web app's files: read once when the application is made, then served from memory."""

import hashlib
import mimetypes
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from aiohttp import web

from gate.licence.text import Language, Text
from recorder.web.middleware import language_of

TITLE = Text(ja="エッジレコーダー", en="Edge recorder")

_TYPES = {".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    body: bytes
    content_type: str
    etag: str


class Page:
    """`/` and `/static/…`. The browser asks again each time and gets 304 as long as a file is the same."""

    def __init__(self, default: Language) -> None:
        self._default = default
        self._files: dict[str, _File] = {}
        _read(resources.files("recorder.remote") / "static", "", self._files)
        self._index = self._files.pop("index.html").body.decode()

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The page, its `lang` and title in the reader's language."""
        language = language_of(request, self._default)
        html = self._index.replace("{{lang}}", language).replace("{{title}}", TITLE.in_language(language))
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language", "Content-Language": language}
        return web.Response(text=html, content_type="text/html", headers=headers)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """One file of the app."""
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
