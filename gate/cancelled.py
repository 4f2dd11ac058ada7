"""Cancellations that would be lost on the way: then the work goes on, and its process never ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def raise_if_cancelled() -> None:
    """Call it where an error is caught and the work goes on: it may have taken the cancellation's place (a connection
    that breaks on the way out, a group whose member failed at that moment). Raises asyncio.CancelledError."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def cancellable(call: Coroutine[Any, Any, Answer]) -> Answer:
    """What a library's call gives. When we are cancelled it is, too, and we end at once, whatever it makes of that:
    asyncio.wait_for, by which aiomqtt and aiosmtplib wait, drops a cancellation that comes together with the answer
    (python/cpython#86296, mended in 3.12)."""
    task = asyncio.create_task(call)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # nobody asks for it any more
        raise
    return task.result()
