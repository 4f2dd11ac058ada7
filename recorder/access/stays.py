"""Requests under way, and how each ends when who asked may no longer: pictures stop within the second.

1. A WebSocket gets `end` with the problem and is closed with 4401: a refused handshake would tell a page nothing.
2. HTTP that has begun is torn off, so that nobody takes it for whole; HTTP that has not is answered with the problem.
3. A peer that does not read is reset.
"""

import json
from dataclasses import dataclass, field

import anyio
from aiohttp import web

from gate.clock import Clock
from gate.peer import reset
from recorder.access.actor import Actor
from recorder.access.route_table import Need
from recorder.access.sessions import Session
from recorder.web.problem import Problem, problem_response

SIGNED_OUT_CODE = 4401
END_SECONDS_MAX = 0.5
CLOSE_SECONDS = 1.0


@dataclass(eq=False, slots=True, kw_only=True)
class Stay:
    """One request under way. `scope` is cancelled when it may not go on; `refusal` then says why. `response`: what it
    has begun to answer."""

    actor: Actor
    need: Need
    camera: str | None
    session: Session | None
    began_ns: int
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    response: web.StreamResponse | None = None
    refusal: str | None = None
    told: bool = False
    """Whether the audit log knows of it already."""

    def cut(self, code: str) -> None:
        """It may not go on."""
        self.refusal = code
        self.scope.cancel()


STAY = web.RequestKey("stay", Stay)


async def remember_response(request: web.Request, response: web.StreamResponse) -> None:
    """For `Application.on_response_prepare`: what a request has begun to answer."""
    stay = request.get(STAY)
    if stay is not None:
        stay.response = response


def wants_socket(request: web.Request) -> bool:
    """Whether the request would become a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def refuse(request: web.Request, problem: Problem, clock: Clock) -> web.StreamResponse:
    """For a request that has not begun."""
    if not wants_socket(request):
        return problem_response(problem)
    ws = web.WebSocketResponse(timeout=CLOSE_SECONDS, compress=False)
    if not ws.can_prepare(request):
        return problem_response(problem)
    await ws.prepare(request)
    await _end_socket(request, ws, problem, clock)
    return ws


async def end_stay(request: web.Request, stay: Stay, problem: Problem, clock: Clock) -> web.StreamResponse:
    """For one that has been cut: rules 1 to 3."""
    response = stay.response
    if response is None:
        return problem_response(problem)
    if isinstance(response, web.WebSocketResponse):
        if not response.closed:
            await _end_socket(request, response, problem, clock)
        return response
    reset(request.transport)
    return response


async def _end_socket(request: web.Request, ws: web.WebSocketResponse, problem: Problem, clock: Clock) -> None:
    try:
        async with clock.timeout(END_SECONDS_MAX):
            await ws.send_str(json.dumps({"end": {"problem": problem}}, ensure_ascii=False))
            await ws.close(code=SIGNED_OUT_CODE, message=str(problem["code"]).encode(), drain=False)
    except TimeoutError:
        reset(request.transport)
    except ConnectionError:
        pass
