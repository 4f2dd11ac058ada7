"""The recorder's motion detection against what the simulator really showed: every site by day and by night, people,
vehicles and both. Each film is still, then somebody comes, then it is still again, coded as a sub stream is."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import cv2

from camera_sim.camera_config import VIEWS, SceneName
from camera_sim.clips import gop_file
from camera_sim.clips.recipe import Recipe, Show
from camera_sim.clips.worker import Studio
from camera_sim.state import Activity, Light
from recorder.events.motion import Edge
from recorder.events.motion_decoder import MotionDecoder
from recorder.events.motion_settings import MotionSettings
from recorder.ingest.rtsp.depacketize import LENGTH
from recorder.media.access_unit import TIMESCALE, AccessUnit
from recorder.media.formats import video_format

FPS, WIDTH, HEIGHT, BITRATE = 15, 640, 360, 500_000
STILL_SECONDS, MOVING_SECONDS, AFTER_SECONDS = 20, 20, 15
ACTIVITIES: tuple[Activity, ...] = ("motion", "person", "vehicle")
CPU_PERCENT_MAX = 3.0
SLACK_SECONDS = 3.0
"""An event may begin and end so much later than what it is about, and still be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One film and what came of it. Seconds of the film."""

    scene: str
    view: int
    light: Light
    activity: Activity
    events: tuple[tuple[float, float], ...]
    pictures: int
    cpu_seconds: float

    @property
    def found(self) -> bool:
        """Whether an event overlaps what happened."""
        return any(_overlaps(event) for event in self.events)

    @property
    def false_events(self) -> int:
        """Events of nothing."""
        return sum(not _overlaps(event) for event in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`films`: one for each site, view, light and activity."""

    films: list[Film]

    @property
    def recall(self) -> float:
        """Of what happened, how much was noticed."""
        return sum(film.found for film in self.films) / len(self.films)

    @property
    def precision(self) -> float:
        """Of what was told, how much happened."""
        right = sum(len(film.events) - film.false_events for film in self.films)
        told = sum(len(film.events) for film in self.films)
        return right / told if told else 1.0

    @property
    def cpu_percent(self) -> float:
        """Of a core, for one camera of FPS pictures a second."""
        pictures = sum(film.pictures for film in self.films)
        return 100 * FPS * sum(film.cpu_seconds for film in self.films) / pictures


def measure(cache: Path) -> Measured:
    cv2.setNumThreads(1)
    studio = Studio(cache / "sim-cache")
    films = []
    for scene, view, light in itertools.product(get_args(SceneName), range(VIEWS), get_args(Light)):
        for activity in ACTIVITIES:
            films.append(_film(studio, cache / "sim-cache", scene, view, light, activity))
    return Measured(films=films)


def as_json(measured: Measured) -> dict[str, Any]:
    return {
        "recall": measured.recall,
        "precision": measured.precision,
        "cpu_percent": measured.cpu_percent,
        "films": [asdict(film) | {"found": film.found, "false": film.false_events} for film in measured.films],
    }


def _film(studio: Studio, cache: Path, scene: str, view: int, light: Light, activity: Activity) -> Film:
    decoder = MotionDecoder(scene, MotionSettings(enabled=True))
    edges: list[Edge] = []
    pictures = cpu_ns = 0
    for units in _groups(studio, cache, scene, view, light, activity):
        begun_ns = time.process_time_ns()
        edges += decoder.look(units)
        cpu_ns += time.process_time_ns() - begun_ns
        pictures += len(units)
    edges += decoder.end()
    starts, ends = ([edge.at_utc_ns / 1e9 for edge in edges if edge.phase == phase] for phase in ("start", "end"))
    return Film(
        scene=scene,
        view=view,
        light=light,
        activity=activity,
        events=tuple(zip(starts, ends, strict=True)),
        pictures=pictures,
        cpu_seconds=cpu_ns / 1e9,
    )


def _groups(
    studio: Studio, cache: Path, scene: str, view: int, light: Light, activity: Activity
) -> Iterator[list[AccessUnit]]:
    """The film, a second at a time."""
    number = 0
    for second in range(STILL_SECONDS + MOVING_SECONDS + AFTER_SECONDS):
        who: Activity = activity if STILL_SECONDS <= second < STILL_SECONDS + MOVING_SECONDS else "idle"
        show = Show(
            scene=scene, view=view, loop_seconds=60, fps=FPS, gop_pictures=FPS, light=light, state=who, activity=who
        )
        recipe = Recipe(show=show, width=WIDTH, height=HEIGHT, bitrate=BITRATE)
        if not recipe.path(cache, second).exists():
            studio.make((recipe,), second)
        gop = gop_file.read(recipe.path(cache, second))
        format = video_format("h264", gop.parameter_sets)
        units = []
        for picture in gop.pictures:
            units.append(
                AccessUnit(
                    format=format,
                    data=b"".join(LENGTH(len(nal)) + nal for nal in picture.slices),
                    key=number % FPS == 0,
                    run=1,
                    pts_90k=number * TIMESCALE // FPS,
                    utc_ns=number * 10**9 // FPS,
                    arrival_ns=0,
                )
            )
            number += 1
        yield units


def _overlaps(event: tuple[float, float]) -> bool:
    return event[0] < STILL_SECONDS + MOVING_SECONDS + SLACK_SECONDS and event[1] > STILL_SECONDS
