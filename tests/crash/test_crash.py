"""Twenty of the kills of `make crash`, at new moments each time; the seed is in the output."""

import asyncio
import sys
from pathlib import Path

from gate.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20


async def test_a_recorder_killed_at_random_moments_loses_nothing_that_was_written() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash", "--kills", str(KILLS),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with SystemClock().timeout(100):
            said, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, said.decode()
    assert f"{KILLS} kills" in said.decode() and "nothing lost, nothing wrong" in said.decode()
