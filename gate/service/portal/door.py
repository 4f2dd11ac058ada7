"""The way into every page: language, who it is, whether they may, the form and its token; and what becomes of errors.

Whoever is signed in passes these before any other page, in this order: an initial password that was mailed must be
changed, the terms of use be accepted (R17), the question about the password answered (R18). A partner that acts as a
customer passes none of them: they are the customer's own (decision 15).
"""

import enum
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import anyio.to_thread
from aiohttp import web

from gate.own_origin import origin_is_own
from gate.service.access.identity import SESSION_COOKIE, Identities, Identity, form_token_is_right
from gate.service.operations.accounts import end_proxy
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import ServiceCode, refusal
from gate.service.operations.sessions import set_session_proxy
from gate.service.portal.catalogue import choose_language
from gate.service.portal.guard import SECURITY_HEADERS
from gate.service.portal.page import error_page
from gate.service.portal.site import PageRefusedError, Site, Visit, go
from gate.service.portal.terms import terms_are_accepted
from gate.service.portal.viewers import viewer_of
from gate.sign_in.errors import PasswordsBusyError
from gate.sign_in.tokens import form_token, form_token_fits, new_token

FORM_BYTES_MAX = 64 << 10
UPLOAD_BYTES_MAX = 12 << 20
FORM_COOKIE = "portal_form"
LANGUAGE_COOKIE = "portal_language"
LANGUAGE_SECONDS = 365 * 86400
UPLOAD_FIELD = "picture"

_log = logging.getLogger(__name__)

Page = Callable[[Visit], Awaitable[web.StreamResponse]]


class Door(enum.Enum):
    """Who may pass. A proxy is a partner's user who acts as a customer at the moment."""

    OPEN = "anybody"
    SIGNED_IN = "everybody with a session"
    OWN = "everybody with a session, but for proxies"
    OPERATOR = "operator"
    PARTNER = "partner"
    CUSTOMER = "customer"
    CUSTOMER_OR_PROXY = "customer, proxy"
    CUSTOMER_SIDE = "customer, shared user, proxy"
    READERS = "operator, partner, customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A page. `early`: before the terms and the password question. `upload`: its form brings a picture."""

    method: str
    path: str
    page: Page
    door: Door
    early: bool = False
    upload: bool = False


