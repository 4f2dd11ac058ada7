"""The process that draws and encodes: one JSON job a line on standard input, one JSON answer a line on standard output.

Job: `{"cache_dir": …, "show": {…}, "outputs": [{"width", "height", "bitrate", "codec_name"}, …], "gop": 7,
"urgent": false}`. Answer: `{"made": 7}` when the files of that group are in the cache, or `{"error": "one sentence"}`.
It ends with its input, so it cannot outlive its parent.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim.clips import gop_file
from camera_sim.clips.encode import PictureEncoder, encode_gop
from camera_sim.clips.recipe import Recipe, Show
from camera_sim.errors import EncoderError
from camera_sim.scene.overlay import Overlay
from camera_sim.scene.site import Site, open_site

_NICENESS = 5
"""Serving, recording and showing go before drawing, once there is something to serve."""
_SITES_MAX = 8
"""Sites held ready (some 10 MB each); the one used longest ago goes first."""


class Studio:
    """Draws each picture of a show once and encodes it in every size asked for."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._sites: dict[tuple[str, int, int, int], Site] = {}
        self._encoders: dict[Recipe, PictureEncoder] = {}
        self._overlays: dict[Recipe, Overlay] = {}

    def make(self, recipes: tuple[Recipe, ...], gop: int) -> None:
        """Writes the files of group `gop` of every recipe. They share a show; the first is the largest."""
        show, largest = recipes[0].show, recipes[0]
        site = self._site(show, largest.width, largest.height)
        first = gop * show.gop_pictures
        scenes = [site.draw(n / show.fps) for n in range(first, first + show.gop_pictures)]
        for recipe in recipes:
            encoder = self._encoders.setdefault(recipe, PictureEncoder(recipe))
            gop_file.write(recipe.path(self._cache_dir, gop), encode_gop(encoder, self._finish(recipe, scenes, first)))

    def _finish(self, recipe: Recipe, scenes: list[NDArray[np.uint8]], first: int) -> Iterator[NDArray[np.uint8]]:
        size = (recipe.width, recipe.height)
        overlay = self._overlays.get(recipe)
        if overlay is None:
            overlay = self._overlays[recipe] = Overlay(*size)
        for n, scene in enumerate(scenes, first):
            fits = scene.shape[1::-1] == size
            image = scene if fits else cv2.resize(scene, size, interpolation=cv2.INTER_AREA)
            i420 = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
            overlay.draw(i420, n, recipe.show.fps)
            yield i420

    def _site(self, show: Show, width: int, height: int) -> Site:
        key = (show.scene, show.view, width, height)
        site = self._sites.pop(key, None) or open_site(show.scene, show.view, width, height)
        self._sites[key] = site
        while len(self._sites) > _SITES_MAX:
            del self._sites[next(iter(self._sites))]
        return site


def _run_job(job: dict[str, Any], studios: dict[str, Studio]) -> dict[str, Any]:
    show = Show(**job["show"])
    recipes = tuple(Recipe(show=show, **output) for output in job["outputs"])
    studio = studios.setdefault(job["cache_dir"], Studio(Path(job["cache_dir"])))
    try:
        studio.make(recipes, job["gop"])
    except OSError as error:
        return {"error": f"{job['cache_dir']}: the clip cache cannot be written: {error.strerror}"}
    except EncoderError as error:
        return {"error": str(error)}
    return {"made": job["gop"]}


def main() -> None:
    """Answers jobs until standard input ends. Libraries that print get standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    studios: dict[str, Studio] = {}
    for line in sys.stdin:
        job = json.loads(line)
        if not job["urgent"]:
            os.nice(max(0, _NICENESS - os.nice(0)))
        print(json.dumps(_run_job(job, studios)), file=answers)


if __name__ == "__main__":
    main()
