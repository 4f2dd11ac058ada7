"""What must end when it is told to, also when something else breaks in that very moment."""

import asyncio
from typing import Any

END_SECONDS_MAX = 5.0


async def ends_when_cancelled(task: "asyncio.Task[Any]") -> bool:
    """Whether it ends as cancelled by the first cancellation. If not, it is cancelled once more, and ends by that."""
    task.cancel()
    await asyncio.wait([task], timeout=END_SECONDS_MAX)
    ended = task.done() and task.cancelled()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return ended
