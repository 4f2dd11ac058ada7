"""The way into every route of the remote side, after hosts and origins have been looked at (recorder.remote.guard).

1. Who asks is found out once, by the session's cookie or by the service's word (recorder.access.access).
2. What the route needs is in one table; a route that is not there is for admins alone (recorder.access.route_table).
3. By a cookie nothing is changed without an Origin: SameSite alone is the browser's word. Programs have none.
4. A password that must be changed opens nothing but the routes to change it.
5. While a route runs it is watched: it ends within the second when who asked may no longer (recorder.access.stays).
"""

from aiohttp import web
from aiohttp.typedefs import Middleware

from gate.clock import Clock
from gate.licence.text import Language
from recorder.access.access import Access
from recorder.access.actor import ACTOR, Actor
from recorder.access.problems import access_problem
from recorder.access.route_table import Need, need_of
from recorder.access.sessions import Session
from recorder.access.stays import STAY, Stay, end_stay, refuse
from recorder.web.middleware import Handler, language_of
from recorder.web.problem import own_problem

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def access_middleware(access: Access, clock: Clock, default: Language) -> Middleware:
    """Behind the guard, before every route."""

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if resource is None:
            return await handler(request)  # there is no such route, and its handler says so
        language = language_of(request, default)
        need = need_of(request.method, resource.canonical)
        admitted = await access.admit(request, by_password=not need.open_to_all)
        if isinstance(admitted, str):
            if need.open_to_all:
                return await handler(request)
            return _challenged(request, await refuse(request, access_problem(admitted, language), clock))
        actor, session = admitted
        request[ACTOR] = actor
        if need.open_to_all:
            return await handler(request)
        code = _refusal(access, request, need, actor, session)
        if code is not None:
            return await refuse(request, access_problem(code, language), clock)
        camera = request.match_info.get("camera")
        if not actor.sees(camera):
            return await refuse(request, own_problem("camera_unknown", language, camera=(camera or "")[:64]), clock)
        with access.staying(need, actor, session, camera) as stay:
            request[STAY] = stay
            response = await _run(request, handler, stay)
            if stay.refusal is not None:
                return await end_stay(request, stay, access_problem(stay.refusal, language), clock)
            assert response is not None
            _note(access, stay, response)
            return response

    return admit


def _refusal(access: Access, request: web.Request, need: Need, actor: Actor, session: Session | None) -> str | None:
    by_cookie = session is not None and not session.is_program
    if by_cookie and request.method not in _SAFE_METHODS and "Origin" not in request.headers:
        return "origin_missing"
    if not need.early and access.people is not None and access.people.must_change(actor):
        return "password_change_needed"
    if need.role is not None and not actor.may(need.role):
        resource = request.match_info.route.resource
        route = f"{request.method} {resource.canonical if resource is not None else ''}"
        access.refused(actor, route, f"{request.method} {request.path}"[:120])
        return "not_permitted"
    return None


def _challenged(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Programs send their password only when asked; a browser would open a dialog of its own over the page."""
    if response.status == 401 and not response.prepared and "Sec-Fetch-Mode" not in request.headers:
        response.headers["WWW-Authenticate"] = 'Basic realm="edge recorder", charset="UTF-8"'
    return response


async def _run(request: web.Request, handler: Handler, stay: Stay) -> web.StreamResponse | None:
    with stay.scope:
        return await handler(request)
    return None


def _note(access: Access, stay: Stay, response: web.StreamResponse) -> None:
    if stay.need.told == "none" or _was_refused(response):
        return
    if stay.need.told == "watched":
        access.watched(stay)
    else:
        access.audit.note(stay.actor, stay.need.action, camera=stay.camera)


def _was_refused(response: web.StreamResponse) -> bool:
    if isinstance(response, web.WebSocketResponse):
        return response.close_code is not None and response.close_code >= 4000
    return response.status >= 400
