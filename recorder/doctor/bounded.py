"""Looks at the machine that may never end (a disk of a dead server): in threads that hold nothing up."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from gate.clock import Clock

T = TypeVar("T")


async def in_thread(look: Callable[[], T], clock: Clock, seconds_max: float) -> T:
    """What `look` gives or raises; TimeoutError if it takes longer. The thread is left behind then, and does not keep
    the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def resolve(result: T | None, error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error is not None else done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failure = None, None
        try:
            result = look()
        except Exception as error:  # belongs to whoever asked
            failure = error
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(resolve, result, failure)
            except RuntimeError:  # closed in this very moment
                return

    threading.Thread(target=run, name="look", daemon=True).start()
    async with clock.timeout(seconds_max):
        return await done
