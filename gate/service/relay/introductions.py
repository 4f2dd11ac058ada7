"""The service's signed word to a device on who somebody is (gate.signing.visitor)."""

import secrets
from datetime import timedelta

from gate.clock import Clock
from gate.service.operations.accounts import User
from gate.signing.issuer import Issuer
from gate.signing.visitor import PersonRole, Visitor, seal_visitor

RELAY_LASTS = timedelta(seconds=30)
SIGN_IN_LASTS = timedelta(seconds=60)
SESSION_LASTS = timedelta(hours=12)
"""How long a session at a device may last: until then somebody who is shut out here may still be in there."""
HEADER = "Edge-Visitor"


class Introductions:
    """Signed with the issuer's key, which devices trust for entitlements already."""

    def __init__(self, *, issuer: Issuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock

    def by_relay(self, name: str, role: PersonRole, device: str) -> str:
        """For one request that passes the relay."""
        now = self._clock.now()
        over = now + RELAY_LASTS
        visitor = Visitor(
            device=device,
            name=name,
            role=role,
            way="relay",
            issued_at=now,
            expires_at=over,
            until=over,
            nonce=secrets.token_hex(16),
        )
        return seal_visitor(visitor, self._issuer.key)

    def to_sign_in(self, user: User, device: str, nonce: str) -> str:
        """For a session at the device itself, which has asked with that nonce."""
        now = self._clock.now()
        visitor = Visitor(
            device=device,
            name=user.email,
            role="customer" if user.role == "customer" else "shared",
            way="sign_in",
            issued_at=now,
            expires_at=now + SIGN_IN_LASTS,
            until=now + SESSION_LASTS,
            nonce=nonce,
        )
        return seal_visitor(visitor, self._issuer.key)
