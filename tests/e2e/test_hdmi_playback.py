"""Past footage on the monitor while the licence has lapsed: a recorder and a monitor as processes, operated by keys;
what is shown is read from the barcode in the monitor's own picture."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np

from camera_sim import barcode
from gate.clock import SystemClock, ns_of
from hdmi_out.layout.rect import Rect, fit
from hdmi_out.layout.screen import plan_screen
from hdmi_out.views.playback_panel import panel_height
from recorder.media.access_unit import AccessUnit
from tests.component.hdmi.monitor_process import Monitor, running_monitor
from tests.e2e.demo_site import run_command
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes.marked import marked_run
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS

PICTURES = 20 * FPS
SOURCE = (640, 360)
LOOK_SECONDS = 0.05


@dataclass
class Operated:
    """A monitor, and whoever has its keys."""

    monitor: Monitor
    http: aiohttp.ClientSession
    clock: SystemClock
    orders: Path

    async def order(self, **order: Any) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(str(self.orders))
        try:
            writer.write(json.dumps(order).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await reader.readline())
        finally:
            writer.close()
            await writer.wait_closed()
        assert "error" not in answer, answer
        return answer

    async def keys(self, *keys: str) -> dict[str, Any]:
        return [await self.order(key=key) for key in keys][-1]

    async def number(self) -> int | None:
        """Of the picture on the monitor, read from its pixels; None where none is shown."""
        async with self.http.get(f"{self.monitor.address}picture.png") as answer:
            data = np.frombuffer(await answer.read(), np.uint8)
        screen = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        assert screen is not None
        return _barcode_in(np.asarray(screen, np.uint8))

    async def shows(self, wanted: Callable[[int], bool], seconds: float = 20) -> int:
        """Waits for a picture like that; gives its number."""
        async with self.clock.timeout(seconds):
            while True:
                number = await self.number()
                if number is not None and wanted(number):
                    return number
                await self.clock.sleep(LOOK_SECONDS)

    async def stands(self) -> int:
        """The picture, once it stays the same."""
        before: int | None = None
        async with self.clock.timeout(20):
            while (number := await self.number()) is None or number != before:
                before = number
                await self.clock.sleep(4 / FPS)
        return number


def _barcode_in(screen: np.ndarray) -> int | None:
    """The picture stands in the middle of the screen's width, from its upper edge down, with or without the strip."""
    body = plan_screen(screen.shape[1], screen.shape[0]).body
    for height in (body.height - panel_height(body), body.height):
        area = fit(*SOURCE, Rect(0, 0, body.width, height))
        picture = screen[area.y : area.bottom, area.x : area.right]
        found = barcode.read(np.asarray(cv2.resize(picture, SOURCE, interpolation=cv2.INTER_AREA), np.uint8))
        if found is not None:
            return found
    return None


def _footage(start_ns: int) -> list[AccessUnit]:
    run = marked_run(PICTURES, FPS, 2, width=SOURCE[0])
    return [replace(unit, utc_ns=unit.utc_ns - EPOCH_NS + start_ns) for unit in run]


@contextlib.asynccontextmanager
async def operated(root: Path, clock: SystemClock) -> AsyncIterator[Operated]:
    config = "sink: headless\nlisten: 127.0.0.1:0\nlanguage: en\nfps: 15\n"
    (root / "rec.sock").symlink_to(root / "r.sock")
    async with running_monitor(root, clock, config) as monitor, aiohttp.ClientSession() as http:
        await monitor.ready()
        known = {"rec.sock", "r.sock"}
        (orders,) = (path for path in root.iterdir() if path.is_socket() and path.name not in known)
        async with clock.timeout(20):
            while not (await monitor.status(http))["band"]:
                await clock.sleep(LOOK_SECONDS)
        yield Operated(monitor, http, clock, orders)


async def test_the_past_is_played_stepped_and_searched_on_the_monitor_while_lapsed(tmp_path: Path) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": "rtsp://127.0.0.1:9/gone"})
    clock = recorder.clock
    start = clock.now().replace(microsecond=0) - timedelta(minutes=30)
    recorded = Recorded(recorder.data_dir, segment_seconds=4)
    recorded.write(_footage(ns_of(start)))
    recorded.close()
    lapse = clock.now() + timedelta(seconds=3)
    out = str(tmp_path / "licence.json")
    await run_command(
        "licence", "issue", "--device", "rec-1", "--camera", "cam1", "--until", lapse.isoformat(), "--out", out
    )
    await recorder.start()
    try:
        async with clock.timeout(20):
            while (await recorder.state())["cameras"][0]["licence"]["state"] != "lapsed":
                await clock.sleep(0.1)
        async with operated(tmp_path, clock) as one:
            await one.order(
                show={"view": "playback", "camera": "cam1", "at": (start + timedelta(seconds=5)).isoformat()}
            )
            await one.shows(lambda number: number >= 75)
            await one.keys("stop")
            stands = await one.stands()
            assert 75 <= stands < PICTURES
            await one.keys("step")
            await one.shows(lambda number: number == stands + 1)
            await one.keys("right", "step_back", "step_back", "step_back")
            await one.shows(lambda number: number == stands - 1)
            await one.keys("play")
            await one.shows(lambda number: number > stands + 10)
            await one.keys("reverse")
            await one.shows(lambda number: number < stands - FPS)
            await one.keys("stop")
            await _search(one, start + timedelta(seconds=12))
            assert await one.shows(lambda number: number >= 12 * FPS) < 15 * FPS
            await one.keys("stop")
            stands = await one.stands()
            await recorder.stop()
            await recorder.start()
            async with clock.timeout(20):
                while True:  # the recorder is back, and the cursor where it was
                    await one.keys("step")
                    with contextlib.suppress(TimeoutError):
                        assert await one.shows(lambda number: number > stands, seconds=1) <= stands + 20
                        break
            assert (await one.monitor.status(one.http))["band"], "the licence has lapsed all the time"
            assert (await recorder.state())["cameras"][0]["licence"]["state"] == "lapsed"
    finally:
        await recorder.stop()


async def _search(one: Operated, wanted: datetime) -> None:
    """By the keys of the search: the second is turned to the wanted one, in steps of ten."""
    key, away = ("down", 20) if wanted.second < 40 else ("up", -20)
    at = (wanted + timedelta(seconds=away)).isoformat()
    await one.order(show={"view": "search", "camera": "cam1", "at": at})
    await one.keys("ok", "ok", "ok")
    place = await one.keys(key, key, "ok")
    assert place["view"] == "playback"
