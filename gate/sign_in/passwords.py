"""Passwords: argon2id in threads of a bounded number, and the ones that are made up for people.

1. A check costs the same whether the account exists or not: an unknown one is checked against a hash of nothing.
2. At most WORKERS hashes at a time, WAITING_MAX waiting; then PasswordsBusyError: a flood of sign-ins takes neither
   memory (64 MiB a hash) nor the event loop.
"""

import secrets
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gate.sign_in.errors import PasswordsBusyError

WORKERS = 2
WAITING_MAX = 64
LENGTH_MIN = 10
LENGTH_MAX = 128
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that look alike in a mail: i l o I O 0 1."""
_RANDOM_LENGTH = 14

_ResultT = TypeVar("_ResultT")
_ArgumentsT = TypeVarTuple("_ArgumentsT")


def random_password() -> str:
    """One that can be read from a mail and typed: 14 characters, 80 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LENGTH))


class Passwords:
    """Hashes and checks. `hasher`: cheaper parameters, for tests."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0
        self.refused = 0
        """Checks that found too many waiting."""
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        """The stored form, its parameters included. Raises PasswordsBusyError."""
        return await self._in_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether that is the password; None: nobody's, which takes as long and is never right. Raises
        PasswordsBusyError."""
        return await self._in_thread(self._verify, stored, password)

    def is_outdated(self, stored: str) -> bool:
        """Whether it was made with other parameters than today's: hash it anew at the next sign-in."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(stored or self._nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, function: Callable[[*_ArgumentsT], _ResultT], *arguments: *_ArgumentsT) -> _ResultT:
        if self._waiting >= WAITING_MAX:
            self.refused += 1
            raise PasswordsBusyError
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(WORKERS)
        self._waiting += 1
        try:
            return await anyio.to_thread.run_sync(function, *arguments, limiter=self._limiter)
        finally:
            self._waiting -= 1
