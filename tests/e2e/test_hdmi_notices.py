"""A recorder and its monitor as processes, the licence lapsed: an event still pops up on the picture (M7), above any
view and in both languages, with its live picture, and never over the band."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest_asyncio
import yaml
from aiohttp import ClientSession, UnixConnector

from gate.clock import SystemClock
from hdmi_out.layout.rect import Rect
from hdmi_out.layout.screen import plan_screen
from hdmi_out.views.notices import area_of, thumbnail_box
from tests.component.hdmi.monitor_process import Monitor, running_monitor
from tests.e2e.demo_site import run_command
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes import gst_server

WIDTH, HEIGHT = 960, 540
LAYOUT = plan_screen(WIDTH, HEIGHT)
SECONDS = 20


@dataclass
class Shown:
    monitor: Monitor
    session: ClientSession
    recorder: LoneRecorder

    async def status(self) -> dict[str, Any]:
        return await self.monitor.status(self.session)

    async def order(self, **order: object) -> dict[str, Any]:
        origin = {"Origin": self.monitor.address.rstrip("/")}
        async with self.session.post(f"{self.monitor.address}v1/order", json=order, headers=origin) as answer:
            found: dict[str, Any] = await answer.json()
            assert "error" not in found, found
            return found

    async def picture(self) -> np.ndarray:
        async with self.session.get(f"{self.monitor.address}picture.png") as answer:
            picture = cv2.imdecode(np.frombuffer(await answer.read(), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None and picture.shape == (HEIGHT, WIDTH, 3)
        return picture

    async def happen(self, kind: str) -> None:
        connector = UnixConnector(path=str(self.recorder.config.parent / "r.sock"))
        async with (
            ClientSession(connector=connector) as session,
            session.post("http://recorder/v1/cameras/cam1/events", data=json.dumps({"kind": kind})) as answer,
        ):
            assert answer.status == 202

    async def place_of(self, kind: str) -> int:
        """Waits for a pop-up of that kind; where it is."""
        async with self.monitor.clock.timeout(SECONDS):
            while True:
                for notice in (await self.status())["notices"]["shown"]:
                    if notice["kind"] == kind:
                        return int(notice["place"])
                await self.monitor.clock.sleep(0.05)

    async def pictured(self, place: int) -> np.ndarray:
        """Waits until a pop-up has its small picture: more than its sign is in it."""
        card, box = area_of(LAYOUT.body, place), thumbnail_box(LAYOUT.body)
        async with self.monitor.clock.timeout(SECONDS):
            while True:
                picture = await self.picture()
                if cut(picture, Rect(card.x + box.x, card.y + box.y, box.width, box.height)).mean() > 50:
                    return picture
                await self.monitor.clock.sleep(0.05)


def cut(picture: np.ndarray, area: Rect) -> np.ndarray:
    return picture[area.y : area.bottom, area.x : area.right]


def is_card(picture: np.ndarray, place: int) -> bool:
    """Whether a pop-up's blue stripe and its dark ground are there, with light letters on it."""
    area = area_of(LAYOUT.body, place)
    blue, _, red = cut(picture, Rect(area.x, area.y + 6, 3, area.height - 12)).reshape(-1, 3).mean(axis=0)
    letters = cut(picture, Rect(area.x + area.width // 2, area.y + 4, area.width // 2 - 8, area.height - 8))
    return bool(blue > red + 60 and np.median(letters) < 60 and letters.max() > 200)


def band(picture: np.ndarray) -> np.ndarray:
    return cut(picture, LAYOUT.message)


@pytest_asyncio.fixture
async def shown(tmp_path: Path) -> AsyncIterator[Shown]:
    """One camera, lapsed a second after the start, on the monitor."""
    gst_server.make_clip(tmp_path / "clip.mp4", seconds=20)
    recorder = LoneRecorder(tmp_path, {"cam1": "file:clip.mp4"})
    content = yaml.safe_load(recorder.config.read_text())
    content["cameras"][0]["name"] = "玄関"
    recorder.config.write_text(yaml.safe_dump(content, allow_unicode=True))
    words = ("--device", "rec-1", "--camera", "cam1", "--until", "+1s")
    await run_command("licence", "issue", *words, "--out", str(tmp_path / "licence.json"))
    clock = SystemClock()
    await recorder.start()
    settings = f"sink: headless\nlisten: 127.0.0.1:0\nwidth: {WIDTH}\nheight: {HEIGHT}\n"
    (tmp_path / "rec.sock").symlink_to(tmp_path / "r.sock")
    try:
        async with running_monitor(tmp_path, clock, settings) as monitor, ClientSession() as session:
            await monitor.ready()
            await monitor.pictures(session)
            made = Shown(monitor, session, recorder)
            async with clock.timeout(SECONDS):
                while not (await made.status())["band"]:
                    await clock.sleep(0.05)
            yield made
    finally:
        await recorder.stop()
        clock.close()


async def test_an_event_of_a_lapsed_camera_pops_up_on_the_picture_in_every_view_and_language(shown: Shown) -> None:
    calm = await shown.picture()
    await shown.happen("person")
    place = await shown.place_of("person")
    live = await shown.pictured(place)
    assert is_card(live, place), "on the wall"
    assert np.array_equal(band(live), band(calm)), "not a pixel of the band is covered"

    await shown.order(show={"view": "playback", "camera": "cam1", "at": shown.monitor.clock.now().isoformat()})
    await shown.happen("vehicle")
    place = await shown.place_of("vehicle")
    past = await shown.pictured(place)
    assert (await shown.status())["view"] == "playback" and is_card(past, place)
    assert np.array_equal(band(past), band(calm))

    card = area_of(LAYOUT.body, place)
    await shown.order(key="language")
    async with shown.monitor.clock.timeout(SECONDS):
        while np.array_equal(cut(await shown.picture(), card), cut(past, card)):
            await shown.monitor.clock.sleep(0.05)
    status = await shown.status()
    assert status["language"] == "en" and "vehicle" in {notice["kind"] for notice in status["notices"]["shown"]}
