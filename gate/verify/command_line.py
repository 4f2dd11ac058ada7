"""The `edge-recorder` command as its user has it: a process of its own."""

import asyncio
import sys
from collections.abc import Collection, Sequence

from gate.clock import SystemClock
from gate.verify.errors import CommandError, SiteError


async def run_command(
    words: Sequence[str], clock: SystemClock, seconds: float, *, fine: Collection[int] = (0,)
) -> bytes:
    """What `edge-recorder WORDS` prints. Raises CommandError with what it says if its exit status is not fine, and
    SiteError if it takes longer than that."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with clock.timeout(seconds):
            out, errors = await process.communicate()
    except BaseException as error:
        process.kill()
        await process.communicate()
        if isinstance(error, TimeoutError):
            raise SiteError(f"edge-recorder {words[0]} has not ended within {seconds:.0f} s") from None
        raise
    if process.returncode not in fine:
        raise CommandError(f"edge-recorder {words[0]}: {errors.decode(errors='replace').strip()[-300:]}")
    return out
