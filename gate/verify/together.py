"""Several looks at once, none of which goes on when it is told what they have found."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def together(*looks: Awaitable[T]) -> list[T]:
    """What each has found, in their order, once all have ended: one that fails interrupts no other, which may have to
    put something back. Raises the first one's error. Cancelled, it ends all of them."""
    found: list[T] = []
    for one in await asyncio.gather(*looks, return_exceptions=True):
        if isinstance(one, BaseException):
            raise one
        found.append(one)
    return found
