"""What a loop of pictures is made of: equal recipes share one loop, and one folder of the cache."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av

from camera_sim.camera_config import CameraConfig
from camera_sim.clips.film import Place, even_place
from camera_sim.codec import CODECS, Codec, CodecName
from camera_sim.state import Activity, Light, State, activity_in

SCENE_VERSION = 5
"""Raise it whenever drawing or encoding changes: old clips are then no longer used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What is drawn, and when: streams that share a show are made together, from one drawing.

    Picture `i` of the loop shows the site at `i / fps` seconds; the loop has `fps * loop_seconds` pictures. `activity`:
    who moves; `state` may change the light, or do something to the camera.
    """

    scene: str
    view: int
    loop_seconds: int
    fps: int
    gop_pictures: int
    light: Light = "day"
    state: State = "idle"
    activity: Activity = "idle"

    @property
    def pictures(self) -> int:
        """Pictures of the whole loop."""
        return self.fps * self.loop_seconds

    @property
    def gops(self) -> int:
        """Groups of pictures of the whole loop."""
        return self.pictures // self.gop_pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One stream's loop: a show in one size and bitrate."""

    show: Show
    width: int
    height: int
    bitrate: int
    codec_name: CodecName = "h264"
    uniform: bool = True
    """See `film.Film`, which it is."""

    @property
    def codec(self) -> Codec:
        return CODECS[self.codec_name]

    @property
    def state(self) -> State:
        return self.show.state

    @property
    def fps(self) -> Fraction:
        return Fraction(self.show.fps)

    def place(self, n: int) -> Place:
        return even_place(n, self.show.gop_pictures, self.show.gops)

    def length(self, gop: int) -> int:
        return self.show.gop_pictures

    def after(self, gop: int) -> int:
        return (gop + 1) % self.show.gops

    @property
    def folder(self) -> str:
        """Name of its folder in the cache; differs as soon as a single bit of the outcome may."""
        made_by = {"scene_version": SCENE_VERSION, "av": av.__version__}
        text = json.dumps(asdict(self) | made_by, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        shown = f"{self.show.scene}-{self.show.view}-{self.show.state}"
        return f"{shown}-{self.width}x{self.height}-{self.codec_name}-{digest}"

    def path(self, cache_dir: Path, gop: int) -> Path:
        """The file of one group."""
        return cache_dir / self.folder / f"{gop:04d}.gop"


def recipe_of(
    camera: CameraConfig, stream: str, loop_seconds: int, *, state: State | None = None, view: int | None = None
) -> Recipe:
    """The recipe of a camera's stream (`main` or `sub`), of what it shows at the start if nothing else is said."""
    form = camera.streams[stream]
    state = state or camera.resting
    show = Show(
        scene=camera.scene or "",
        view=camera.first_view if view is None else view,
        loop_seconds=loop_seconds,
        fps=form.fps,
        gop_pictures=form.gop_pictures,
        light="night" if state == "night" else camera.first_light,
        state=state,
        activity=activity_in(state, camera.resting),
    )
    return Recipe(show=show, width=form.width, height=form.height, bitrate=form.bitrate, codec_name=form.codec)


def by_show(recipes: Iterable[Recipe]) -> dict[Show, tuple[Recipe, ...]]:
    """Recipes that are drawn together, the largest first, each once."""
    groups: dict[Show, set[Recipe]] = {}
    for recipe in recipes:
        groups.setdefault(recipe.show, set()).add(recipe)
    return {
        show: tuple(sorted(group, key=lambda r: (r.width * r.height, r.width, r.bitrate), reverse=True))
        for show, group in groups.items()
    }
