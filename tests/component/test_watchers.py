"""Event sources come, change and go with the configuration, each on its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from gate.clock import SimulatedClock
from recorder.config import CameraConfig
from recorder.watchers import RETRY_SECONDS, Watcher, Watchers
from tests.fakes.entitlements import NEW_YEAR


def camera(id: str, name: str = "") -> CameraConfig:
    return CameraConfig.model_validate({"id": id, "name": name, "main": {"url": "rtsp://127.0.0.1/x"}})


class Bench:
    """Each camera has one source, `eye`, made from its name; `log` says what becomes of it."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(NEW_YEAR)
        self.log: list[str] = []
        self.broken: set[str] = set()
        self.fragile: set[str] = set()
        self.watchers = Watchers(plan=self.plan, forget=lambda id: self.log.append(f"{id} forgotten"), clock=self.clock)

    def plan(self, config: CameraConfig) -> dict[str, Watcher]:
        return {"eye": Watcher(settings=config.name, job=partial(self.watch, config.id))} if config.name != "-" else {}

    async def watch(self, id: str) -> None:
        self.log.append(f"{id} begins")
        if id in self.broken:
            raise RuntimeError("broken")
        try:
            await asyncio.Event().wait()
        finally:
            self.log.append(f"{id} ends")
            if id in self.fragile:
                raise RuntimeError("broken")

    async def take(self) -> list[str]:
        await self.clock.advance(0)
        log, self.log = self.log, []
        return log


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.watchers.apply([camera("cam1"), camera("cam2"), camera("cam3", "-")])
    task = asyncio.create_task(made.watchers.run())
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_only_what_has_changed_begins_anew(bench: Bench) -> None:
    assert await bench.take() == ["cam1 begins", "cam2 begins"]
    await bench.watchers.apply([camera("cam1"), camera("cam2", "other"), camera("cam3", "now")])
    assert sorted(await bench.take()) == ["cam2 begins", "cam2 ends", "cam3 begins"]


async def test_a_camera_that_is_taken_out_is_forgotten_after_its_source_has_ended(bench: Bench) -> None:
    await bench.take()
    await bench.watchers.apply([camera("cam2")])
    log = await bench.take()
    assert log[0] == "cam1 ends" and sorted(log[1:]) == ["cam1 forgotten", "cam3 forgotten"]


async def test_a_defect_in_one_source_is_logged_and_it_begins_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.take()
    bench.broken = {"cam1"}
    await bench.watchers.apply([camera("cam1", "new"), camera("cam2"), camera("cam3", "-")])
    assert await bench.take() == ["cam1 ends", "cam1 begins"]
    bench.broken = set()
    await bench.clock.advance(RETRY_SECONDS)
    assert await bench.take() == ["cam1 begins"]
    assert "camera cam1: eye ended by a defect" in caplog.text


async def test_a_source_that_breaks_while_it_is_ended_is_not_begun_again(bench: Bench) -> None:
    await bench.take()
    bench.fragile = {"cam1"}
    apply = asyncio.create_task(bench.watchers.apply([camera("cam2")]))
    await bench.clock.settle()
    assert apply.done(), "it waits for ever for the source to end"
    assert [line for line in bench.log if line.startswith("cam1")] == ["cam1 ends", "cam1 forgotten"]
