"""`/api/v1/users`: the users of this recorder, for its admins. A password is made up here and shown once."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web

from gate.licence.text import Language
from gate.sign_in.errors import PasswordsBusyError
from recorder.access.access import Access
from recorder.access.actor import Role, actor_of
from recorder.access.bodies import RoleBody, UserBody, read_body
from recorder.access.people import People
from recorder.access.problems import access_problem
from recorder.access.stays import STAY
from recorder.access.users import User, add_user, change_user, remove_user, set_password
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response

Act = Callable[[web.Request, People], Awaitable[web.Response]]

_log = logging.getLogger(__name__)


class UsersRoute:
    """Where nobody signs in, nothing can be changed here: whoever could, could lock the others out later."""

    def __init__(self, access: Access, now: Callable[[], datetime], default: Language) -> None:
        self._access = access
        self._now = now
        self._default = default

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds the routes."""
        base = "/api/v1/users"
        router.add_get(base, self.show, allow_head=False)
        router.add_post(base, self._changing(self._add))
        router.add_patch(f"{base}/{{user}}", self._changing(self._change))
        router.add_delete(f"{base}/{{user}}", self._changing(self._remove))
        router.add_post(f"{base}/{{user}}/password", self._changing(self._new_password))

    async def show(self, request: web.Request) -> web.StreamResponse:
        """All of them."""
        users = self._access.people.users if self._access.people is not None else []
        return json_answer({"users": [as_json(user) for user in users]})

    def _changing(self, act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def change(request: web.Request) -> web.StreamResponse:
            people = self._access.people
            if people is None or self._access.mode == "open":
                return self._problem(request, "access_open")
            try:
                return await act(request, people)
            except PasswordsBusyError:
                return self._problem(request, "busy")
            except sqlite3.Error as error:
                _log.error("users: a change could not be kept: %s", error)
                return self._problem(request, "store_failed")

        return change

    async def _add(self, request: web.Request, people: People) -> web.Response:
        body = await read_body(request, UserBody)
        if body is None:
            return self._problem(request, "malformed")
        password, password_hash = await people.temporary_password()
        act = partial(
            add_user,
            name=body.name,
            password_hash=password_hash,
            role=body.role,
            cameras=body.cameras,
            now=self._now(),
        )
        detail = f"{body.name}: {_said(body.role, body.cameras)}"
        refused = await people.change(actor_of(request), "user.added", act, detail)
        if refused is not None:
            return self._problem(request, refused)
        return self._answer(people, body.name, password, status=201)

    async def _change(self, request: web.Request, people: People) -> web.Response:
        body, name = await read_body(request, RoleBody), _name(request)
        if body is None:
            return self._problem(request, "malformed")
        self._leave_in_peace(request, name)
        act = partial(change_user, name=name, role=body.role, cameras=body.cameras)
        detail = f"{name}: {_said(body.role, body.cameras)}"
        refused = await people.change(actor_of(request), "user.changed", act, detail)
        return self._answer(people, name) if refused is None else self._problem(request, refused)

    async def _remove(self, request: web.Request, people: People) -> web.Response:
        name = _name(request)
        self._leave_in_peace(request, name)
        refused = await people.change(actor_of(request), "user.removed", partial(remove_user, name=name), name)
        return json_answer({"removed": name}) if refused is None else self._problem(request, refused)

    async def _new_password(self, request: web.Request, people: People) -> web.Response:
        name = _name(request)
        password, password_hash = await people.temporary_password()
        self._leave_in_peace(request, name)
        act = partial(set_password, name=name, password_hash=password_hash, must_change=True)
        refused = await people.change(actor_of(request), "user.password_reset", act, name)
        return self._answer(people, name, password) if refused is None else self._problem(request, refused)

    def _leave_in_peace(self, request: web.Request, name: str) -> None:
        """An admin that changes itself loses its sessions; the answer to this very request still comes."""
        if actor_of(request).name.lower() == name.lower():
            request[STAY].session = None

    def _answer(self, people: People, name: str, password: str | None = None, status: int = 200) -> web.Response:
        user = people.user(name)
        content: dict[str, Any] = {"user": as_json(user) if user is not None else None}
        return json_answer(content | ({"password": password} if password is not None else {}), status)

    def _problem(self, request: web.Request, code: str) -> web.Response:
        return problem_response(access_problem(code, language_of(request, self._default)))


def as_json(user: User) -> dict[str, Any]:
    """Everything but the password."""
    return {
        "name": user.name,
        "role": user.role,
        "cameras": None if user.cameras is None else sorted(user.cameras),
        "must_change": user.must_change,
        "created": user.created_at.isoformat(timespec="seconds"),
    }


def _said(role: Role, cameras: frozenset[str] | None) -> str:
    return f"{role}, {'all cameras' if cameras is None else ' '.join(sorted(cameras)) or 'no camera'}"


def _name(request: web.Request) -> str:
    return request.match_info["user"][:64]
