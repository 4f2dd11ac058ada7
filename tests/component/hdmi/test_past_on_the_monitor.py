"""The monitor's cursor in the past over a recorder's real local site: what it shows is what its clock says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from hdmi_out.layout.rect import Rect
from hdmi_out.playback_client import PlaybackClient
from hdmi_out.playback_messages import EndOfFootage, Gap, instant_of, label_of
from hdmi_out.playback_timeline import TimelineBook
from hdmi_out.site import open_session
from recorder.local.app import serve_local
from tests.component.hdmi.conftest import until
from tests.component.playback.conftest import PastSite, past_site
from tests.component.playback.test_timeline_form import keep
from tests.fakes.marked import luma_of, marked_run, renumbered
from tests.fakes.video import EPOCH_NS, FPS

PICTURES = 4 * FPS
EPOCH_US = EPOCH_NS // 1000


@dataclass
class Cursor:
    client: PlaybackClient
    past: PastSite

    @property
    def number(self) -> int:
        """Of the picture that is shown, by its clock; its grey must be that picture's."""
        shown = self.client.shown
        assert shown is not None
        seconds = (shown.label - EPOCH_US) / 1e6
        number = round(seconds * FPS) if seconds < 5 else 1000 + round((seconds - 6) * FPS)
        luma = float(shown.picture.planes[0].mean())
        wanted = luma_of(number % 1000)
        assert abs(luma - wanted) < 3, f"picture {number} has the grey of another one: {luma}, not {wanted}"
        return number

    async def shows(self, number: int) -> None:
        await until(self.past.clock, lambda: self.client.shown and not self.client.waiting and self.number == number)

    def seek(self, seconds: float) -> None:
        self.client.seek(EPOCH_US + round(seconds * 1e6))


def runs(b_frames: int) -> list[list]:
    run = marked_run(PICTURES, FPS, b_frames)
    return [list(run), [*renumbered(run, 6, 2, 1000)]]


@contextlib.asynccontextmanager
async def cursor(folder: Path, b_frames: int) -> AsyncIterator[Cursor]:
    async with past_site(folder, runs(b_frames)) as past, open_session(past.site.config.local.socket) as session:
        client = PlaybackClient(session, past.clock, "cam1", Rect(0, 0, 128, 72), "en")
        task = asyncio.create_task(client.run())
        try:
            yield Cursor(client, past)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("b_frames", [0, 2])
async def test_seeks_and_steps_show_exactly_their_picture_with_and_without_b_frames(
    tmp_path: Path, b_frames: int
) -> None:
    async with cursor(tmp_path, b_frames) as one:
        await one.shows(1000 + PICTURES - 1)  # where it begins: the newest
        for seconds, number in ((1.02, 15), (0.95, 14), (3.7, 55), (2.0001, 30)):
            one.seek(seconds)
            await one.shows(number)
        for number in (31, 32, 33):
            one.client.step(1)
            await one.shows(number)
        for number in (32, 31, 30, 29, 28):
            one.client.step(-1)
            await one.shows(number)
        one.client.step(1)
        one.client.step(1)
        await one.shows(30)
        assert one.client.damaged == 0


@pytest.mark.parametrize("b_frames", [0, 2])
async def test_it_plays_over_a_gap_to_the_end_stands_there_and_goes_backward(tmp_path: Path, b_frames: int) -> None:
    async with cursor(tmp_path, b_frames) as one:
        one.seek(3)
        one.client.play(4)
        seen: list[int] = []

        def at_the_end() -> bool:
            if one.client.shown and one.client.rate:
                seen.append(one.number)
            return isinstance(one.client.remark, EndOfFootage) and not one.client.waiting

        await until(one.past.clock, at_the_end)
        assert one.client.rate == 0 and any(45 < number < 60 for number in seen) and max(seen) > 1000
        one.client.play(-8)
        await until(one.past.clock, lambda: one.client.remark == EndOfFootage(edge="oldest"))
        await one.shows(0)


async def test_a_pause_stands_at_what_is_shown_and_steps_go_on_from_there(tmp_path: Path) -> None:
    async with cursor(tmp_path, 2) as one:
        one.seek(0.5)
        one.client.play(1)
        await until(one.past.clock, lambda: one.client.shown and 10 < one.number < 40)
        one.client.pause()
        number = one.number
        await one.shows(number)
        one.client.step(1)
        await one.shows(number + 1)


async def test_a_time_in_a_gap_is_known_as_one_until_footage_is_shown_again(tmp_path: Path) -> None:
    async with cursor(tmp_path, 0) as one:
        one.seek(5)
        await until(one.past.clock, lambda: one.client.in_gap)
        assert isinstance(one.client.remark, Gap) and one.client.position_asked == EPOCH_US + 5 * 10**6
        one.client.play(1)
        await until(one.past.clock, lambda: one.client.shown and one.client.shown.label > EPOCH_US + 6 * 10**6)
        assert not one.client.in_gap


async def test_a_picture_is_scaled_anew_when_its_box_changes(tmp_path: Path) -> None:
    async with cursor(tmp_path, 2) as one:
        one.seek(1.02)
        await one.shows(15)
        one.client.box = Rect(0, 0, 64, 36)
        await until(one.past.clock, lambda: one.client.shown and one.client.shown.picture.width == 64)
        await one.shows(15)


async def test_after_a_restart_of_the_recorder_it_is_where_it_was(tmp_path: Path) -> None:
    async with past_site(tmp_path, runs(0)) as past:
        socket = tmp_path / "other.sock"
        config = past.site.config.model_copy(
            update={"local": past.site.config.local.model_copy(update={"socket": socket})}
        )
        served = past.served(config)
        async with open_session(socket) as session:
            client = PlaybackClient(session, past.clock, "cam1", Rect(0, 0, 128, 72), "en")
            one = Cursor(client, past)
            task = asyncio.create_task(client.run())
            async with serve_local(served):
                one.seek(2.02)
                await one.shows(30)
            await until(past.clock, lambda: not client.connected)
            client.step(1)  # nobody hears it; nothing is lost but the wish
            async with serve_local(served):
                await one.shows(30)
                client.step(1)
                await one.shows(31)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_the_next_and_the_last_event_are_found_however_far(tmp_path: Path) -> None:
    async with past_site(tmp_path, runs(0)) as past, open_session(past.site.config.local.socket) as session:
        book = TimelineBook(session, past.clock, "cam1", "en")
        for number, (kind, at) in enumerate((("person", 1.0), ("vehicle", 3.0), ("motion", 30 * 86_400.0)), start=1):
            keep(past, kind, at, at, number)
        epoch = instant_of(EPOCH_US)

        async def after(seconds: float) -> str | None:
            found = await book.next_event(epoch + timedelta(seconds=seconds))
            return found.kind if found else None

        async def before(seconds: float) -> str | None:
            found = await book.previous_event(epoch + timedelta(seconds=seconds))
            return found.kind if found else None

        assert [await after(s) for s in (0, 1, 3, 40 * 86_400)] == ["person", "vehicle", "motion", None]
        assert [await before(s) for s in (60 * 86_400, 3.5, 3, 1)] == ["motion", "vehicle", "person", None]
        assert label_of(epoch) == EPOCH_US
