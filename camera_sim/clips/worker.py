"""The process that draws and encodes: one JSON job a line on standard input, one JSON answer a line on standard output.

Job: `{"cache_dir": …, "show": {…}, "outputs": [{"width", "height", "bitrate", "codec_name"}, …], "gop": 7,
"urgent": false}`. Answer: `{"made": 7}` when the files of that group are in the cache, or `{"error": "one sentence"}`.
It ends with its input, so it cannot outlive its parent.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim.clips import gop_file
from camera_sim.clips.encode import PictureEncoder, frame_of
from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.clips.recipe import Recipe, Show
from camera_sim.errors import EncoderError
from camera_sim.scene.overlay import Overlay
from camera_sim.scene.site import Image, Site
from camera_sim.scene.sites import open_site
from camera_sim.scene.tamper import finish
from camera_sim.state import Light

_NICENESS = 5
"""Serving, recording and showing go before drawing, once there is something to serve."""
_SITES_MAX = 8
"""Sites held ready (some 10 MB each); the one used longest ago goes first."""
_ENCODERS_MAX = 16


class Studio:
    """Draws each picture of a show once and encodes it in every size asked for."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._sites: dict[tuple[str, int, Light, bool, int, int], Site] = {}
        self._encoders: dict[Recipe, PictureEncoder] = {}
        self._overlays: dict[Recipe, Overlay] = {}

    def make(self, recipes: tuple[Recipe, ...], gop: int) -> None:
        """Writes the files of group `gop` of every recipe. They share a show; the first is the largest."""
        show, largest = recipes[0].show, recipes[0]
        site = self._site(show, largest.width, largest.height)
        first = gop * show.gop_pictures
        made: dict[Recipe, list[Picture]] = {recipe: [] for recipe in recipes}
        for n in range(first, first + show.gop_pictures):
            scene = finish(site.draw(n / show.fps, show.activity), show.state)
            for recipe in recipes:
                frame = frame_of(self._finished(recipe, scene, n))
                made[recipe].append(self._encoder(recipe).encode(frame, key=n == first))
        for recipe in recipes:
            sets = self._encoder(recipe).parameter_sets
            whole = Gop(parameter_sets=sets, pictures=tuple(made[recipe]))
            gop_file.write(recipe.path(self._cache_dir, gop), whole)

    def _finished(self, recipe: Recipe, scene: Image, n: int) -> NDArray[np.uint8]:
        """In the recipe's size, with clock and barcode; I420."""
        size = (recipe.width, recipe.height)
        overlay = self._overlays.get(recipe)
        if overlay is None:
            overlay = self._overlays[recipe] = Overlay(*size)
        fits = scene.shape[1::-1] == size
        image = scene if fits else cv2.resize(scene, size, interpolation=cv2.INTER_AREA)
        i420 = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
        overlay.draw(i420, n, recipe.show.fps)
        return i420

    def _encoder(self, recipe: Recipe) -> PictureEncoder:
        encoder = self._encoders.pop(recipe, None) or PictureEncoder(recipe)
        self._encoders[recipe] = encoder
        while len(self._encoders) > _ENCODERS_MAX:
            del self._encoders[next(iter(self._encoders))]
        return encoder

    def _site(self, show: Show, width: int, height: int) -> Site:
        key = (show.scene, show.view, show.light, show.state == "moved", width, height)
        site = self._sites.pop(key, None) or open_site(*key)
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
