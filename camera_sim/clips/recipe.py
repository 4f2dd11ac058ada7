"""What a loop of pictures is made of: equal recipes share one loop, and one folder of the cache."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av

from camera_sim.clips.film import Place, even_place
from camera_sim.codec import CODECS, Codec, CodecName
from camera_sim.config import CameraConfig, FleetConfig

SCENE_VERSION = 4
"""Raise it whenever drawing or encoding changes: old clips are then no longer used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What is drawn, and when: streams that share a show are made together, from one drawing.

    Picture `i` of the loop shows the site at `i / fps` seconds; the loop has `fps * loop_seconds` pictures.
    """

    scene: str
    view: int
    loop_seconds: int
    fps: int
    gop_pictures: int

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
        return f"{self.show.scene}-{self.show.view}-{self.width}x{self.height}-{self.codec_name}-{digest}"

    def path(self, cache_dir: Path, gop: int) -> Path:
        """The file of one group."""
        return cache_dir / self.folder / f"{gop:04d}.gop"


def recipe_of(config: FleetConfig, camera: CameraConfig, stream: str) -> Recipe:
    """The recipe of a camera's stream (`main` or `sub`)."""
    form = camera.streams[stream]
    show = Show(
        scene=camera.scene or "",
        view=camera.view,
        loop_seconds=config.loop_seconds,
        fps=form.fps,
        gop_pictures=form.gop_pictures,
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
