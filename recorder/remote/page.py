"""The web app's page, and its files."""

from importlib import resources

from aiohttp import web

from gate.licence.text import Language, Text
from gate.static_files import StaticFiles
from recorder.web.middleware import language_of

TITLE = Text(ja="エッジレコーダー", en="Edge recorder")


class Page:
    """`/`; `files` are those of `/static/…`."""

    def __init__(self, default: Language) -> None:
        self._default = default
        self.files = StaticFiles(resources.files("recorder.remote") / "static")
        self._index = self.files.take("index.html").decode()

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The page, its `lang` and title in the reader's language."""
        language = language_of(request, self._default)
        html = self._index.replace("{{lang}}", language).replace("{{title}}", TITLE.in_language(language))
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language", "Content-Language": language}
        return web.Response(text=html, content_type="text/html", headers=headers)
