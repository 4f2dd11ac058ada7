"""Database work that is not left in the middle: a connection that is cancelled while it waits for its database has to
be thrown away, and a program that is ending has no time left for that."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

ResultT = TypeVar("ResultT")


async def whole(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """What the work gives. Cancelled meanwhile, it is done to its end all the same, and then the cancellation goes on.
    For short work only."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # nobody is left to hear of it
        raise
