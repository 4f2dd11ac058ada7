"""Whether a task is to end although an error has taken the place of its cancellation: a connection that breaks on the
way out, a group whose member failed at that moment."""

import asyncio


def raise_if_cancelled() -> None:
    """Call it where an error is caught and the work goes on. Raises asyncio.CancelledError."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
