"""Programs that know no sign-in page (players of HLS, home automation, scripts) send a user's name and password with
each request: Basic (RFC 7617).

A password takes long to look at on purpose, so a pair that was right is remembered, as a keyed hash in memory, for as
long as the user stays as it is. What was wrong is counted like any sign-in.
"""

import asyncio
import base64
import binascii
import hmac
import secrets
from collections import OrderedDict
from typing import Literal

from gate.sign_in.errors import PasswordsBusyError
from recorder.access.actor import Actor
from recorder.access.people import People, Throttled
from recorder.access.sessions import Session

REMEMBERED_MAX = 64

ProgramRefusal = Literal["wrong_sign_in", "throttled", "busy"]


class Programs:
    """The sessions of programs: they are in no list, and end with a change of their user."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, Session] = OrderedDict()
        self._looking = asyncio.Lock()

    async def admit(self, authorization: str, address: str) -> tuple[Actor, Session] | ProgramRefusal:
        """Who that is, by an Authorization header."""
        pair = user_and_password(authorization)
        if pair is None:
            return "wrong_sign_in"
        remembered = hmac.digest(self._key, authorization.encode(errors="surrogateescape"), "sha256")
        known = self._recall(remembered, address)
        if known is not None:
            return known
        async with self._looking:  # a player asks for several pieces at once: one look is enough
            return self._recall(remembered, address) or await self._look(pair, remembered, address)

    def _recall(self, remembered: bytes, address: str) -> tuple[Actor, Session] | None:
        session = self._known.get(remembered)
        if session is None:
            return None
        actor = self._people.actor_of(session, address)
        if actor is None:
            del self._known[remembered]
            return None
        self._known.move_to_end(remembered)
        return actor, session

    async def _look(
        self, pair: tuple[str, str], remembered: bytes, address: str
    ) -> tuple[Actor, Session] | ProgramRefusal:
        try:
            checked = await self._people.check(*pair, address)
        except PasswordsBusyError:
            return "busy"
        if isinstance(checked, Throttled):
            return "throttled"
        session = self._people.session_of_program(checked) if isinstance(checked, Actor) else None
        if session is None or not isinstance(checked, Actor):
            return "wrong_sign_in"
        self._known[remembered] = session
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return checked, session


def user_and_password(authorization: str) -> tuple[str, str] | None:
    """Of an Authorization by Basic; None for anything else. Pure."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (user, password) if colon else None
