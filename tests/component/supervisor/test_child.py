"""A supervised process: started again when it dies, ended for good with its supervisor."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from gate.clock import SystemClock
from recorder.supervisor.child import Child, ChildError
from tests.fakes.ending import ends_when_cancelled


class HastyClock(SystemClock):
    """Waits between restarts pass at once."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(0)


@asynccontextmanager
async def running(
    folder: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Child, list[Any]]]:
    (folder / "child_program.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    reports: list[Any] = []
    child = Child(
        name="child",
        module="child_program",
        arguments=[],
        clock=HastyClock(),
        on_report=lambda kind, content: reports.append((kind, content)),
    )
    task = asyncio.create_task(child.run())
    try:
        yield child, reports
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert child.pid is None
        for _ in range(10):  # asyncio closes a dead process's pipes a few turns later
            await SystemClock().sleep(0)


READY = 'import json, signal, sys\nprint(json.dumps({"ready": {"child": "here"}}), flush=True)\n'


async def test_a_child_that_dies_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path, READY + "signal.pause()\n", monkeypatch) as (child, reports):
        await child.ready.wait()
        assert child.addresses == {"child": "here"}
        first = child.pid
        assert first is not None
        psutil.Process(first).kill()
        async with SystemClock().timeout(10):
            while len(reports) < 2:
                await SystemClock().sleep(0.01)
        assert child.pid not in (None, first)


async def test_a_child_that_writes_lines_without_end_is_a_death_like_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = READY + 'print("x" * 200_000, flush=True)\nsignal.pause()\n'
    async with running(tmp_path, program, monkeypatch) as (_, reports), SystemClock().timeout(10):
        while len(reports) < 2:
            await SystemClock().sleep(0.01)


async def test_a_child_that_cannot_start_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "child_program.py").write_text("import sys\nsys.exit(2)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = Child(name="child", module="child_program", arguments=[], clock=HastyClock(), on_report=lambda *_: None)
    with pytest.raises(ChildError, match="cannot start"):
        await child.run()


async def test_a_child_that_has_worked_once_is_tried_again_whatever_it_ends_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What it says no to then may be a port that is still taken, or a disk that is full for now."""
    program = (
        "import json, pathlib, signal, sys\n"
        f"starts = pathlib.Path({str(tmp_path / 'starts')!r})\n"
        "starts.write_text(starts.read_text() + '.' if starts.exists() else '.')\n"
        "if len(starts.read_text()) in (2, 3): sys.exit(2)\n"
        "print(json.dumps({'ready': {'starts': starts.read_text()}}), flush=True)\n"
        "signal.pause()\n"
    )
    async with running(tmp_path, program, monkeypatch) as (child, _):
        await child.ready.wait()
        async with child.away():
            pass
        async with SystemClock().timeout(20):
            await child.ready.wait()
        assert child.addresses == {"starts": "...."}
    assert "child ended with status 2; starting it again in 1 s" in caplog.text
    assert "child ended with status 2; starting it again in 2 s" in caplog.text


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + "while True: signal.pause()\n"
    async with running(tmp_path, program, monkeypatch) as (child, _):
        await child.ready.wait()
        process = psutil.Process(child.pid)
    assert not process.is_running()


def test_a_child_does_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from gate.clock import SystemClock
from recorder.supervisor.child import Child
child = Child(name="c", module="signal", arguments=[], clock=SystemClock(), on_report=lambda *a: None)
child._command = [sys.executable, "-c", "import signal; print('{}', flush=True); signal.pause()"]
async def main():
    task = asyncio.create_task(child.run())
    while child.pid is None:
        await asyncio.to_thread(lambda: None)
    print(child.pid, flush=True)
    await task
asyncio.run(main())
"""
    supervisor = psutil.Popen([sys.executable, "-c", program], stdout=-1, cwd=Path(__file__).resolve().parents[3])
    child = psutil.Process(int(supervisor.stdout.readline()))
    supervisor.kill()
    supervisor.wait(5)
    supervisor.stdout.close()
    gone, alive = psutil.wait_procs([child], timeout=5)
    assert gone and not alive


async def test_away_it_does_not_live_and_then_begins_anew_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import json, os, time\nprint(json.dumps({'ready': {'pid': str(os.getpid())}}), flush=True)\ntime.sleep(60)"
    )
    async with running(tmp_path, program, monkeypatch) as (child, _):
        await child.ready.wait()
        first = int(child.addresses["pid"])
        async with child.away():
            assert not psutil.pid_exists(first)
            assert child.pid is None
        await child.ready.wait()
        assert int(child.addresses["pid"]) != first


