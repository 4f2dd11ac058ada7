import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from gate.clock import Clock
from gate.shared_clock.client import SharedClock, open_clock
from gate.shared_clock.controller import command
from gate.shared_clock.errors import ClockCommandError, ClockServerError
from gate.shared_clock.server import ClockServer
from tests.fakes.ending import ends_when_cancelled

DAY_NS, HOUR_NS = 86_400 * 10**9, 3600 * 10**9


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "clock.sock"


@pytest_asyncio.fixture
async def clocks(socket: Path, tmp_path: Path) -> AsyncIterator[tuple[Clock, Clock]]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(ClockServer(socket, tmp_path / "clock.json").serving())
        first = await stack.enter_async_context(open_clock("shared", socket, "first"))
        second = await stack.enter_async_context(open_clock("shared", socket, "second"))
        yield first, second


async def reported(socket: Path, name: str, instant: datetime) -> None:
    """Waits until the server knows of a process's deadline."""
    while instant.isoformat(timespec="milliseconds") != (await command(socket, "show"))["clients"].get(name):
        pass


async def test_a_jump_runs_every_job_of_every_process_on_its_own_date(
    clocks: tuple[Clock, Clock], socket: Path
) -> None:
    start = clocks[0].now()
    log: list[tuple[str, int]] = []

    async def job(name: str, clock: Clock, every_days: int) -> None:
        for turn in range(1, 366 // every_days):
            due = start + timedelta(days=every_days * turn)
            await clock.sleep_until(due)
            late = clock.now() - due
            assert timedelta(0) <= late < timedelta(seconds=2)
            log.append((name, every_days * turn))

    jobs = [asyncio.create_task(job("first", clocks[0], 7)), asyncio.create_task(job("second", clocks[1], 30))]
    await reported(socket, "first", start + timedelta(days=7))
    await reported(socket, "second", start + timedelta(days=30))
    done = await command(socket, "advance 370d")
    await asyncio.gather(*jobs)
    assert [day for _, day in log] == sorted(day for _, day in log)
    assert len(log) == len(range(1, 366 // 7)) + len(range(1, 366 // 30))
    assert done["late"] == []
    for clock in clocks:
        assert abs(clock.now() - start - timedelta(days=370)) < timedelta(seconds=30)


async def test_monotonic_time_is_not_bent_and_boot_time_moves_along(clocks: tuple[Clock, Clock], socket: Path) -> None:
    clock = clocks[0]
    monotonic, boot, seen = clock.monotonic_ns(), clock.boottime_ns(), clock.discontinuities
    await command(socket, "advance 30d")
    assert clock.monotonic_ns() - monotonic < 60e9
    assert clock.boottime_ns() - boot >= 30 * 86_400e9
    assert await clock.wait_discontinuity(seen) > seen


async def test_to_expiry_goes_by_the_earliest_announced_camera(clocks: tuple[Clock, Clock], socket: Path) -> None:
    start = clocks[0].now()
    clocks[0].announce_expiries({"cam1": start + timedelta(days=9), "cam2": start + timedelta(days=5)})
    while not (await command(socket, "show"))["expiries"]:
        pass
    await command(socket, "to-expiry --before 10s")
    left = start + timedelta(days=5) - clocks[1].now()
    assert timedelta(seconds=0) < left <= timedelta(seconds=10)
    with pytest.raises(ClockCommandError, match="never goes back"):
        await command(socket, "to 2001-01-01T00:00Z")


async def test_the_offset_survives_a_restart_of_the_server(socket: Path, tmp_path: Path) -> None:
    state = tmp_path / "clock.json"
    async with open_clock("shared", socket, "alone", state=state) as clock:
        before = clock.now()
        await command(socket, "advance 100d")
    async with open_clock("shared", socket, "alone", state=state) as clock:
        assert clock.now() - before >= timedelta(days=100)
    assert json.loads(state.read_text())["offset_ns"] > 0


async def test_a_client_keeps_time_and_comes_back_when_the_server_restarts(socket: Path, tmp_path: Path) -> None:
    server = ClockServer(socket, tmp_path / "clock.json")
    async with AsyncExitStack() as outer:
        async with server.serving():
            clock = await outer.enter_async_context(open_clock("shared", socket, "steady"))
            await command(socket, "advance 10d")
            there = clock.now()
        assert clock.now() >= there
        async with ClockServer(socket, tmp_path / "clock.json").serving(), clock.timeout(10):
            while "steady" not in (await command(socket, "show"))["clients"]:
                pass
            await command(socket, "advance 1d")
            assert clock.now() - there >= timedelta(days=1)


async def test_whoever_does_not_finish_in_time_is_named(clocks: tuple[Clock, Clock], socket: Path) -> None:
    due = clocks[0].now() + timedelta(days=1)

    async def stuck() -> None:
        await clocks[0].sleep_until(due)
        await asyncio.Event().wait()

    task = asyncio.create_task(stuck(), name="stuck job")
    await reported(socket, "first", due)
    done = await command(socket, "advance 2d")
    assert done["late"] == [] or done["late"] == ["first"]
    assert clocks[1].now() >= due
    task.cancel()


async def test_the_socket_is_private_and_single(clocks: tuple[Clock, Clock], socket: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    with pytest.raises(ClockServerError, match="one site has one clock"):
        async with ClockServer(socket, tmp_path / "other.json").serving():
            pass


async def test_the_folder_it_makes_can_be_entered(tmp_path: Path) -> None:
    socket = tmp_path / "run" / "clock.sock"
    async with ClockServer(socket, tmp_path / "clock.json").serving():
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


async def test_no_server_is_one_clear_sentence(socket: Path) -> None:
    with pytest.raises(ClockServerError, match="start the site first"):
        await command(socket, "show")
    with pytest.raises(ClockServerError, match="is the site running"):
        async with open_clock("shared", socket, "lonely"):
            pass


@pytest.mark.parametrize("garbage", [b"\n", b"[]\n", b"{\n", b'{"hello": 3}\n', b'{"command": []}\n', b"\xff\xfe\n"])
async def test_garbage_disturbs_nobody(clocks: tuple[Clock, Clock], socket: Path, garbage: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(garbage)
    await reader.readline()
    writer.close()
    assert (await command(socket, "advance 1d"))["late"] == []


async def test_a_file_in_place_of_the_socket_stays_as_it_is(tmp_path: Path) -> None:
    precious = tmp_path / "notes.txt"
    precious.write_text("precious")
    with pytest.raises(ClockServerError, match="is no socket"):
        async with ClockServer(precious, tmp_path / "clock.json").serving():
            pass
    assert precious.read_text() == "precious"


async def test_time_stays_where_its_offset_cannot_be_kept(socket: Path, tmp_path: Path) -> None:
    state = tmp_path / "state" / "clock.json"
    async with ClockServer(socket, state).serving(), open_clock("shared", socket, "reader") as clock:
        before = clock.now()
        (tmp_path / "state").write_text("in the way")
        with pytest.raises(ClockCommandError, match="cannot be kept"):
            await command(socket, "advance 30d")
        assert clock.now() - before < timedelta(minutes=1)
        assert (await command(socket, "show"))["offset_ns"] == 0


async def test_a_wrong_clock_is_that_of_one_process_and_of_its_wall_time_alone(
    clocks: tuple[Clock, Clock], socket: Path
) -> None:
    site_ns, boot_ns, seen = clocks[1].now_ns(), clocks[0].boottime_ns(), clocks[0].discontinuities
    done = await command(socket, "wrong back 40d first")
    assert done["wrong_seconds"] == {"first": -40 * 86_400} and done["late"] == []
    assert abs(clocks[0].now_ns() - site_ns + 40 * DAY_NS) < HOUR_NS
    assert abs(clocks[1].now_ns() - site_ns) < HOUR_NS and abs(clocks[0].boottime_ns() - boot_ns) < HOUR_NS
    assert clocks[0].discontinuities == seen + 1
    await command(socket, "advance 1d")
    assert abs(clocks[0].now_ns() - site_ns + 39 * DAY_NS) < HOUR_NS
    assert (await command(socket, "right first"))["wrong_seconds"] == {}
    assert abs(clocks[0].now_ns() - clocks[1].now_ns()) < HOUR_NS


async def test_a_process_with_a_wrong_clock_is_woken_when_its_own_clock_says_so(
    clocks: tuple[Clock, Clock], socket: Path
) -> None:
    await command(socket, "wrong back 40d first")
    due = clocks[0].now() + timedelta(days=2)
    sleeper = asyncio.create_task(clocks[0].sleep_until(due))
    await reported(socket, "first", due + timedelta(days=40))
    done = await command(socket, "advance 3d")
    await sleeper
    assert done["steps"] == 2


async def test_a_wrong_clock_of_nobody_is_refused_with_the_names_there_are(
    clocks: tuple[Clock, Clock], socket: Path
) -> None:
    with pytest.raises(ClockCommandError, match="there are: first, second"):
        await command(socket, "wrong back 40d third")
    for text in ("wrong", "wrong back 40d", "wrong sideways 40d first", "right"):
        with pytest.raises(ClockCommandError, match="set wrong or right like this"):
            await command(socket, text)


async def test_a_clock_stays_wrong_when_its_process_comes_back(clocks: tuple[Clock, Clock], socket: Path) -> None:
    await command(socket, "wrong ahead 3d first")
    async with open_clock("shared", socket, "first") as again:
        assert abs(again.now_ns() - clocks[1].now_ns() - 3 * DAY_NS) < HOUR_NS


async def test_a_wiped_site_starts_over_at_the_machines_time_for_everybody(socket: Path, tmp_path: Path) -> None:
    server = ClockServer(socket, tmp_path / "clock.json")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(server.serving())
        clock = await stack.enter_async_context(open_clock("shared", socket, "camera"))
        began = clock.now()
        await command(socket, "advance 400d")
        seen = clock.discontinuities
        assert await server.start_over() == set()
        assert clock.now() - began < timedelta(days=1)
        assert clock.discontinuities == seen + 1
        assert json.loads((tmp_path / "clock.json").read_text()) == {"offset_ns": 0}
        await command(socket, "advance 1d")
        assert clock.now() - began > timedelta(days=1)


async def test_a_process_ends_also_when_its_clock_server_goes_in_that_moment(
    socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionResetError("the server is gone")

    monkeypatch.setattr(SharedClock, "_report", break_off)
    async with ClockServer(socket, tmp_path / "clock.json").serving():
        clock = SharedClock(socket, "leaving")
        following = asyncio.create_task(clock.follow(*await clock.connect()))
        await clock.sleep(0)
        assert await ends_when_cancelled(following), "it connects again"
        clock.close()
