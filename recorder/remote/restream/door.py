"""Who may watch over RTSP: whoever may over HTTP, by Basic (RFC 7617), and in the same audit log.

1. Where the remote side is open to everybody, so is this. Else it takes a user of this recorder whose password is the
   user's own; people of the licence service have no password here.
2. A user who is removed, or changed in any way (a new password, too), loses the pictures at once, as over HTTP.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from gate.sign_in.errors import PasswordsBusyError
from recorder.access.access import Access
from recorder.access.actor import LOCAL, Actor
from recorder.access.programs import user_and_password
from recorder.access.route_table import Need
from recorder.access.stays import Stay

VIEW = Need(role="viewer", action="view", told="watched")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Who was let in. `version`: of the user then; None: nobody has to sign in."""

    actor: Actor
    version: int | None = None


class Door:
    """`admit` once for each request, `watching` around a view."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @property
    def is_open(self) -> bool:
        """Whether nobody has to sign in."""
        return self._access.mode == "open"

    async def admit(self, authorization: str, camera: str, address: str) -> Guest | None:
        """Who that is; None: nobody who may watch this camera."""
        if self.is_open:
            return Guest(actor=Actor(name=LOCAL.name, role=LOCAL.role, address=address))
        pair, people = user_and_password(authorization), self._access.people
        if pair is None or people is None:
            return None
        try:
            actor = await people.check(*pair, address)
        except PasswordsBusyError:
            return None
        if not isinstance(actor, Actor) or people.must_change(actor) or not actor.sees(camera):
            return None
        user = people.user(actor.name)
        return Guest(actor=actor, version=user.version) if user is not None else None

    def still_admits(self, guest: Guest) -> bool:
        """Whether what was found stays true."""
        if guest.version is None or self._access.people is None:
            return True
        user = self._access.people.user(guest.actor.name)
        return user is not None and user.version == guest.version

    @contextlib.contextmanager
    def watching(self, actor: Actor, camera: str) -> Iterator[Stay]:
        """A view; it is noted as those over HTTP are."""
        with self._access.staying(VIEW, actor, None, camera) as stay:
            try:
                yield stay
            finally:
                self._access.watched(stay)
