"""`GET /api/v1/audit`: the audit log, for admins. The newest first, a page at a time."""

import sqlite3
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from gate.licence.text import Language
from recorder.access.audit import Entry, Found, Wanted, find
from recorder.access.database import AccessDatabase
from recorder.access.problems import access_problem
from recorder.web.answers import json_answer, parse_instant
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response

COUNT = 100
COUNT_MAX = 1000
_FIELDS = frozenset({"from", "to", "actor", "action", "camera", "before", "limit", "lang"})


class AuditRoute:
    """What is noted stands in the log a moment later."""

    def __init__(self, database: AccessDatabase, default: Language) -> None:
        self._database = database
        self._default = default

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The entries asked for; `before` of the answer asks for the next page."""
        language = language_of(request, self._default)
        try:
            wanted, count = parse_wanted(request.query)
        except ValueError as error:
            problem = access_problem("audit_malformed", language)
            return problem_response(problem | {"detail": f"{problem['detail']} ({error})"})
        try:
            found = await self._database.do(partial(find, wanted=wanted, count_max=count))
        except sqlite3.Error:
            return problem_response(access_problem("store_failed", language))
        return json_answer(found_json(found, count))


def parse_wanted(query: Mapping[str, str]) -> tuple[Wanted, int]:
    """What a query asks for, and how many. Raises ValueError, naming the field."""
    strange = sorted(query.keys() - _FIELDS)
    if strange:
        raise ValueError(strange[0])
    times = {name: parse_instant(query[name]) if query.get(name) else None for name in ("from", "to")}
    for name, time in times.items():
        if query.get(name) and time is None:
            raise ValueError(name)
    numbers = {name: int(query.get(name) or default) for name, default in (("before", 1 << 62), ("limit", COUNT))}
    if not 1 <= numbers["limit"] <= COUNT_MAX or not 0 <= numbers["before"] < 1 << 63:
        raise ValueError("limit, before")
    wanted = Wanted(
        start=times["from"],
        end=times["to"],
        actor=query.get("actor") or None,
        action=query.get("action") or None,
        camera=query.get("camera") or None,
        before=numbers["before"],
    )
    return wanted, numbers["limit"]


def found_json(found: Found, count: int) -> dict[str, Any]:
    """As programs and the page read it."""
    more = len(found.entries) == count
    return {
        "entries": [entry_json(entry) for entry in found.entries],
        "before": found.entries[-1].number if more else None,
        "cut": found.cut,
        "lost": found.lost,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """One line."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(timespec="milliseconds"),
        "actor": entry.actor,
        "origin": entry.origin,
        "role": entry.role,
        "address": entry.address,
        "action": entry.action,
        "camera": entry.camera,
        "detail": entry.detail,
    }
