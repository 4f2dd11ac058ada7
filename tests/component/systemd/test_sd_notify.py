"""What systemd hears of a process: a real datagram socket in its place, and simulated time."""

import asyncio
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate.clock import SimulatedClock
from gate.sd_notify import SdNotify

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Systemd:
    """Listens where NOTIFY_SOCKET says."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        messages = []
        try:
            while True:
                messages.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listening = Systemd(str(tmp_path / "notify"))
    yield listening
    listening.close()


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), **more}


async def test_a_process_says_that_it_works_lives_and_ends(systemd: Systemd, tmp_path: Path) -> None:
    clock = SimulatedClock(NOW)
    notify = SdNotify(environment(tmp_path, WATCHDOG_USEC="60000000", WATCHDOG_PID=str(os.getpid())))
    task = asyncio.create_task(notify.run(clock))
    await clock.advance(0)
    assert systemd.heard() == ["READY=1", "WATCHDOG=1"]
    await clock.advance(60)
    assert systemd.heard() == ["WATCHDOG=1"] * 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert systemd.heard() == ["STOPPING=1"]


async def test_signs_of_life_stop_when_a_thread_has_ended_and_come_back_with_it(
    systemd: Systemd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, alive = SimulatedClock(NOW), [True]
    task = asyncio.create_task(SdNotify(environment(tmp_path, WATCHDOG_USEC="30000000")).run(clock, lambda: alive[0]))
    await clock.advance(0)
    systemd.heard()
    alive[0] = False
    await clock.advance(60)
    assert systemd.heard() == []
    assert len([one for one in caplog.records if "a thread of this process has ended" in one.message]) == 1
    alive[0] = True
    await clock.advance(10)
    assert systemd.heard() == ["WATCHDOG=1"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_watchdog_of_another_process_is_not_ours(systemd: Systemd, tmp_path: Path) -> None:
    """A child inherits the variables of its parent."""
    notify = SdNotify(environment(tmp_path, WATCHDOG_USEC="30000000", WATCHDOG_PID="1"))
    assert notify.watchdog_seconds is None
    clock = SimulatedClock(NOW)
    task = asyncio.create_task(notify.run(clock))
    await clock.advance(100)
    assert systemd.heard() == ["READY=1"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_child_of_a_unit_does_not_speak_for_it(systemd: Systemd, tmp_path: Path) -> None:
    assert SdNotify(environment(tmp_path, SYSTEMD_EXEC_PID=str(os.getpid()))).wanted
    assert not SdNotify(environment(tmp_path, SYSTEMD_EXEC_PID="1")).wanted


async def test_abstract_addresses_are_understood() -> None:
    name = f"edge-recorder-test-{os.getpid()}"
    listening = Systemd(f"\0{name}")
    task = asyncio.create_task(SdNotify({"NOTIFY_SOCKET": f"@{name}"}).run(clock := SimulatedClock(NOW)))
    await clock.advance(0)
    assert listening.heard() == ["READY=1"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    listening.close()


async def test_without_systemd_nothing_is_said_and_a_gone_one_ends_nothing(tmp_path: Path) -> None:
    for environ in ({}, environment(tmp_path, WATCHDOG_USEC="1000000")):  # the second: nobody listens there
        notify = SdNotify(environ)
        assert notify.wanted is bool(environ)
        task = asyncio.create_task(notify.run(clock := SimulatedClock(NOW)))
        await clock.advance(10)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