async def test_away_takes_its_workers_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import json, subprocess, sys, time\n"
        "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(json.dumps({'ready': {'worker': str(worker.pid)}}), flush=True)\n"
        "time.sleep(60)"
    )
    async with running(tmp_path, program, monkeypatch) as (child, _):
        await child.ready.wait()
        worker = psutil.Process(int(child.addresses["worker"]))
        async with child.away():
            while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:  # its files it has closed before
                await asyncio.get_running_loop().run_in_executor(None, str)
            assert child.pid is None


async def test_a_spare_that_waits_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spared_program.py").write_text(
        "import json, os, sys, time\n"
        "print(json.dumps({'ready': {'pid': str(os.getpid()), 'words': ' '.join(sys.argv[1:])}}), flush=True)\n"
        "time.sleep(60)"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    clock = HastyClock()
    child = Child(
        name="child", module="spared_program", arguments=["a", "b"], clock=clock,
        on_report=lambda kind, content: None, spared=True,
    )  # fmt: skip
    task = asyncio.create_task(child.run())
    try:
        await child.ready.wait()
        assert child.addresses["words"] == "a b"
        me = psutil.Process()
        while len(spares := [p for p in me.children() if p.pid != child.pid]) < 1:
            await clock.sleep(0)
        async with child.away():
            pass
        await child.ready.wait()
        assert int(child.addresses["pid"]) == spares[0].pid
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert psutil.Process().children() == []


async def test_what_begins_after_another_is_there_before_and_begins_when_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "later_program.py").write_text(
        f"from pathlib import Path\nPath({str(tmp_path / 'begun')!r}).touch()\n{READY}signal.pause()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    clock, first = HastyClock(), asyncio.Event()
    child = Child(
        name="child", module="later_program", arguments=[], clock=clock, on_report=lambda *_: None, after=first
    )
    task = asyncio.create_task(child.run())
    try:
        while not (waiting := psutil.Process().children()):
            await clock.sleep(0)
        assert not (tmp_path / "begun").exists()
        first.set()
        await child.ready.wait()
        assert child.pid == waiting[0].pid
    finally:
        assert await ends_when_cancelled(task)
    assert psutil.Process().children() == []


async def test_what_cannot_be_started_while_it_waits_is_started_when_it_may_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn, failures = Child._spawn, [OSError("too many processes")]

    async def spawned(self: Child) -> asyncio.subprocess.Process:
        if failures:
            raise failures.pop()
        return await spawn(self)

    monkeypatch.setattr(Child, "_spawn", spawned)
    (tmp_path / "child_program.py").write_text(READY + "signal.pause()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    first = asyncio.Event()
    first.set()
    child = Child(
        name="child", module="child_program", arguments=[], clock=HastyClock(), on_report=lambda *_: None, after=first
    )
    task = asyncio.create_task(child.run())
    try:
        await child.ready.wait()
        assert not failures and child.pid is not None
    finally:
        assert await ends_when_cancelled(task)


async def test_what_waits_for_another_leaves_nothing_when_it_never_begins() -> None:
    child = Child(
        name="child", module="json", arguments=[], clock=HastyClock(), on_report=lambda *_: None, after=asyncio.Event()
    )
    task = asyncio.create_task(child.run())
    while not psutil.Process().children():
        await asyncio.get_running_loop().run_in_executor(None, str)
    assert await ends_when_cancelled(task) and psutil.Process().children() == []


async def test_a_supervisor_that_ends_while_its_child_dies_does_not_start_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminate = Child._terminate

    async def too_late(self: Child, process: asyncio.subprocess.Process) -> None:
        monkeypatch.undo()
        await terminate(self, process)
        raise ProcessLookupError("it has just gone")

    monkeypatch.setattr(Child, "_terminate", too_late)
    (tmp_path / "child_program.py").write_text(READY + "signal.pause()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = Child(name="child", module="child_program", arguments=[], clock=SystemClock(), on_report=lambda *_: None)
    task = asyncio.create_task(child.run())
    await child.ready.wait()
    assert await ends_when_cancelled(task) and child.pid is None
