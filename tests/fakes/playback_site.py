"""A remote side with footage on its disk, an hour old: each picture carries its number, for a browser to read."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from gate.clock import SystemClock, instant_of, ns_of
from recorder.catalog.database import Catalog
from recorder.catalog.event_changes import insert_event
from recorder.events.kept import Event
from recorder.media.access_unit import AccessUnit
from recorder.web.served import Served
from tests.fakes.coded import coded_units
from tests.fakes.footage import Footage, footage_of
from tests.fakes.page_server import PageServer
from tests.fakes.recorded import Recorded

FPS = 15
WIDTH, HEIGHT = 320, 180
BITS, CELL = 12, 16
"""The number of a picture: so many black or white squares along its lower edge, most significant first."""
RUN_SECONDS, GAP_SECONDS, SECOND_RUN_SECONDS = 40, 11, 20
SOUNDING_SECONDS = 30
SECOND = 10**9


@lru_cache(1)
def numbered_footage() -> Footage:
    """A loop of a whole run, a key frame a second."""
    return footage_of([_draw(number) for number in range(RUN_SECONDS * FPS)], fps=FPS, gop=FPS)


def _draw(number: int) -> np.ndarray:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    across = np.linspace(0, 1, WIDTH)[None, :]
    down = np.linspace(0, 1, HEIGHT)[:, None]
    glow = np.exp(-(((across - 0.1 - 0.8 * number / (RUN_SECONDS * FPS)) * 6) ** 2 + ((down - 0.4) * 4) ** 2))
    picture[..., 0] = 70 + 100 * glow
    picture[..., 1] = 60 + 120 * glow
    picture[..., 2] = 40 + 40 * glow
    for bit in range(BITS):
        white = number >> (BITS - 1 - bit) & 1
        picture[HEIGHT - CELL :, bit * CELL : (bit + 1) * CELL] = 235 if white else 20
    return picture


def units(seconds: int, start_utc_ns: int, run: int) -> list[AccessUnit]:
    """The loop from its beginning on."""
    footage = numbered_footage()
    return [
        footage.unit(number, run=run, start_utc_ns=start_utc_ns, arrival_ns=number) for number in range(seconds * FPS)
    ]


def sounding_units() -> list[AccessUnit]:
    """Half a minute with B-frames and a tone, labelled from 0 on."""
    loop = coded_units("h264", pictures=SOUNDING_SECONDS * FPS, b_frames=2, sound=True)
    first_ns = loop[0].utc_ns
    return [replace(unit, utc_ns=unit.utc_ns - first_ns) for unit in loop]


class PlaybackSite(PageServer):
    """cam1: forty seconds, eleven seconds without a licence, twenty seconds; a person after twelve. cam2: all of that
    time. cam3: half a minute with B-frames and sound. `start_ns`: when it begins."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 3, 0)
        clock = SystemClock()
        self.start_ns = (
            ns_of(clock.now()) // SECOND * SECOND - 3600 * SECOND + 333_456
        )  # as cameras do: no whole instant
        clock.close()
        recorded = Recorded(folder / "data", segment_seconds=10)
        second_ns = self.start_ns + (RUN_SECONDS + GAP_SECONDS) * SECOND
        recorded.write(units(RUN_SECONDS, self.start_ns, 1))
        recorded.gap(self.start_ns + RUN_SECONDS * SECOND, second_ns, "licence")
        recorded.write(units(SECOND_RUN_SECONDS, second_ns, 2))
        recorded.camera = "cam2"
        recorded.write(units(RUN_SECONDS + GAP_SECONDS + SECOND_RUN_SECONDS, self.start_ns, 3))
        recorded.camera = "cam3"
        recorded.write([replace(unit, utc_ns=unit.utc_ns + self.start_ns) for unit in sounding_units()])
        recorded.close()
        self._tell(folder / "data" / "index.db", second_ns)
        self._catalog = Catalog(folder / "data" / "index.db")

    def _tell(self, index: Path, second_ns: int) -> None:
        """A person, twelve seconds in; the lapse."""
        db = sqlite3.connect(index, isolation_level=None)
        lapse_ns = self.start_ns + RUN_SECONDS * SECOND
        for number, kind, start_ns, end_ns in (
            (1, "person", self.start_ns + 12 * SECOND, self.start_ns + 17 * SECOND),
            (2, "licence", lapse_ns, second_ns),
        ):
            insert_event(
                db,
                Event(
                    number=number,
                    camera="cam1",
                    kind=kind,  # type: ignore[arg-type]
                    source="system" if kind == "licence" else "onvif",
                    start=instant_of(start_ns),
                    end=instant_of(end_ns),
                    detail="",
                    licensed=kind != "licence",
                ),
            )
        db.close()

    def _served(self) -> Served:
        return replace(self.site.parts, catalog=self._catalog)

    def _play(self) -> None:
        """Nothing is live here."""

    def close(self) -> None:
        super().close()
        self._catalog.close()


@contextlib.contextmanager
def playback_site(folder: Path) -> Iterator[PlaybackSite]:
    """A running site; its end is waited for."""
    site = PlaybackSite(folder)
    site.start()
    try:
        yield site
    finally:
        site.close()
