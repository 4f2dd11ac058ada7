"""Requests of the API: who asks, is what was sent as it should be, one transaction, one answer.

1. A body is JSON of at most BODY_BYTES_MAX; fields that are not known, out of bounds or wrong are all named.
2. Reading uses a transaction that cannot write.
3. An endpoint that changes stock does so once for an Idempotency-Key, however often it is asked.
"""

import logging
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gate.clock import Clock
from gate.licence.rules import Rules
from gate.service.access.call_rate import CallRate
from gate.service.access.identity import Identities
from gate.service.api import devices, licensing, logs, mails, people, problem
from gate.service.api.endpoint import Call, Endpoint
from gate.service.api.openapi import PATH_PATTERN, document_of
from gate.service.operations.actor import Actor
from gate.service.operations.idempotency import KEY_CHARACTERS_MAX, once
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.service.portal.terms import terms_are_accepted
from gate.service.store.engine import Store, Transaction
from gate.sign_in.errors import AccessError
from gate.sign_in.passwords import Passwords
from gate.signing.issuer import Issuer

PREFIX = "/api/v1"
BODY_BYTES_MAX = 256 << 10
KEY_HEADER = "Idempotency-Key"
ENDPOINTS = (*people.ENDPOINTS, *licensing.ENDPOINTS, *devices.ENDPOINTS, *logs.ENDPOINTS, *mails.ENDPOINTS)

_PATH_PART = re.compile(PATH_PATTERN)
_DEVICE = Actor(id="device", role="device")
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _ProblemError(Exception):
    """Ends a request with this answer."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


class Api:
    """The routes under PREFIX, and the document that describes them."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        rules: Rules,
        issuer: Issuer,
        identities: Identities,
        passwords: Passwords,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._issuer = issuer
        self._identities = identities
        self._passwords = passwords
        self._document = document_of(ENDPOINTS, PREFIX)
        self._rates = {endpoint.name: CallRate(endpoint.often) for endpoint in ENDPOINTS if endpoint.often is not None}

    def add_to(self, app: web.Application) -> None:
        """Adds the routes."""
        app.router.add_get("/api/openapi.json", self._openapi)
        for endpoint in ENDPOINTS:
            app.router.add_route(endpoint.method, PREFIX + endpoint.path, self._handler(endpoint))

    def add_rest_to(self, app: web.Application) -> None:
        """Whatever else is asked for under /api: call it after all other routes there."""
        app.router.add_route("*", "/api/{rest:.*}", _nothing_here)

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.json_response(self._document)

    def _handler(self, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await self._answer(endpoint, request)
            except _ProblemError as error:
                return error.response

        return handle

    async def _answer(self, endpoint: Endpoint, request: web.Request) -> web.Response:
        language = problem.language_of(request)
        wait_seconds = self._wait_seconds(endpoint, request)
        if wait_seconds:
            response = problem.own("TOO_OFTEN", language)
            response.headers["Retry-After"] = str(math.ceil(wait_seconds))
            return response
        actor = _DEVICE
        if endpoint.signed_in:
            identity = await self._identities.of_api_request(request)
            if identity is None:
                return problem.own("NOT_SIGNED_IN", language)
            actor = identity.actor
            user = identity.session.user if identity.session is not None else None
            if user is not None and not terms_are_accepted(user):
                return problem.of_refusal(refusal(ServiceCode.TERMS_NOT_ACCEPTED), language)
        if not all(map(_PATH_PART.fullmatch, request.match_info.values())):
            raise web.HTTPNotFound
        key = _key(endpoint, request)
        query = _query(endpoint, request)
        body = await _body(endpoint, request)
        try:
            prepared = await endpoint.prepare(body, self._passwords) if endpoint.prepare else None
        except AccessError:
            return problem.own("UNAVAILABLE", language)
        async with self._store.begin() if endpoint.changes else self._store.read() as tx:
            call = Call(
                tx=tx,
                actor=actor,
                now=self._clock.now(),
                rules=self._rules,
                issuer=self._issuer,
                path=dict(request.match_info),
                query=query,
                body=body,
                prepared=prepared,
            )
            outcome = await _done(tx, endpoint, call, key)
        if isinstance(outcome, Refusal):
            return problem.of_refusal(outcome, language)
        if not outcome:
            return web.Response(status=endpoint.status)
        return web.Response(text=outcome, status=endpoint.status, content_type="application/json")

    def _wait_seconds(self, endpoint: Endpoint, request: web.Request) -> float:
        rate = self._rates.get(endpoint.name)
        return rate.wait_seconds(request.remote or "", self._clock.monotonic_ns()) if rate is not None else 0.0


async def _nothing_here(request: web.Request) -> web.StreamResponse:
    here = request.match_info.route.resource
    others = [await one.resolve(request) for one in request.app.router.resources() if one is not here]
    allowed = {method for _, methods in others for method in methods} - {"*"}
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, sorted(allowed))
    raise web.HTTPNotFound


async def _done(tx: Transaction, endpoint: Endpoint, call: Call, key: str | None) -> str | Refusal:
    async def work() -> str | Refusal:
        outcome = await endpoint.handle(call)
        if isinstance(outcome, Refusal):
            return outcome
        return outcome.model_dump_json() if outcome is not None else ""

    asked = f"{endpoint.name} {call.path} {call.body.model_dump_json() if call.body is not None else ''}"
    return await once(tx, call.actor, key, asked, call.now, work, write=str, read=str)


def _key(endpoint: Endpoint, request: web.Request) -> str | None:
    if not endpoint.once:
        return None
    key = request.headers.get(KEY_HEADER, "")
    if not 1 <= len(key) <= KEY_CHARACTERS_MAX or not key.isprintable() or not key.isascii():
        raise _ProblemError(problem.own("KEY_NEEDED", problem.language_of(request)))
    return key


def _query(endpoint: Endpoint, request: web.Request) -> BaseModel | None:
    given: dict[str, Any] = dict(request.query)
    if endpoint.query is None:
        return None
    return _checked(request, lambda model: model.model_validate(given), endpoint.query)


async def _body(endpoint: Endpoint, request: web.Request) -> BaseModel | None:
    if endpoint.body is None:
        return None
    language = problem.language_of(request)
    if request.content_type != "application/json":
        raise _ProblemError(problem.of_http(415, language))
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise _ProblemError(problem.of_http(413, language))
    content = await request.content.read(BODY_BYTES_MAX + 1)
    while not request.content.at_eof() and len(content) <= BODY_BYTES_MAX:
        content += await request.content.read(BODY_BYTES_MAX + 1 - len(content))
    if len(content) > BODY_BYTES_MAX:
        raise _ProblemError(problem.of_http(413, language))
    return _checked(request, lambda model: model.model_validate_json(content), endpoint.body)


def _checked(request: web.Request, check: Callable[[type[BaseModel]], BaseModel], model: type[BaseModel]) -> BaseModel:
    try:
        return check(model)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        code = "NOT_JSON" if problems[0]["type"] == "json_invalid" else "INVALID"
        named = [_named(one) for one in problems]
        raise _ProblemError(problem.own(code, problem.language_of(request), named)) from None


def _named(error: Mapping[str, Any]) -> dict[str, str]:
    return {"field": ".".join(map(str, error["loc"])), "problem": str(error["msg"])}
