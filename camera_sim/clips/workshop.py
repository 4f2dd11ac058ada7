"""Fills the clip cache: which group next, and the processes that make them."""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import anyio

from camera_sim.clips.loop import Loop
from camera_sim.clips.recipe import Recipe, Show, by_show
from camera_sim.errors import EncoderError
from gate.clock import Clock

_log = logging.getLogger(__name__)

WORKERS_MAX = 4
_FIRST_JOB_SECONDS = 2.0
"""What starting a worker and drawing a site takes, for want of a measurement."""
_RESTART_SECONDS = 1.0
_RESTARTS_MAX = 5
"""A worker that fails that often in a row is given up."""
_JOB_SECONDS_MAX = 120.0


def plan_next(
    missing: Mapping[Show, set[int]], utc_ns: int, lead_seconds: float, later: Container[Show] = ()
) -> tuple[Show, int] | None:
    """The group to make next: the missing one whose time comes first, counted from `lead_seconds` after now. Shows of
    which there is nothing yet go before all others; those that are for `later` wait until nothing else is missing."""
    best: tuple[tuple[bool, bool, float], Show, int] | None = None
    for show, gops in missing.items():
        gop_seconds = show.gop_pictures / show.fps
        at = ((utc_ns / 1e9 + lead_seconds) % show.loop_seconds) / gop_seconds
        for gop in gops:
            wait = (show in later, len(gops) < show.gops, ((gop - int(at)) % show.gops) * gop_seconds)
            if best is None or wait < best[0]:
                best = (wait, show, gop)
    return best and best[1:]


class Workshop:
    """Loops of scenes in one cache. Whatever is missing of those it was told of is made, in the order it will be
    needed; each show belongs to one worker."""

    def __init__(self, cache_dir: Path, clock: Clock) -> None:
        self._cache_dir = cache_dir
        self._clock = clock
        self._loops: dict[Recipe, Loop] = {}
        self._recipes: dict[Show, tuple[Recipe, ...]] = {}
        self._missing: dict[Show, set[int]] = {}
        self._later: set[Show] = set()
        self._wanted = asyncio.Event()
        self._complete = asyncio.Event()
        workers = min(WORKERS_MAX, len(os.sched_getaffinity(0)))
        self.shares: tuple[list[Show], ...] = tuple([] for _ in range(workers))
        """The shows of each worker; run `work` once for each."""
        self.error: str | None = None
        """Why no pictures are made, if a worker was given up."""

    def want(self, loops: Mapping[Recipe, Loop], *, later: bool = False) -> None:
        """Makes what is missing of these loops: at once, or after everything else. Looks what the cache has already
        (names only; contents are checked when they are read)."""
        news = {recipe: loop for recipe, loop in loops.items() if recipe not in self._loops}
        self._loops |= news
        for show in by_show(loops):
            if later and show not in self._recipes:
                self._later.add(show)
            elif not later:
                self._later.discard(show)
        for show, recipes in by_show(news).items():
            if show not in self._recipes:
                min(self.shares, key=len).append(show)
            self._recipes[show] = by_show((*self._recipes.get(show, ()), *recipes))[show]
            self._scan(show)
        self._note()

    @property
    def total(self) -> int:
        """Groups of all shows."""
        return sum(show.gops for show in self._recipes)

    @property
    def done(self) -> int:
        """Groups that are in the cache."""
        return self.total - sum(map(len, self._missing.values()))

    def make_again(self, recipe: Recipe, gop: int) -> None:
        """Puts a group back on the list."""
        self._missing[recipe.show].add(gop)
        self._note()

    async def wait_complete(self) -> None:
        """Returns once every group is in the cache."""
        await self._complete.wait()

    async def wait_missing(self) -> None:
        """Returns once something is missing."""
        while self.done == self.total:
            self._wanted.clear()
            await self._wanted.wait()

    async def work(self, share: Sequence[Show]) -> None:
        """Runs one worker, for ever: a process while something is missing, none otherwise."""
        failures = 0
        while failures <= _RESTARTS_MAX:
            while not any(self._missing[show] for show in share):
                self._wanted.clear()
                await self._wanted.wait()
            done = self.done
            try:
                await self._run_process(share)
                failures = 0
            except EncoderError as error:
                failures = 1 if self.done > done else failures + 1
                self.error = str(error)
                _log.warning("encoding loops: %s (attempt %s)", error, failures)
                await self._clock.sleep(_RESTART_SECONDS)
        _log.error("encoding loops: given up: %s", self.error)

    async def _run_process(self, share: Sequence[Show]) -> None:
        command = (sys.executable, "-m", "camera_sim.clips.worker")
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        try:
            lead = _FIRST_JOB_SECONDS
            while job := self._next(share, lead):
                began_ns = self._clock.monotonic_ns()
                urgent = any(len(self._missing[show]) == show.gops for show in share)
                await self._make(process, *job, urgent=urgent)
                lead = (self._clock.monotonic_ns() - began_ns) / 1e9
        finally:
            if process.returncode is None:
                process.kill()
            with anyio.CancelScope(shield=True):
                await process.wait()
            process._transport.close()  # type: ignore[attr-defined]  # the pipes: asyncio leaves them to the collector

    def _next(self, share: Sequence[Show], lead_seconds: float) -> tuple[Show, int] | None:
        missing = {show: self._missing[show] for show in share}
        return plan_next(missing, self._clock.now_ns(), lead_seconds, self._later)

    async def _make(self, process: Process, show: Show, gop: int, *, urgent: bool) -> None:
        assert process.stdin is not None and process.stdout is not None
        outputs = [
            {"width": r.width, "height": r.height, "bitrate": r.bitrate, "codec_name": r.codec_name}
            for r in self._recipes[show]
        ]
        job = {
            "cache_dir": str(self._cache_dir),
            "show": asdict(show),
            "outputs": outputs,
            "gop": gop,
            "urgent": urgent,
        }
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            async with self._clock.timeout(_JOB_SECONDS_MAX):
                line = await process.stdout.readline()
        except (TimeoutError, ConnectionError):
            line = b""
        if not line:
            raise EncoderError(f"the worker process ended or hangs at group {gop} of {show.scene}, view {show.view}")
        answer = json.loads(line)
        if "error" in answer:
            raise EncoderError(answer["error"])
        self._missing[show].discard(gop)
        for recipe in self._recipes[show]:
            self._loops[recipe].add(gop)
        self._note()

    def _scan(self, show: Show) -> None:
        found = {recipe: self._found(recipe) for recipe in self._recipes[show]}
        whole = set.intersection(*found.values()) & set(range(show.gops))
        self._missing[show] = set(range(show.gops)) - whole
        for recipe in found:
            for gop in whole:
                self._loops[recipe].add(gop)

    def _found(self, recipe: Recipe) -> set[int]:
        folder = self._cache_dir / recipe.folder
        return {int(path.stem) for path in folder.glob("[0-9][0-9][0-9][0-9].gop")}

    def _note(self) -> None:
        if self.done == self.total:
            self._complete.set()
        else:
            self._complete.clear()
            self._wanted.set()