class Doors:
    """Makes handlers of pages."""

    def __init__(self, *, site: Site, identities: Identities) -> None:
        self._site = site
        self._identities = identities

    def add_to(self, app: web.Application, routes: list[Route]) -> None:
        """Adds the routes' handlers."""
        for route in routes:
            if route.method == "GET":
                app.router.add_get(route.path, self._handler(route))  # and HEAD
            else:
                app.router.add_route(route.method, route.path, self._handler(route))

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            visit = self._visit(request)
            try:
                response = await self._pass(route, visit)
            except PageRefusedError as error:
                response = error_page(visit, status=error.status, title=visit.words("error.refused"), text=error.text)
            except PasswordsBusyError:
                response = self._error(visit, 503, "busy")
            except web.HTTPException as error:
                if error.status < 400:
                    raise
                response = self._error(visit, error.status, _ERRORS.get(error.status, "other"))
            except ConnectionError:
                raise
            except Exception:
                _log.exception("%s %s failed", request.method, request.path)
                response = self._error(visit, 500, "internal")
            self._finish(visit, response)
            return response

        return handle

    def _error(self, visit: Visit, status: int, name: str) -> web.Response:
        words = visit.words
        return error_page(visit, status=status, title=words(f"error.{name}"), text=words(f"error.{name}.remedy"))

    def _visit(self, request: web.Request) -> Visit:
        language = choose_language(
            wishes=(request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE)),
            accept_language=request.headers.get("Accept-Language"),
        )
        secret = request.cookies.get(FORM_COOKIE) or new_token()
        return Visit(
            site=self._site,
            request=request,
            language=language,
            words=self._site.rendering.words(language),
            form_secret=secret,
            form_token=form_token(secret),
            now=self._site.clock.now(),
        )

    async def _pass(self, route: Route, visit: Visit) -> web.StreamResponse:
        await self._identify(visit)
        if not await self._proxy_goes_on(visit):
            return go("/customers", done="proxy_over")
        if visit.identity is None and route.door is not Door.OPEN:
            over = "session_over" if SESSION_COOKIE in visit.request.cookies else None
            return go("/sign-in", done=over, **({"next": visit.request.path} if route.method == "GET" else {}))
        if route.method == "POST":
            await self._read_form(route, visit)
        if visit.identity is not None and route.door is not Door.OPEN:
            self._require(route.door, visit)
            detour = None if route.early else _detour(visit.identity)
            if detour is not None and visit.request.path != detour:
                return go(detour)
        return await route.page(visit)

    async def _identify(self, visit: Visit) -> None:
        visit.identity = await self._identities.of_session(visit.request)
        if visit.identity is None:
            return
        assert visit.identity.session is not None
        visit.form_token = visit.identity.session.form_token
        async with self._site.store.read() as tx:
            visit.viewer = await viewer_of(tx, self._site, visit.identity)

    async def _proxy_goes_on(self, visit: Visit) -> bool:
        """False where the time of a proxy sign-in is over: it has been ended then."""
        if visit.viewer is None or visit.viewer.proxy_ends is None or visit.now < visit.viewer.proxy_ends:
            return True
        assert visit.identity is not None and visit.identity.session is not None
        async with self._site.store.begin() as tx:
            await end_proxy(tx, visit.identity.actor, visit.now)
            await set_session_proxy(tx, visit.identity.session, None, None)
        return False

    async def _read_form(self, route: Route, visit: Visit) -> None:
        request = visit.request
        if not origin_is_own(request.headers.get("Origin"), request.headers.get("Host")):
            raise PageRefusedError(status=403, text=visit.words("error.origin"))
        bounded = request.clone(client_max_size=UPLOAD_BYTES_MAX if route.upload else FORM_BYTES_MAX)
        try:
            fields = await bounded.post()
        except ValueError:
            raise web.HTTPBadRequest from None
        visit.typed = {name: value for name, value in fields.items() if isinstance(value, str)}
        for name, value in fields.items():
            if isinstance(value, web.FileField):
                with value.file as file:
                    if name == UPLOAD_FIELD and route.upload:
                        visit.upload = await anyio.to_thread.run_sync(file.read)
        proof = visit.typed.get("form_token", "")
        if visit.identity is not None:
            right = form_token_is_right(visit.identity, proof)
        else:
            right = FORM_COOKIE in request.cookies and form_token_fits(visit.form_secret, proof)
        if not right:
            raise PageRefusedError(status=403, text=visit.words("error.form_token"))

    def _require(self, door: Door, visit: Visit) -> None:
        if _may(door, visit.actor):
            return
        if visit.actor.on_behalf_of is not None:
            raise visit.refused(refusal(ServiceCode.NOT_BY_PROXY))
        raise visit.refused(refusal(ServiceCode.NOT_ALLOWED))

    def _finish(self, visit: Visit, response: web.StreamResponse) -> None:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        secure = visit.request.secure
        if visit.request.query.get("lang") == visit.language:
            response.set_cookie(
                LANGUAGE_COOKIE,
                visit.language,
                max_age=LANGUAGE_SECONDS,
                secure=secure,
                httponly=True,
                samesite="Lax",
            )
        if visit.identity is None and FORM_COOKIE not in visit.request.cookies:
            response.set_cookie(FORM_COOKIE, visit.form_secret, secure=secure, httponly=True, samesite="Lax")


_ERRORS = {400: "malformed", 404: "not_found", 405: "not_found", 413: "too_large"}


def _may(door: Door, actor: Actor) -> bool:
    proxy, role = actor.on_behalf_of is not None, actor.role
    match door:
        case Door.OPEN | Door.SIGNED_IN:
            return True
        case Door.CUSTOMER_SIDE:
            return proxy or role in ("customer", "shared")
        case Door.CUSTOMER_OR_PROXY:
            return proxy or role == "customer"
        case Door.OWN:
            return not proxy
        case Door.READERS:
            return not proxy and role in ("operator", "partner", "customer")
        case _:
            return not proxy and role == door.value


def _detour(identity: Identity) -> str | None:
    """Where the signed-in user must go first."""
    session, actor = identity.session, identity.actor
    assert session is not None
    if actor.on_behalf_of is not None:
        return None
    user = session.user
    if user.role != "customer" and user.password_origin == "mailed":
        return "/password"
    if not terms_are_accepted(user):
        return "/terms"
    if user.role == "customer" and user.password_origin != "own" and not session.password_question_answered:
        return "/password/question"
    return None
