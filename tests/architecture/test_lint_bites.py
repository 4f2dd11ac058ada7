"""The checks themselves: each is fed what it must refuse, and the same thing done right."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.test_architecture import ROOT

HEAD = '"""A module."""\n\n'

TIME_READ_ASIDE = {
    "time.time": "import time\n\nNOW = time.time()\n",
    "an alias of the module": "import time as t\n\nNOW = t.monotonic()\n",
    "an alias of the function": "from time import time_ns as now\n\nNOW = now()\n",
    "datetime.now": "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "date.today": "from datetime import date\n\nTODAY = date.today()\n",
    "asyncio.sleep": "import asyncio\n\n\nasync def nap() -> None:\n    await asyncio.sleep(1)\n",
    "asyncio.timeout": "import asyncio\n\nLATER = asyncio.timeout(1)\n",
    "anyio.move_on_after": "import anyio\n\nLATER = anyio.move_on_after(1)\n",
    "clock_gettime": "import time\n\nNOW = time.clock_gettime(time.CLOCK_BOOTTIME)\n",
}


def ruff(content: str, name: str = "recorder/of_a_test.py") -> str:
    """What ruff says of a module of that name with that content, in this project."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", name, "-"]
    done = subprocess.run(command, input=HEAD + content, capture_output=True, text=True, cwd=ROOT, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("content", TIME_READ_ASIDE.values(), ids=TIME_READ_ASIDE.keys())
def test_reading_time_aside_from_the_clock_fails_lint(content: str) -> None:
    assert "TID251" in ruff(content)


def test_the_clock_itself_may_read_time_and_others_may_ask_it() -> None:
    assert "TID251" not in ruff(TIME_READ_ASIDE["time.time"], "gate/clock.py")
    asked = "from gate.clock import Clock\n\n\ndef now_of(clock: Clock) -> int:\n    return clock.now_ns()\n"
    assert "All checks passed" in ruff(asked)


FRAMES = '''
from gate.client.gate import Gate
from gate.licence.features import Feature
from recorder.hub import Feed
from recorder.media.access_unit import AccessUnit


class Passport:
    """Looks like a lease."""

    def covers_arrival(self, utc_ns: int, arrival_ns: int) -> bool:
        return True


async def watch(feed: Feed, gate: Gate) -> None:
    async with gate.lease(Feature.REMOTE_LIVE, "cam1") as lease:
        with feed.subscribe(lease, now_ns=0) as granted:
            async for _ in granted:
                pass
        with feed.attach(lease, keep):
            pass
    with feed.subscribe(now_ns=0):  # no lease
        pass
    with feed.subscribe(None, now_ns=0):  # no lease either
        pass
    with feed.subscribe(Passport(), now_ns=0):  # not by a gate
        pass
    with feed.attach(Passport(), keep):  # not by a gate
        pass


def keep(unit: AccessUnit) -> None:
    pass
'''


def test_reaching_frames_without_a_lease_of_the_gate_fails_the_type_check(tmp_path: Path) -> None:
    module = tmp_path / "of_a_test.py"
    module.write_text(FRAMES)
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(module)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    found = {int(number) for number in re.findall(rf"{module.name}:(\d+): error", done.stdout)}
    wrong = {number for number, line in enumerate(FRAMES.splitlines(), 1) if "# no" in line}
    assert found == wrong, done.stdout + done.stderr
