"""What every page has at hand, and what a page is told of a request."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from aiohttp import web

from gate.clock import Clock
from gate.licence.rules import Rules
from gate.licence.text import Language
from gate.service.access.identity import Identity
from gate.service.access.sign_in import SignIns
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.portal.forms import Form
from gate.service.portal.rendering import Rendering
from gate.service.portal.translation import Translation
from gate.service.store.engine import Store
from gate.sign_in.passwords import Passwords

RoleWord = Literal["operator", "partner", "secondary", "customer", "shared", "proxy"]

KEY_FIELD = "form_key"
KEY_CHARACTERS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts that pages use."""

    store: Store
    clock: Clock
    rules: Rules
    passwords: Passwords
    sign_ins: SignIns
    rendering: Rendering


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks at the page, in words. `organisation`: the partner's or customer's name; by proxy the customer's."""

    name: str
    organisation: str
    role_word: RoleWord
    proxy: bool
    proxy_ends: datetime | None


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request of a page. `typed`: the form's fields; `upload`: its picture."""

    site: Site
    request: web.Request
    language: Language
    words: Translation
    form_secret: str
    form_token: str
    now: datetime
    identity: Identity | None = None
    viewer: Viewer | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    upload: bytes = b""

    @property
    def actor(self) -> Actor:
        """Whose request it is. Only behind a door that lets nobody else in."""
        assert self.identity is not None
        return self.identity.actor

    @property
    def key(self) -> str:
        """The idempotency key of the form; a fresh one where it has none."""
        return self.typed.get(KEY_FIELD, "")[:KEY_CHARACTERS_MAX] or new_key()

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address."""
        return self.request.query

    def form(self) -> Form:
        """The form as it was sent."""
        return Form(self.words, self.typed)

    def said(self, refusal: Refusal) -> str:
        """A refusal's sentence."""
        return refusal.text.in_language(self.language)

    def refused(self, refusal: Refusal) -> "PageRefusedError":
        """For what cannot be shown beside a form: the page says why, and nothing else."""
        return PageRefusedError(status=refusal.status, text=self.said(refusal))


class PageRefusedError(Exception):
    """The page becomes a sentence with a status."""

    def __init__(self, *, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def new_key() -> str:
    """A form's own number: sent twice, it works once."""
    return secrets.token_urlsafe(16)


def go(path: str, *, done: str | None = None, **query: str) -> web.Response:
    """After a form: the browser gets another page, and reloading that repeats nothing. `done`: its notice."""
    parameters = {**query, **({"done": done} if done else {})}
    location = f"{path}?{urlencode(parameters)}" if parameters else path
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
