"""What people send to sign in and to change users, checked."""

import json
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gate.sign_in.passwords import LENGTH_MAX
from recorder.access.actor import Role

_Text = Annotated[str, StringConstraints(max_length=LENGTH_MAX)]
_Camera = Annotated[str, StringConstraints(min_length=1, max_length=32)]
CAMERAS_MAX = 256


class Body(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInBody(Body):
    name: Annotated[str, StringConstraints(max_length=64)]
    password: _Text


class VisitorBody(Body):
    token: Annotated[str, StringConstraints(max_length=4096)]


class PasswordBody(Body):
    present: _Text
    wanted: _Text


class RoleBody(Body):
    """`cameras` null: all."""

    role: Role
    cameras: Annotated[frozenset[_Camera], Field(max_length=CAMERAS_MAX)] | None = None


class UserBody(RoleBody):
    name: Annotated[str, StringConstraints(max_length=64)]


BodyT = TypeVar("BodyT", bound=Body)


async def read_body(request: web.Request, model: type[BodyT]) -> BodyT | None:
    """None for what cannot be understood. Only JSON counts: a form of another site cannot send it."""
    if request.content_type != "application/json":
        return None
    try:
        return model.model_validate(json.loads(await request.read()))
    except (ValidationError, ValueError, RecursionError):
        return None
