"""Changes what a camera shows: all its streams, at the key frames of one moment, at equal phase of their loops."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from camera_sim.camera_config import CameraConfig
from camera_sim.clips.loop import Loop
from camera_sim.clips.recipe import Recipe, recipe_of
from camera_sim.clips.repertoire import Repertoire
from camera_sim.events.staged import Change, Staged
from camera_sim.rtsp.picker import Picker
from camera_sim.rtsp.stream import LiveStream
from camera_sim.state import State
from gate.clock import Clock

LEAD_SECONDS = 0.2
"""From the decision to the change: a thread reads the group meanwhile."""
_TRIES_MAX = 30
"""Groups that are waited for while they are encoded; then the change comes anyway, and fillers do."""
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`at_ns`: the camera's time of the main stream's first picture of what is shown; `pictures`: its number, by
    stream."""

    at_ns: int
    pictures: Mapping[str, int]


class Switchboard:
    """Of one camera that shows a scene. `streams` by name."""

    def __init__(
        self,
        camera: CameraConfig,
        streams: Mapping[str, LiveStream],
        repertoire: Repertoire,
        loop_seconds: int,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._streams = streams
        self._repertoire = repertoire
        self._loop_seconds = loop_seconds
        self._clock = clock
        self._staged: dict[str, Staged] = {}
        for name, stream in streams.items():
            self._staged[name] = Staged(stream.picks)
            stream.picks = self._staged[name]

    def prepare(self, state: State, view: int) -> None:
        """Has it made when there is nothing else to do."""
        self._repertoire.scenes(self._recipes(state, view).values(), later=True)

    async def show(self, state: State, view: int) -> Shown:
        """Returns when the change is done. Takes a moment if pictures are to be made first."""
        recipes = self._recipes(state, view)
        found = self._repertoire.scenes(recipes.values())
        loops = {name: found[recipe] for name, recipe in recipes.items()}
        for loop in loops.values():
            await loop.wait_ready()
        at_ns, firsts = await self._moment(loops)
        wait_ns = at_ns - self.now_ns()
        group_ns = max(round(loop.film.length(0) / loop.film.fps * _SECOND_NS) for loop in loops.values())
        by_ns = self._clock.monotonic_ns() + wait_ns + 2 * group_ns
        changes = {
            name: Change(
                picks=Picker(self._streams[name].label, loop, self._streams[name].rekeyer, self._clock),
                from_n=firsts[name],
                by_ns=by_ns,
            )
            for name, loop in loops.items()
        }
        for name, change in changes.items():
            self._staged[name].change(change)
        await self._clock.sleep(max(0.0, wait_ns / _SECOND_NS))
        for name, change in changes.items():
            await self._wait_done(name, change, by_ns)
        return _shown(at_ns, changes)

    async def _moment(self, loops: Mapping[str, Loop]) -> tuple[int, dict[str, int]]:
        """The next beginning of a group of the main stream at which all streams have something to show: its time, and
        the picture with which each stream begins."""
        for tries in range(_TRIES_MAX):
            film = loops["main"].film
            n = math.floor((self.now_ns() / _SECOND_NS + LEAD_SECONDS) * film.fps)
            at_ns = math.ceil((n + film.place(n).left + 1) * _SECOND_NS / film.fps)
            firsts = {name: _first(loop, at_ns) for name, loop in loops.items()}
            gops = {name: loops[name].film.place(first).gop for name, first in firsts.items()}
            for name, loop in loops.items():
                loop.want(gops[name], loop.film.after(gops[name]))
            if all(loop.cached(gops[name]) for name, loop in loops.items()) or tries == _TRIES_MAX - 1:
                break
            await self._clock.sleep(max(0.0, (at_ns - self.now_ns()) / _SECOND_NS))
        return at_ns, firsts

    async def _wait_done(self, name: str, change: Change, by_ns: int) -> None:
        """Only a stream that somebody receives has pictures to wait for."""
        left_ns = by_ns - self._clock.monotonic_ns()
        if not self._streams[name].receivers or left_ns <= 0:
            return
        try:
            async with self._clock.timeout(left_ns / _SECOND_NS):
                await change.done.wait()
        except TimeoutError:
            pass

    def _recipes(self, state: State, view: int) -> dict[str, Recipe]:
        return {
            name: recipe_of(self._camera, name, self._loop_seconds, state=state, view=view) for name in self._streams
        }

    def now_ns(self) -> int:
        """The camera's own time."""
        return self._streams["main"].camera_ns()


def _first(loop: Loop, at_ns: int) -> int:
    """The first picture of the first group that begins at a moment or after it."""
    n = math.ceil(at_ns * loop.film.fps / _SECOND_NS)
    place = loop.film.place(n)
    return n if place.at == 0 else n + place.left + 1


def _shown(at_ns: int, changes: Mapping[str, Change]) -> Shown:
    pictures = {name: change.first.n if change.first else change.from_n for name, change in changes.items()}
    main = changes["main"].first
    return Shown(at_ns=main.utc_us * 1000 if main else at_ns, pictures=pictures)
