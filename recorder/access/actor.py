"""Who asks, and what that person may do. Pure but for the two questions that are asked of a request.

A route says by `actor_of(request)` who asks, and by `may_see(request, camera)` whether a camera exists for that person.
Whether the person may use the route at all has been decided before it runs (recorder.access.route_table).
"""

from dataclasses import dataclass
from typing import Literal

from aiohttp import web

Role = Literal["viewer", "operator", "admin"]
"""viewer: live, playback, events. operator: also control, exports, recording modes. admin: also maintenance, users,
configuration, audit."""
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
Origin = Literal["local", "user", "service"]
"""local: nobody has to sign in; user: a user of this recorder; service: a person of the licence service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`cameras`: the ones that exist for this person, None: all. `address`: where the person asks from, as far as it is
    known."""

    name: str
    role: Role
    cameras: frozenset[str] | None = None
    origin: Origin = "local"
    address: str = ""

    def may(self, role: Role) -> bool:
        """Whether this person may do what that role may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def sees(self, camera: str | None) -> bool:
        """Whether that camera exists for this person; None: the recorder itself, which does for everybody."""
        return camera is None or self.cameras is None or camera in self.cameras


LOCAL = Actor(name="local", role="admin")
"""Whoever is at the recorder itself, or at a remote side that asks nobody to sign in."""

ACTOR = web.RequestKey("actor", Actor)


def actor_of(request: web.Request) -> Actor:
    """Who asks."""
    actor: Actor = request.get(ACTOR, LOCAL)
    return actor


def role_of(request: web.Request) -> Role:
    """The role of who asks."""
    return actor_of(request).role


def may_see(request: web.Request, camera: str | None) -> bool:
    """Whether that camera exists for who asks; one that does not is answered as one that is not there."""
    return actor_of(request).sees(camera)
