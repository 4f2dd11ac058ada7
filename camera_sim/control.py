"""The fleet's control API: HTTP on loopback. Errors are problems (RFC 9457).

`GET /v1/cameras`, `POST /v1/events` with `{"camera", "kind", "seconds"}`, `DELETE /v1/events/{camera}` (ends the one
under way), `POST /v1/ptz` with `{"camera", "preset"}`, `GET /v1/fault-kinds`, `GET /v1/faults`, `POST /v1/faults` with
`{"kind", "scope", "duration", "params", "seed"}`, `DELETE /v1/faults/{id}`.
"""

import errno
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from aiohttp import web

from camera_sim.camera import Camera
from camera_sim.errors import EventError, FaultError, ListenError, PresetError
from camera_sim.events.agenda import Agenda
from camera_sim.events.plan import SECONDS
from camera_sim.faults.director import Active, Director
from camera_sim.faults.fault import KINDS, fault_of, seconds_of
from gate.clock import Clock
from gate.config_fields import split_address

BODY_BYTES_MAX = 16 << 10
_SHUTDOWN_SECONDS = 1.0
_FIELDS = {"kind", "scope", "duration", "params", "seed"}
_TITLES = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    421: "Misdirected request",
}


class Control:
    """The handlers. `cameras` by id, `urls` by path; `unusable`: why a camera is left out."""

    def __init__(
        self,
        director: Director,
        agenda: Agenda,
        cameras: Mapping[str, Camera],
        urls: Callable[[], Mapping[str, str]],
        unusable: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._director = director
        self._agenda = agenda
        self._cameras = cameras
        self._urls = urls
        self._unusable = unusable
        self._clock = clock

    def app(self) -> web.Application:
        """Everything, wired."""
        app = web.Application(middlewares=[_problems], client_max_size=BODY_BYTES_MAX)
        app.add_routes(
            [
                web.get("/v1/cameras", self._list),
                web.post("/v1/events", self._begin_event),
                web.delete("/v1/events/{camera}", self._end_event),
                web.post("/v1/ptz", self._go),
                web.get("/v1/fault-kinds", self._kinds),
                web.get("/v1/faults", self._faults),
                web.post("/v1/faults", self._begin),
                web.delete(r"/v1/faults/{number:\d{1,9}}", self._clear),
            ]
        )
        return app

    async def _list(self, _request: web.Request) -> web.Response:
        urls = self._urls()
        streams = [
            {
                "camera": camera.id,
                "stream": name,
                "url": urls[f"/{camera.id}/{name}"],
                "codec": stream.loop.film.codec.name,
                "fps": float(stream.loop.film.fps),
                "receivers": stream.receivers,
                "dropped_pictures": stream.dropped_pictures,
                "last_picture": stream.last_picture,
                "state": camera.programme.state if camera.programme else "idle",
            }
            for camera in self._cameras.values()
            for name, stream in camera.streams.items()
        ]
        return _json({"streams": streams, "unusable": dict(self._unusable)})

    async def _begin_event(self, request: web.Request) -> web.Response:
        try:
            wish = await _object(request, {"camera", "kind", "seconds"})
            seconds = seconds_of(wish.get("seconds", SECONDS))
            begun = self._agenda.begin(str(wish.get("camera", "")), str(wish.get("kind", "")), seconds)
        except (EventError, FaultError) as error:
            return _problem(400, "event_refused", str(error))
        return _json([{"id": number, "camera": camera, "seconds": seconds} for camera, number in begun.items()], 201)

    async def _end_event(self, request: web.Request) -> web.Response:
        programme = self._agenda.programmes.get(request.match_info["camera"])
        if programme is None or programme.on is None or not programme.end(programme.on.number):
            return _problem(404, "event_unknown", "nothing happens before that camera")
        return web.Response(status=204)

    async def _go(self, request: web.Request) -> web.Response:
        wish = await _object(request, {"camera", "preset"})
        camera = self._cameras.get(str(wish.get("camera", "")))
        if camera is None or camera.ptz is None:
            return _problem(404, "ptz_unknown", f"no camera with presets is {wish.get('camera')!r}")
        try:
            camera.ptz.goto(str(wish.get("preset", "")))
        except PresetError as error:
            return _problem(400, "preset_unknown", str(error))
        return _json({"camera": camera.id, "preset": camera.ptz.current.token, "name": camera.ptz.current.name})

    async def _kinds(self, _request: web.Request) -> web.Response:
        return _json(
            [
                {
                    "kind": name,
                    "seam": kind.seam,
                    "says": kind.says,
                    "instant": kind.instant,
                    "params": {key: asdict(bounds) for key, bounds in kind.parameters.items()},
                }
                for name, kind in KINDS.items()
            ]
        )

    async def _faults(self, _request: web.Request) -> web.Response:
        return _json([self._told(active) for active in self._director.active.values()])

    async def _begin(self, request: web.Request) -> web.Response:
        wish = await _object(request, _FIELDS)
        if not isinstance(wish.get("params", {}), dict):
            return _problem(400, "malformed", "params is an object of numbers")
        duration, seed = wish.get("duration"), wish.get("seed", 0)
        if not isinstance(seed, int):
            return _problem(400, "malformed", f"seed must be a whole number, not {seed!r}")
        try:
            fault = fault_of(
                str(wish.get("kind", "")),
                str(wish.get("scope", "")),
                duration=None if duration is None else seconds_of(duration),
                params=wish.get("params"),
                seed=seed,
            )
            active = self._director.begin(fault)
        except FaultError as error:
            return _problem(400, "fault_refused", str(error))
        return _json(self._told(active), status=201)

    async def _clear(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if not self._director.clear(number):
            return _problem(404, "fault_unknown", f"no fault {number} is active")
        return web.Response(status=204)

    def _told(self, active: Active) -> dict[str, Any]:
        fault = active.fault
        return {
            "id": active.number,
            "kind": fault.kind,
            "scope": fault.scope,
            "duration": fault.duration,
            "params": dict(fault.params),
            "seed": fault.seed,
            "age_seconds": round((self._clock.monotonic_ns() - active.began_ns) / 1e9, 3),
            "did": active.counts(),
        }


@asynccontextmanager
async def listening(control: Control, address: str) -> AsyncIterator[str]:
    """Serves while the body runs; gives the address. Raises ListenError."""
    host, port = split_address(address)
    runner = web.AppRunner(control.app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            reason = "another program listens there already" if error.errno == errno.EADDRINUSE else error.strerror
            raise ListenError(
                f"cannot listen on {host}:{port}: {reason}; end it, or choose other ports with --port-base"
            ) from None
        found = runner.addresses[0]
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{found[1]}"
    finally:
        await runner.cleanup()


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuses other sites' pages (DNS rebinding), and words every HTTP error as a problem."""
    if not _is_loopback(request.host):
        return _problem(421, "host_refused", "this is served to the machine itself only; use http://127.0.0.1")
    try:
        return await handler(request)
    except web.HTTPException as error:
        codes = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        return _problem(error.status, codes.get(error.status, "bad_request"), error.text or error.reason)


async def _object(request: web.Request, fields: set[str]) -> dict[str, Any]:
    """The body, an object with some of these fields. Raises HTTPBadRequest."""
    try:
        wish = json.loads(await request.read())
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"the body is no JSON: {error}") from None
    if not isinstance(wish, dict) or set(wish) - fields:
        raise web.HTTPBadRequest(text=f"an object with {', '.join(sorted(fields))} is wanted")
    return wish


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _json(content: Any, status: int = 200) -> web.Response:
    return web.json_response(content, status=status, headers={"Cache-Control": "no-store"})


def _problem(status: int, code: str, detail: str) -> web.Response:
    problem = {
        "type": f"urn:edge-recorder:problem:{code}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    return web.json_response(problem, status=status, content_type="application/problem+json")
