"""The story: the board plays a round by itself, chapter by chapter, then begins the site anew for the next one.

What is said in a chapter is `story.NAME` of the catalogues. A visitor's touch stops it; a minute after the last touch a
new round begins.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gate.clock import Clock
from gate.show.errors import ShowError

_TROUBLE_SECONDS = 5.0
_UP_SECONDS = 1.0
"""How often is looked whether a site that is still being started is up."""

_log = logging.getLogger(__name__)


class Stage(Protocol):
    """The part of the board that the story plays on; `up`: the site answers. Each deed raises
    gate.show.errors.ShowError."""

    @property
    def up(self) -> bool: ...

    def seconds_left(self) -> float: ...

    async def expire(self, *, before_seconds: float) -> None: ...

    async def assign(self) -> None: ...

    async def set_network(self, *, pulled: bool) -> None: ...

    async def next_visitor(self) -> None: ...


Act = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """`act` is done first, or time moved to so long before the licences end; the caption stays for `seconds` more, or
    until they end and then so long. `shows`: the part of the page to look at."""

    name: str
    seconds: float
    shows: str
    act: Act | None = None
    before_expiry_seconds: float | None = None
    until_expiry: bool = False


CHAPTERS = (
    Chapter(name="welcome", seconds=9, shows="pictures"),
    Chapter(name="term", seconds=9, shows="time"),
    Chapter(name="approach", seconds=3, shows="time", before_expiry_seconds=13),
    Chapter(name="countdown", seconds=0, shows="countdown", until_expiry=True),
    Chapter(name="lapsed", seconds=7, shows="pictures"),
    Chapter(name="matrix", seconds=8, shows="matrix"),
    Chapter(name="assign", seconds=4, shows="pictures", act=lambda stage: stage.assign()),
    Chapter(name="restored", seconds=8, shows="pictures"),
    Chapter(name="again", seconds=1, shows="time", before_expiry_seconds=19),
    Chapter(name="pull", seconds=8, shows="network", act=lambda stage: stage.set_network(pulled=True)),
    Chapter(name="alone", seconds=0, shows="countdown", until_expiry=True),
    Chapter(name="lapsed_alone", seconds=7, shows="matrix"),
    Chapter(name="unheard", seconds=7, shows="network", act=lambda stage: stage.assign()),
    Chapter(name="put_back", seconds=9, shows="network", act=lambda stage: stage.set_network(pulled=False)),
    Chapter(name="farewell", seconds=3, shows="pictures", act=lambda stage: stage.next_visitor()),
)


class Story:
    """`run` must be running. `on_change`: as of the board. `pace`: 2 takes twice the time, 0.5 half of it."""

    def __init__(self, stage: Stage, clock: Clock, *, on: bool, touch_seconds: float, pace: float) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.rounds = 0
        self._stage = stage
        self._clock = clock
        self._touch_seconds = touch_seconds
        self._pace = pace
        self._on = on
        self._chapter: Chapter | None = None
        self._touched_ns: int | None = None
        self._turned = asyncio.Event()

    @property
    def state(self) -> dict[str, Any]:
        """`chapter` null: it does not play; `rests_seconds`: until it goes on after a touch."""
        chapter, rests = self._chapter, self._rest_seconds()
        return {
            "on": self._on,
            "chapter": chapter and chapter.name,
            "shows": chapter and chapter.shows,
            "rests_seconds": round(rests) if self._on and rests > 0 else None,
            "rounds": self.rounds,
        }

    def turn(self, *, on: bool) -> None:
        """On or off, at once."""
        self._on = on
        self._touched_ns = None
        self._wake()

    def touch(self) -> None:
        """A visitor plays: the story rests."""
        if self._on:
            self._touched_ns = self._clock.monotonic_ns()
            self._wake()

    async def run(self) -> None:
        """Plays for ever, while it is on and nobody touches."""
        fresh = False
        while True:
            self._turned.clear()
            rests = self._rest_seconds()
            if not self._on or rests > 0:
                fresh = False
                await self._hold(rests if self._on else None)
            elif not self._stage.up:
                await self._hold(_UP_SECONDS)
            else:
                fresh = await self._play(CHAPTERS if fresh else (CHAPTERS[-1], *CHAPTERS))
                self.rounds += fresh

    async def _play(self, chapters: Sequence[Chapter]) -> bool:
        """Whether it came to the end. What is being done to the site when somebody touches is finished first."""
        try:
            for chapter in chapters:
                self._chapter = chapter
                self.on_change()
                if chapter.act is not None:
                    await chapter.act(self._stage)
                if chapter.before_expiry_seconds is not None:
                    await self._stage.expire(before_seconds=max(chapter.before_expiry_seconds * self._pace, 2.0))
                left = self._stage.seconds_left() if chapter.until_expiry else 0.0
                if await self._hold(left + chapter.seconds * self._pace):
                    return False
            return True
        except ShowError as error:
            _log.warning("the story cannot go on and begins again: %s", error)
            await self._hold(_TROUBLE_SECONDS)
            return False
        finally:
            self._chapter = None
            self.on_change()

    async def _hold(self, seconds: float | None) -> bool:
        """Waits so long, or without end; whether somebody has touched meanwhile, or turned it on or off."""
        if seconds is None:
            return await self._turned.wait()
        with contextlib.suppress(TimeoutError):
            async with self._clock.timeout(seconds):
                return await self._turned.wait()
        return self._turned.is_set()

    def _rest_seconds(self) -> float:
        if self._touched_ns is None:
            return 0.0
        return self._touch_seconds - (self._clock.monotonic_ns() - self._touched_ns) / 1e9

    def _wake(self) -> None:
        self._turned.set()
        self.on_change()
