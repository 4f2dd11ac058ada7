"""`/api/v1/maintenance…`: what the machine says of itself, and what may be done with it from afar (M9)."""

import asyncio
import json
import logging
from datetime import timedelta
from functools import partial
from typing import Any

from aiohttp import web

from recorder.access.actor import actor_of
from recorder.config import RecorderConfig
from recorder.device_information import DeviceInformation
from recorder.maintenance.bundle import BundleParts, make_bundle
from recorder.maintenance.check_job import CheckState
from recorder.maintenance.errors import MaintenanceError
from recorder.maintenance.hardware import disks_of, temperatures
from recorder.maintenance.upkeep import Upkeep
from recorder.remote.maintenance_door import MaintenanceDoor
from recorder.site_state import Moment, site_state
from recorder.state import CameraState, StateBoard
from recorder.web.answers import json_answer
from recorder.web.served import Served

IDENTIFY_SECONDS_MAX = 600

_log = logging.getLogger(__name__)


class MaintenanceRoute:
    """Each is refused unless maintenance is granted now; each operation is noted."""

    def __init__(self, served: Served, upkeep: Upkeep, door: MaintenanceDoor) -> None:
        self._served = served
        self._upkeep = upkeep
        self._door = door
        self._board: StateBoard = served.board
        self._config: RecorderConfig = served.config
        self._device = DeviceInformation(board=served.board, clock=served.clock, config=served.config)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Temperatures, disks, cameras, and how the last check stands."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        heat = await asyncio.to_thread(temperatures)
        disks = await asyncio.to_thread(disks_of, self._upkeep.folders)
        evidence = self._served.gate.evidence()
        return json_answer(
            {
                "temperatures": heat,
                "disks": disks,
                "cameras": [_camera(camera) for camera in self._board.cameras.values()],
                "check": _check(self._upkeep.check.state),
                "clock": {"source": evidence.source.value, "doubt": evidence.doubt.value if evidence.doubt else None},
                "service": self._upkeep.time is not None,
                "identify_until": self._board.identify_until.isoformat() if self._board.identify_until else None,
            }
        )

    async def identify(self, request: web.Request) -> web.StreamResponse:
        """`{"seconds": 30}`: the HDMI monitor shows which recorder this is; 0 ends it."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        wish = await _object(request)
        seconds = wish.get("seconds", 30) if wish is not None else None
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= IDENTIFY_SECONDS_MAX:
            return self._door.problem(request, "maintenance_malformed")
        until = self._served.clock.now() + timedelta(seconds=seconds)
        self._board.identify(until)
        self._note(request, "device.identified", f"{seconds} s")
        return json_answer({"until": until.isoformat()})

    async def time(self, request: web.Request) -> web.StreamResponse:
        """Asks the licence service what time it is."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        if self._upkeep.time is None:
            return self._door.problem(request, "no_service")
        self._note(request, "device.time_asked")
        if not await self._upkeep.time.ask():
            return self._door.problem(request, "service_away")
        evidence = self._served.gate.evidence()
        return json_answer(
            {
                "source": evidence.source.value,
                "now": evidence.now.isoformat(timespec="milliseconds"),
                "wall_ahead_seconds": round(evidence.wall_ahead.total_seconds(), 3),
                "doubt": evidence.doubt.value if evidence.doubt else None,
            }
        )

    async def restart(self, request: web.Request) -> web.StreamResponse:
        """202, and the recorder ends in good order to be started again."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        self._note(request, "device.restarted")
        _log.warning("restart, asked by %s", actor_of(request).name)
        response = json_answer({"restarting": True}, status=202)
        await response.prepare(request)
        await response.write_eof()
        self._upkeep.stop.ask_restart()
        return response

    async def begin_check(self, request: web.Request) -> web.StreamResponse:
        """`{"deep": false}`: the index is compared with the files; 202."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        wish = await _object(request)
        deep = wish.get("deep", False) if wish is not None else None
        if not isinstance(deep, bool):
            return self._door.problem(request, "maintenance_malformed")
        if not self._upkeep.check.ask(deep=deep, segments=self._board.storage.segments):
            return self._door.problem(request, "check_running")
        self._note(request, "storage.checked", "deep" if deep else "")
        return json_answer(_check(self._upkeep.check.state), status=202)

    async def show_check(self, request: web.Request) -> web.StreamResponse:
        """How it stands."""
        return self._door.refusal(request) or json_answer(_check(self._upkeep.check.state))

    async def end_check(self, request: web.Request) -> web.StreamResponse:
        """Ends the one that is running."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        self._upkeep.check.cancel()
        return json_answer(_check(self._upkeep.check.state))

    async def logs(self, request: web.Request) -> web.StreamResponse:
        """The bundle: a tar.gz without secrets."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        try:
            config, _ = await asyncio.to_thread(self._upkeep.config.read)
            secrets = tuple(await asyncio.to_thread(self._upkeep.config.secrets))
        except MaintenanceError as error:
            config, secrets = f"# {error}\n", ()
        parts = BundleParts(
            log=self._upkeep.log.text(),
            config=config,
            objects={
                "state": self._state(),
                "device": self._device.object(),
                "check": _check(self._upkeep.check.state),
            },
            secrets=secrets,
            made_unix_seconds=self._served.clock.now_ns() // 10**9,
        )
        packed = await asyncio.to_thread(partial(make_bundle, parts))
        self._note(request, "logs.fetched")
        if (refused := self._door.refusal(request)) is not None:  # it may have ended while it was made
            return refused
        name = f"{self._config.device.id}-{self._served.clock.now():%Y%m%dT%H%M%SZ}.tar.gz"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return web.Response(body=packed, content_type="application/gzip", headers=headers)

    def _state(self) -> dict[str, Any]:
        clock, status = self._served.clock, self._served.licence.status
        state = site_state(
            device=self._config.device,
            board=self._board,
            gate=self._served.gate,
            moment=Moment(now=clock.now(), monotonic_ns=clock.monotonic_ns()),
            language="en",
            licence_message=self._served.licence.text.en,
            clock=self._served.gate.evidence(),
            service=status,
        )
        if state["licence"]["service"] is not None:  # who has the code can register the recorder
            state["licence"]["service"] |= {"code": None, "label": None}
        return state

    def _note(self, request: web.Request, action: str, detail: str = "") -> None:
        self._served.audit.note(actor_of(request), action, detail=detail)


def _camera(camera: CameraState) -> dict[str, Any]:
    return {
        "id": camera.id,
        "name": camera.name,
        "streams": {
            name: {
                "phase": stream.phase,
                "fps": round(stream.fps, 2),
                "bitrate_bps": stream.bitrate_bps,
                "packets_lost": stream.packets_lost,
                "clock_skew_ms": stream.clock_skew_ms,
                "codec": stream.codec,
                "width": stream.width,
                "height": stream.height,
            }
            for name, stream in camera.streams.items()
        },
    }


def _check(state: CheckState) -> dict[str, Any]:
    return {
        "phase": state.phase,
        "deep": state.deep,
        "segments": state.segments,
        "total": state.total,
        "begun_at": state.begun_at,
        "ended_at": state.ended_at,
        "problem": state.problem,
        "result": state.result,
    }


async def _object(request: web.Request) -> dict[str, Any] | None:
    """The body as an object; an empty one where there is none; None for anything else."""
    content = await request.read()
    try:
        wish = json.loads(content) if content else {}
    except (ValueError, RecursionError):
        return None
    return wish if isinstance(wish, dict) else None
