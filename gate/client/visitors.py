"""People of the licence service at a device: their signed word is judged here, offline, by what the device trusts.

1. A word by the relay counts once: its nonce is remembered until it is over; beyond SPENT_MAX no more are taken.
2. A word to sign in answers a question of this device: a nonce made by `ask`, good once and for ASKED_SECONDS_MAX,
   forgotten when the device restarts. It is worth nothing to anybody who has not asked.
3. Nothing counts while the device's clock is in doubt, or while the device belongs to nobody.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.clock import Clock
from gate.licence.clock_evidence import ClockEvidence
from gate.signing.errors import EnvelopeError
from gate.signing.visitor import Visitor, Way, open_visitor

SPENT_MAX = 20_000
ASKED_MAX = 256
ASKED_SECONDS_MAX = 600.0
NONCE_BYTES = 32

__all__ = ["Visitor", "VisitorJudge", "Visitors"]

_log = logging.getLogger(__name__)


class VisitorJudge(Protocol):
    """Whoever knows people of the service."""

    def ask(self) -> str:
        """A fresh nonce, for somebody who is sent to the service to sign in."""

    def judge(self, token: str, *, way: Way, asked: str = "") -> Visitor | str:
        """Who that is, or the code of why not. `asked`: the nonce that this browser was sent away with."""


class Visitors:
    """The judge of one device."""

    def __init__(
        self,
        *,
        device: str,
        keys: Callable[[], Mapping[str, Ed25519PublicKey]],
        evidence: Callable[[], ClockEvidence],
        owned: Callable[[], bool],
        clock: Clock,
    ) -> None:
        """`keys`: what the device trusts now; `owned`: whether it belongs to somebody, as far as it knows."""
        self._device = device
        self._keys = keys
        self._evidence = evidence
        self._owned = owned
        self._clock = clock
        self._spent: dict[str, datetime] = {}
        self._asked: dict[str, int] = {}

    def ask(self) -> str:
        """The oldest question makes room."""
        nonce = secrets.token_hex(NONCE_BYTES)
        self._asked[nonce] = self._clock.monotonic_ns()
        while len(self._asked) > ASKED_MAX:
            del self._asked[next(iter(self._asked))]
        return nonce

    def judge(self, token: str, *, way: Way, asked: str = "") -> Visitor | str:
        """Rules 1 to 3, and those of gate.signing.visitor."""
        evidence = self._evidence()
        if evidence.doubt is not None:
            return "CLOCK_UNTRUSTED"
        if not self._owned():
            return "UNREGISTERED"
        try:
            visitor = open_visitor(token, self._device, way, self._keys(), evidence.now)
        except EnvelopeError as error:
            _log.warning("a visitor was refused: %s", error.code)
            return error.code
        refused = self._spend(visitor, evidence.now) if way == "relay" else self._answer(visitor, asked)
        return refused or visitor

    def _spend(self, visitor: Visitor, now: datetime) -> str | None:
        if visitor.nonce in self._spent:
            return "REPLAYED"
        if len(self._spent) >= SPENT_MAX:
            self._spent = {nonce: over for nonce, over in self._spent.items() if over > now}
            if len(self._spent) >= SPENT_MAX:
                _log.warning("a visitor was refused: %d words are under way", SPENT_MAX)
                return "TOO_MANY"
        self._spent[visitor.nonce] = visitor.expires_at
        return None

    def _answer(self, visitor: Visitor, asked: str) -> str | None:
        began_ns = self._asked.pop(asked, None) if asked and secrets.compare_digest(asked, visitor.nonce) else None
        if began_ns is None or self._clock.monotonic_ns() - began_ns > ASKED_SECONDS_MAX * 1e9:
            return "NOT_ASKED"
        return None
