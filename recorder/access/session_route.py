"""`/api/v1/session`, `sign-in`, `sign-out`, `password`: who is signed in here, and how one does it.

By the licence service: `POST …/sign-in/service` sends the browser there with a nonce that it keeps in a cookie; the
service sends it back with its signed word in the part of the address behind `#`, which no server sees; the page hands
that to `POST …/sign-in/visitor`. The word is worth nothing to anybody without the cookie.
"""

import logging
import math
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gate.licence.text import Language
from gate.sign_in.errors import PasswordsBusyError
from recorder.access.access import Access, came_through_service, visitor_actor
from recorder.access.actor import ACTOR, Actor
from recorder.access.bodies import PasswordBody, SignInBody, VisitorBody, read_body
from recorder.access.people import People, SignedIn, Throttled, WrongSignIn
from recorder.access.problems import access_problem
from recorder.access.sessions import LASTS_MAX
from recorder.access.stays import STAY
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response

ASKED_COOKIE = "edge_asked"
ASKED_COOKIE_SECONDS = 600
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)


class SessionRoute:
    """`sign_in_at`: where at the service its people sign in for this recorder, by nonce and the origin to come back
    to."""

    def __init__(self, access: Access, default: Language, sign_in_at: Callable[[str, str], str]) -> None:
        self._access = access
        self._default = default
        self._sign_in_at = sign_in_at

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds the routes."""
        router.add_get("/api/v1/session", self.show, allow_head=False)
        for path, handler in {
            "sign-in": self.sign_in,
            "sign-in/service": self.leave_for_service,
            "sign-in/visitor": self.come_back,
            "sign-out": self.sign_out,
            "password": self.change_password,
        }.items():
            router.add_post(f"/api/v1/{path}", self._guarded(handler))

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Who is signed in, and in which ways one can be."""
        return json_answer(self._session(request.get(ACTOR), request))

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """By name and password."""
        people, body = self._access.people, await read_body(request, SignInBody)
        if self._access.mode == "open" or people is None:
            return self._problem(request, "access_open")
        if body is None:
            return self._problem(request, "malformed")
        outcome = await people.sign_in(body.name, body.password, request.remote or "", self._access.token_of(request))
        return self._outcome(request, outcome)

    async def leave_for_service(self, request: web.Request) -> web.StreamResponse:
        """Where the browser is to go, and the cookie that it has to bring back."""
        access = self._access
        if access.mode != "service" or access.judge is None:
            return self._problem(request, "access_open")
        nonce = access.judge.ask()
        back = f"{'https' if request.secure else 'http'}://{request.host}"
        response = json_answer({"address": self._sign_in_at(nonce, back)})
        response.set_cookie(
            ASKED_COOKIE,
            nonce,
            max_age=ASKED_COOKIE_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=request.secure,
            path="/api/v1/sign-in",
        )
        return response

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """With the service's word."""
        access, people, body = self._access, self._access.people, await read_body(request, VisitorBody)
        if access.mode != "service" or access.judge is None or people is None:
            return self._problem(request, "access_open")
        if body is None:
            return self._problem(request, "malformed")
        visitor = access.judge.judge(body.token, way="sign_in", asked=request.cookies.get(ASKED_COOKIE, ""))
        if isinstance(visitor, str):
            nobody = Actor(name="service", role="viewer", origin="service", address=request.remote or "")
            access.audit.note(nobody, "sign_in.failed", detail=visitor)
            return self._problem(request, "visitor_refused")
        actor = visitor_actor(visitor, request.remote or "")
        token = await people.open_visitor(actor, access.token_of(request), visitor.until)
        response = self._signed_in(request, SignedIn(token=token, actor=actor, must_change=False))
        response.del_cookie(ASKED_COOKIE, path="/api/v1/sign-in")
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """Ends the session, and all that it watches."""
        people, actor = self._access.people, request[ACTOR]
        session = people.session_of(self._access.token_of(request)) if people is not None else None
        response = json_answer(self._session(None, request))
        if people is not None and session is not None:
            request[STAY].session = None  # this request itself may end in peace
            await people.sign_out(session, actor)
            response.del_cookie(self._access.cookie_of(request), secure=request.secure)
        return response

    async def change_password(self, request: web.Request) -> web.StreamResponse:
        """One's own; every other session of the same user ends."""
        people, actor, body = self._access.people, request[ACTOR], await read_body(request, PasswordBody)
        if people is None or actor.origin != "user":
            return self._problem(request, "access_open")
        if body is None:
            return self._problem(request, "malformed")
        request[STAY].session = None
        outcome = await people.change_own_password(actor, body.present, body.wanted, self._access.token_of(request))
        return self._outcome(request, outcome)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except PasswordsBusyError:
                return self._problem(request, "busy")
            except sqlite3.Error as error:
                _log.error("%s could not be kept: %s", request.path, error)
                return self._problem(request, "store_failed")

        return guarded

    def _outcome(self, request: web.Request, outcome: SignedIn | Throttled | WrongSignIn | str) -> web.Response:
        match outcome:
            case SignedIn():
                return self._signed_in(request, outcome)
            case Throttled():
                response = self._problem(request, "throttled")
                response.headers["Retry-After"] = str(math.ceil(outcome.wait.total_seconds()))
                return response
            case WrongSignIn():
                return self._problem(request, "wrong_sign_in")
            case code:
                return self._problem(request, code)

    def _signed_in(self, request: web.Request, signed_in: SignedIn) -> web.Response:
        response = json_answer(self._session(signed_in.actor, request))
        response.set_cookie(
            self._access.cookie_of(request),
            signed_in.token,
            max_age=round(LASTS_MAX.total_seconds()),
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )
        return response

    def _session(self, actor: Actor | None, request: web.Request) -> dict[str, Any]:
        access = self._access
        return {
            "access": access.mode,
            "ways": [] if came_through_service(request) else _ways(access, access.people),
            "user": actor and user_json(actor, must_change=bool(access.people and access.people.must_change(actor))),
            "relayed": came_through_service(request),
        }

    def _problem(self, request: web.Request, code: str) -> web.Response:
        return problem_response(access_problem(code, language_of(request, self._default)))


def user_json(actor: Actor, *, must_change: bool) -> dict[str, Any]:
    """A person, as pages know it."""
    return {
        "name": actor.name,
        "role": actor.role,
        "origin": actor.origin,
        "cameras": None if actor.cameras is None else sorted(actor.cameras),
        "must_change": must_change,
    }


def _ways(access: Access, people: People | None) -> list[str]:
    """By a user's password where there are users; by the service where it counts."""
    if access.mode == "open":
        return []
    ways = ["password"] if access.mode == "users" or (people is not None and people.users) else []
    return ["service", *ways] if access.mode == "service" else ways
