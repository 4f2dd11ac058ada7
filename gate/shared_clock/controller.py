"""Stepping a site's clock from outside: one command, its progress, its outcome."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gate.shared_clock.errors import ClockCommandError, ClockServerError
from gate.shared_clock.server import LINE_BYTES_MAX


async def command(
    socket: Path, text: str, on_progress: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Sends one command of the grammar, or `show`; gives the server's `done` object (docs/protocols.md).
    Raises ClockServerError if none answers, ClockCommandError with the server's sentence if it refuses."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket, limit=LINE_BYTES_MAX)
    except OSError:
        raise ClockServerError(f"no clock server answers at {socket}: start the site first") from None
    try:
        writer.write(json.dumps({"command": text}).encode() + b"\n")
        while line := await reader.readline():
            message = json.loads(line)
            if "error" in message:
                raise ClockCommandError(message["error"])
            if "done" in message:
                done: dict[str, Any] = message["done"]
                return done
            if on_progress is not None:
                on_progress(message["progress"])
    finally:
        writer.close()
    raise ClockServerError(f"the clock server at {socket} went away before the command was done")
