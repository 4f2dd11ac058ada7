"""`/api/v1/config…`: the configuration as text, edited from afar (M9): checked, put in force, kept in versions."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from aiohttp import web

from gate.yaml_file import ConfigError
from recorder.access.actor import actor_of
from recorder.maintenance.config_file import ConfigConflictError, ConfigFile, ConfigRefusedError
from recorder.maintenance.errors import MaintenanceError
from recorder.reload import Reload
from recorder.remote.maintenance_door import MaintenanceDoor
from recorder.web.answers import json_answer
from recorder.web.served import Served


class ConfigRoute:
    """`reload` puts what was written in force; sections that take a restart are named."""

    def __init__(self, served: Served, file: ConfigFile, reload: Reload, door: MaintenanceDoor) -> None:
        self._served = served
        self._file = file
        self._reload = reload
        self._door = door
        self._changing = asyncio.Lock()

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The text, its secrets masked, and what a change is based on."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        try:
            text, based_on = await asyncio.to_thread(self._file.read)
        except MaintenanceError as error:
            return self._door.problem(request, "config_not_kept", detail=str(error))
        return json_answer({"text": text, "based_on": based_on})

    async def put(self, request: web.Request) -> web.StreamResponse:
        """`{"text", "based_on", "note"}`: 200 with what has changed, 422 with lines, 409 if somebody was faster."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        wish = await _object(request)
        text, based_on, note = (wish.get(name) for name in ("text", "based_on", "note"))
        if not isinstance(text, str) or not isinstance(based_on, str) or not isinstance(note, (str, type(None))):
            return self._door.problem(request, "maintenance_malformed")
        put = partial(self._file.put, text, based_on, note=(note or "")[:200])
        return await self._change(request, put, "config.changed", note or "")

    async def versions(self, request: web.Request) -> web.StreamResponse:
        """The newest first."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        versions = await asyncio.to_thread(self._file.versions)
        return json_answer({"versions": [asdict(version) for version in versions]})

    async def version(self, request: web.Request) -> web.StreamResponse:
        """A version's text and what has been changed since, both masked."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        number = _number(request)
        try:
            found = await asyncio.to_thread(self._file.version, number)
        except MaintenanceError as error:
            return self._door.problem(request, "config_not_kept", detail=str(error))
        if found is None:
            return self._door.problem(request, "version_unknown")
        return json_answer({"number": number, "text": found[0], "diff": found[1]})

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """Puts a version in force again."""
        if (refused := self._door.refusal(request)) is not None:
            return refused
        number = _number(request)
        if all(one.number != number for one in await asyncio.to_thread(self._file.versions)):
            return self._door.problem(request, "version_unknown")
        return await self._change(request, partial(self._file.restore, number), "config.restored", f"version {number}")

    async def _change(
        self, request: web.Request, put: Callable[..., str], action: str, detail: str
    ) -> web.StreamResponse:
        actor = actor_of(request)
        at = self._served.clock.now().isoformat(timespec="seconds")
        try:
            async with self._changing:
                if (refused := self._door.refusal(request)) is not None:  # it may have ended while another was made
                    return refused
                based_on = await asyncio.to_thread(partial(put, by=actor.name, at=at))
                reloaded = await self._reload.reload(f"{actor.name}, who changed the configuration")
        except ConfigRefusedError as error:
            errors = [asdict(mistake) for mistake in error.mistakes]
            return self._door.problem(request, "config_invalid", detail=str(error), errors=errors)
        except ConfigConflictError:
            return self._door.problem(request, "config_conflict")
        except (MaintenanceError, ConfigError) as error:
            return self._door.problem(request, "config_not_kept", detail=str(error))
        self._served.audit.note(actor, action, detail=detail)
        changes = reloaded.changes
        return json_answer(
            {
                "based_on": based_on,
                "added": changes.added,
                "changed": changes.changed,
                "removed": changes.removed,
                "restart_for": reloaded.restart_for,
            }
        )


def _number(request: web.Request) -> int:
    text = request.match_info["version"]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


async def _object(request: web.Request) -> dict[str, Any]:
    """The body; empty for anything that is no object."""
    try:
        wish = json.loads(await request.read())
    except (ValueError, RecursionError):
        return {}
    return wish if isinstance(wish, dict) else {}
