"""Everything a fleet can show: each film's loop once, made when it is first asked for."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.abc
from anyio import to_thread

from camera_sim.clips.film import Film
from camera_sim.clips.footage import Footage
from camera_sim.clips.library import Library
from camera_sim.clips.loop import Loop
from camera_sim.clips.recipe import Recipe
from camera_sim.clips.workshop import Workshop
from gate.clock import Clock

_READ_AGAIN_SECONDS = 10.0
"""A clip whose cache is torn again and again is not read all the time."""


class Repertoire:
    """Loops of scenes and of footage in one cache. `run` keeps them going."""

    def __init__(self, cache_dir: Path, library: Library, clock: Clock) -> None:
        self.workshop = Workshop(cache_dir, clock)
        self._cache_dir = cache_dir
        self._library = library
        self._clock = clock
        self._loops: dict[Film, Loop] = {}
        self._tasks: anyio.abc.TaskGroup | None = None
        self._torn = asyncio.Event()

    def scenes(self, recipes: Iterable[Recipe], *, later: bool = False) -> dict[Recipe, Loop]:
        """The loops of recipes; what is missing of them is made from now on, or after everything else."""
        found = {recipe: self._loop(recipe) for recipe in recipes}
        self.workshop.want(found, later=later)
        return found

    def footage(self, film: Footage) -> Loop:
        """The loop of a clip that has been read."""
        known = film in self._loops
        loop = self._loop(film)
        if not known:
            self._add_all(film)
        return loop

    async def run(self) -> None:
        """Reads and makes, for ever."""
        async with anyio.create_task_group() as self._tasks:
            for loop in self._loops.values():
                self._tasks.start_soon(loop.run)
            for share in self.workshop.shares:
                self._tasks.start_soon(self.workshop.work, share)
            self._tasks.start_soon(self._read_again)

    def _loop(self, film: Film) -> Loop:
        loop = self._loops.get(film)
        if loop is None:
            loop = self._loops[film] = Loop(film, self._cache_dir, self._make_again)
            if self._tasks is not None:
                self._tasks.start_soon(loop.run)
        return loop

    def _add_all(self, film: Footage) -> None:
        for gop in range(len(film.starts) - 1):
            self._loops[film].add(gop)

    def _make_again(self, film: Film, gop: int) -> None:
        if isinstance(film, Recipe):
            self.workshop.make_again(film, gop)
        else:
            self._torn.set()

    async def _read_again(self) -> None:
        """Reads clips anew of which a file in the cache has proved unusable, for ever."""
        while True:
            await self._torn.wait()
            self._torn.clear()
            await to_thread.run_sync(self._library.read_again, abandon_on_cancel=True)
            for film in self._library.footage.values():
                self._add_all(film)
            await self._clock.sleep(_READ_AGAIN_SECONDS)
