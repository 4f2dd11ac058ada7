"""The output: at every frame time, what is written and the newest pictures onto the wall, and the wall to the sinks."""

import logging
from collections.abc import Sequence
from datetime import tzinfo
from zoneinfo import ZoneInfo

from gate.clock import Clock
from hdmi_out.compositor.canvas import Picture
from hdmi_out.compositor.statistics import CameraCount, OutputCount
from hdmi_out.compositor.wall import Wall
from hdmi_out.layout.wall import TILES_MAX
from hdmi_out.osd import model
from hdmi_out.osd.model import TileContent, Tone, WallContent
from hdmi_out.osd.words import words_of
from hdmi_out.sinks.sink import Sink
from hdmi_out.site import Site
from hdmi_out.site_state import Camera, SiteState

_log = logging.getLogger(__name__)

NO_SIGNAL_SECONDS = 2.0
"""Without a new picture for this long, a tile shows "no signal"."""


def _shown(state: SiteState | None) -> tuple[Camera, ...]:
    return state.cameras[:TILES_MAX] if state else ()


class Output:
    """Composes frame after frame. `language` and `time_zone` None: the recorder's own."""

    def __init__(
        self,
        site: Site,
        wall: Wall,
        sinks: Sequence[Sink],
        clock: Clock,
        *,
        fps: int,
        language: str | None,
        time_zone: str | None,
    ) -> None:
        self._site = site
        self._wall = wall
        self._screens = sinks
        self._clock = clock
        self._fps = fps
        self._language = language
        self._zone_name = time_zone
        self._zone: tuple[str, tzinfo] = ("UTC", ZoneInfo("UTC"))
        self._content: WallContent | None = None
        self._count = OutputCount()

    async def run(self) -> None:
        """Composes at the frame rate until cancelled. Frame times that have passed are skipped, not caught up."""
        period_ns = 10**9 // self._fps
        next_ns = self._clock.monotonic_ns()
        while True:
            self.run_once()
            now_ns = self._clock.monotonic_ns()
            next_ns += period_ns
            if next_ns < now_ns:
                late = (now_ns - next_ns) // period_ns + 1
                self._count.late_frames += late
                next_ns += late * period_ns
            await self._clock.sleep((next_ns - now_ns) / 1e9)

    def run_once(self) -> None:
        """One frame."""
        state = self._site.state
        cameras = _shown(state)
        self._wall.arrange(tuple(camera.id for camera in cameras))
        self._count.keep(camera.id for camera in cameras)
        fresh = {camera: picture for camera, stream in self._site.streams.items() if (picture := stream.take())}
        now_ns = self._clock.monotonic_ns()
        content = self._write(state, fresh, now_ns)
        shown = self._wall.compose(content, fresh)
        for camera in shown:
            self._count.cameras[camera].add(now_ns)
        self._count.add_frame(now_ns)
        if shown or content != self._content:
            for sink in self._screens:
                sink.present(self._wall.canvas)
        self._content = content

    def status(self, *, reset: bool = False) -> dict[str, object]:
        """The object of `/v1/status` (docs/protocols.md). `reset` begins to look for the longest pause anew."""
        now_ns = self._clock.monotonic_ns()
        cameras = {
            camera: {
                "pictures": count.pictures,
                "pause_ms_max": round(count.pause_ns(now_ns) / 1e6),
                "state": "live" if self._live(count, now_ns) else "no_signal",
            }
            for camera, count in self._count.cameras.items()
        }
        if reset:
            self._count.reset_pauses()
        return {
            "sink": self._screens[0].name,
            "frames": self._count.frames,
            "fps": round(self._count.rate(), 1),
            "band": self._content is not None and self._content.message.tone is Tone.BAND,
            "cameras": cameras,
        }

    def _write(self, state: SiteState | None, fresh: dict[str, Picture], now_ns: int) -> WallContent:
        words = words_of(self._language or (state.device.language if state else "ja"))
        zone = self._time_zone(self._zone_name or (state.device.time_zone if state else "Asia/Tokyo"))
        now = self._clock.now()
        lost_seconds = self._site.lost_seconds()
        tiles = tuple(
            TileContent(
                camera=camera.id,
                label=model.tile_label(camera, words, reachable=lost_seconds is None),
                card=None
                if camera.id in fresh or self._live(self._count.cameras[camera.id], now_ns)
                else model.no_signal_card(
                    camera, self._age_seconds(camera, now_ns), words, refusal=self._refusal(camera)
                ),
            )
            for camera in _shown(state)
        )
        return WallContent(
            tiles=tiles,
            time=model.time_panel(now, zone, words),
            message=model.message(state, now, zone, words, lost_seconds=lost_seconds),
        )

    def _live(self, count: CameraCount, now_ns: int) -> bool:
        return count.last_ns is not None and now_ns - count.last_ns < NO_SIGNAL_SECONDS * 1e9

    def _age_seconds(self, camera: Camera, now_ns: int) -> float | None:
        last_ns = self._count.cameras[camera.id].last_ns
        return None if last_ns is None else (now_ns - last_ns) / 1e9

    def _refusal(self, camera: Camera) -> str:
        stream = self._site.streams.get(camera.id)
        return stream.refusal if stream else ""

    def _time_zone(self, name: str) -> tzinfo:
        if self._zone[0] != name:
            try:
                self._zone = (name, ZoneInfo(name))
            except (KeyError, ValueError, OSError):
                _log.error("the recorder's time zone %r is unknown here; the wall shows UTC", name)
                self._zone = (name, ZoneInfo("UTC"))
        return self._zone[1]
