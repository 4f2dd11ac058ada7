"""A command that a site's or a driver's file names: it stops a service, ends a licence, brings one back."""

import asyncio
from collections.abc import Sequence

from gate.clock import SystemClock
from gate.verify.errors import SiteError

COMMAND_SECONDS = 120.0


async def run_words(words: Sequence[str], clock: SystemClock) -> None:
    """Runs a command. Raises SiteError unless it ends with status 0 in time."""
    nothing = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*words, stdin=nothing, stdout=nothing, stderr=nothing)
    except OSError as error:
        raise SiteError(f"{words[0]} cannot be run: {error.strerror}") from None
    try:
        async with clock.timeout(COMMAND_SECONDS):
            status = await process.wait()
    except TimeoutError:
        raise SiteError(f"{words[0]} has not ended within {COMMAND_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status:
        raise SiteError(f"{words[0]} ended with status {status}")
