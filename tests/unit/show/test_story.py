"""The story: round after round while nobody touches, and never in a visitor's way."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import resources

import pytest

from gate.clock import SimulatedClock
from gate.show.errors import SiteAwayError
from gate.show.story import CHAPTERS, Story

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class ToldBoard:
    """What it was told to do, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.away = False
        self.up = True

    def seconds_left(self) -> float:
        return 10.0

    async def expire(self, *, before_seconds: float) -> None:
        await self._note(f"expire {before_seconds:g}")

    async def assign(self) -> None:
        await self._note("assign")

    async def set_network(self, *, pulled: bool) -> None:
        await self._note("pull" if pulled else "put back")

    async def next_visitor(self) -> None:
        await self._note("next visitor")

    async def _note(self, what: str) -> None:
        if self.away:
            raise SiteAwayError("nobody is there")
        self.done.append(what)


@asynccontextmanager
async def playing(board: ToldBoard, clock: SimulatedClock, *, on: bool = True) -> AsyncIterator[Story]:
    story = Story(board, clock, on=on, touch_seconds=60, pace=1.0)
    task = asyncio.create_task(story.run())
    try:
        yield story
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.asyncio
async def test_it_waits_for_a_site_that_is_still_being_started_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    board, clock = ToldBoard(), SimulatedClock(NOW)
    board.up, board.away = False, True
    async with playing(board, clock) as story:
        await clock.advance(30)
        assert board.done == [] and story.state["chapter"] is None
        assert caplog.text == ""
        board.up, board.away = True, False
        await clock.advance(2)
        assert board.done == ["next visitor"]


ROUND = ["expire 13", "assign", "expire 19", "pull", "assign", "put back", "next visitor"]


@pytest.mark.asyncio
async def test_a_round_tells_every_chapter_once_and_ends_with_a_site_begun_anew() -> None:
    board, clock, told = ToldBoard(), SimulatedClock(NOW), list[str]()
    async with playing(board, clock) as story:
        story.on_change = lambda: told.append(str(story.state["chapter"]))
        await clock.advance(250)
        assert board.done[: 1 + len(ROUND)] == ["next visitor", *ROUND]
        assert told[: 1 + len(CHAPTERS)] == ["farewell", *(chapter.name for chapter in CHAPTERS)]
        assert story.rounds


@pytest.mark.asyncio
async def test_a_round_takes_about_two_minutes() -> None:
    board, clock = ToldBoard(), SimulatedClock(NOW)
    async with playing(board, clock) as story:
        seconds = 0
        while not story.rounds:
            await clock.advance(1)
            seconds += 1
        assert 90 <= seconds <= 150


@pytest.mark.asyncio
async def test_a_touch_stops_it_at_once_and_a_minute_after_the_last_one_a_new_round_begins() -> None:
    board, clock = ToldBoard(), SimulatedClock(NOW)
    async with playing(board, clock) as story:
        await clock.advance(30)
        assert story.state["chapter"] is not None
        story.touch()
        await clock.advance(0)
        done = list(board.done)
        assert (story.state["chapter"], story.state["rests_seconds"]) == (None, 60)
        await clock.advance(40)
        story.touch()
        await clock.advance(59)
        assert board.done == done
        await clock.advance(2)
        assert board.done[len(done)] == "next visitor", "a round begins on a site that nobody has played with"


@pytest.mark.asyncio
async def test_turned_off_it_plays_nothing_and_a_touch_is_none_of_its_business() -> None:
    board, clock = ToldBoard(), SimulatedClock(NOW)
    async with playing(board, clock, on=False) as story:
        story.touch()
        await clock.advance(600)
        assert board.done == []
        assert (story.state["on"], story.state["rests_seconds"]) == (False, None)
        story.turn(on=True)
        await clock.advance(1)
        assert board.done == ["next visitor"]
        story.turn(on=False)
        await clock.advance(600)
        assert board.done == ["next visitor"]


@pytest.mark.asyncio
async def test_a_part_of_the_site_that_does_not_answer_lets_it_begin_again() -> None:
    board, clock = ToldBoard(), SimulatedClock(NOW)
    board.away = True
    async with playing(board, clock) as story:
        await clock.advance(30)
        assert story.rounds == 0
        board.away = False
        await clock.advance(10)
        assert board.done == ["next visitor"]


def test_every_chapter_has_its_sentence_in_both_languages() -> None:
    for language in ("ja", "en"):
        words = json.loads((resources.files("gate.show") / "static" / "lang" / f"{language}.json").read_text())
        assert [chapter.name for chapter in CHAPTERS if f"story.{chapter.name}" not in words] == []


def test_both_languages_say_the_same_things_with_the_same_gaps() -> None:
    folder = resources.files("gate.show") / "static" / "lang"
    ja, en = (json.loads((folder / f"{language}.json").read_text()) for language in ("ja", "en"))
    assert ja.keys() == en.keys()
    for key in ja:
        assert set(re.findall(r"\{\w+\}", ja[key])) == set(re.findall(r"\{\w+\}", en[key])), key
