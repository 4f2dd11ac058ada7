"""The output: at every frame time the screen is composed of what is known then, and given to the sinks."""

import logging
from collections.abc import Sequence
from datetime import tzinfo
from zoneinfo import ZoneInfo

from gate.clock import Clock
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.compositor.statistics import OutputCount
from hdmi_out.decoding import Decoding
from hdmi_out.live import LiveBoard
from hdmi_out.osd.model import Tone
from hdmi_out.osd.words import Words, words_of
from hdmi_out.pace import PaceKeeper, paces
from hdmi_out.sinks.sink import Sink
from hdmi_out.site import Site
from hdmi_out.views.choices import Choices
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.screen import Screen
from hdmi_out.views.view import Moment, Place

_log = logging.getLogger(__name__)

DECODING_SHARE = 0.6
"""Of a frame's time: composing goes on with what is decoded by then."""


class Output:
    """Decodes and composes frame after frame. `time_zone` None: the recorder's own."""

    def __init__(
        self,
        site: Site,
        screen: Screen,
        canvas: Canvas,
        sinks: Sequence[Sink],
        clock: Clock,
        choices: Choices,
        decoding: Decoding,
        *,
        fps: int,
        time_zone: str | None,
    ) -> None:
        self._site = site
        self._screen = screen
        self._canvas = canvas
        self._displays = sinks
        self._clock = clock
        self._choices = choices
        self._decoding = decoding
        self._keeper = PaceKeeper(paces(fps))
        self._zone_name = time_zone
        self._zone: tuple[str, tzinfo] = ("UTC", ZoneInfo("UTC"))
        self._live = LiveBoard()
        self._count = OutputCount()
        self._moment = self._look()

    async def run(self) -> None:
        """Composes at the frame rate until cancelled. Frame times that have passed are skipped, not caught up; when it
        is late for long, the rate is lowered, and raised again."""
        next_ns = self._clock.monotonic_ns()
        while True:
            pace = self._keeper.pace
            period_ns = 10**9 // pace.fps
            begun_ns = self._clock.monotonic_ns()
            done = await self._decoding.run_once(
                self._site.streams.values(), period_ns / 1e9 * DECODING_SHARE, keys_only=pace.keys_only
            )
            self.run_once()
            now_ns = self._clock.monotonic_ns()
            self._keep_pace((now_ns - begun_ns) / 1e9, behind=not done)
            next_ns += period_ns
            if next_ns < now_ns:
                late = (now_ns - next_ns) // period_ns + 1
                self._count.late_frames += late
                next_ns += late * period_ns
            await self._clock.sleep((next_ns - now_ns) / 1e9)

    def _keep_pace(self, spent_seconds: float, *, behind: bool) -> None:
        before = self._keeper.pace
        if not self._keeper.add(spent_seconds, behind=behind):
            return
        pace = self._keeper.pace
        level = logging.WARNING if pace.fps < before.fps else logging.INFO
        only = ", key pictures only" if pace.keys_only else ""
        _log.log(level, "the monitor goes at %d frames a second%s (%d before)", pace.fps, only, before.fps)

    def run_once(self) -> None:
        """One frame."""
        self._site.speak(self._choices.language)
        moment = self._moment = self._look()
        wanted = self._screen.wanted(moment)
        self._site.want(wanted)
        self._count.keep(dict.fromkeys(source.camera for source in wanted))
        for source in self._screen.compose(moment):
            if source.camera in self._count.cameras:
                self._count.cameras[source.camera].add(moment.monotonic_ns)
        self._count.add_frame(moment.monotonic_ns)
        if self._canvas.changed:
            for sink in self._displays:
                sink.present(self._canvas)

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture, in pixels."""
        return self._canvas.width, self._canvas.height

    def act(self, command: Command) -> Place:
        """Does what a person wants; gives where that led."""
        match command:
            case Pointer() if not (0 <= command.x < self._canvas.width and 0 <= command.y < self._canvas.height):
                pass  # in the black border of a window of another shape
            case Key.LANGUAGE:
                self._choices.next_language(self._moment.words.code)
            case _:
                self._screen.act(command, self._moment)
        return self._screen.place

    def show(self, place: Place) -> Place:
        """Goes there. Raises ValueError with a sentence where there is no such view or camera."""
        cameras = [camera.id for camera in self._moment.state.cameras] if self._moment.state else []
        if place.camera and place.camera not in cameras:
            raise ValueError(f"there is no camera {place.camera!r}; there are: {', '.join(cameras) or 'none yet'}")
        if place.view == "camera" and not place.camera:
            raise ValueError("say which camera: camera ID")
        self._screen.show(place)
        return self._screen.place

    def status(self, *, reset: bool = False) -> dict[str, object]:
        """The object of `/v1/status` (docs/protocols.md). `reset` begins to look for the longest pause anew."""
        now_ns = self._clock.monotonic_ns()
        live = {source.camera for source, seen in self._moment.live.items() if seen.live}
        cameras = {
            camera: {
                "pictures": count.pictures,
                "pause_ms_max": round(count.pause_ns(now_ns) / 1e6),
                "state": "live" if camera in live else "no_signal",
            }
            for camera, count in self._count.cameras.items()
        }
        if reset:
            self._count.reset_pauses()
        message = self._screen.bar.message
        return {
            "sink": self._displays[0].name,
            "display": self._displays[0].state,
            "view": self._screen.place.view,
            "camera": self._screen.place.camera,
            "language": self._words().code,
            "frames": self._count.frames,
            "fps": round(self._count.rate(), 1),
            "pace": {"fps": self._keeper.pace.fps, "keys_only": self._keeper.pace.keys_only},
            "band": message is not None and message.tone is Tone.BAND,
            "cameras": cameras,
            **self._screen.status(),
        }

    def _look(self) -> Moment:
        """All that is known now."""
        state = self._site.state
        now_ns = self._clock.monotonic_ns()
        return Moment(
            now=self._clock.now(),
            monotonic_ns=now_ns,
            zone=self._time_zone(self._zone_name or (state.device.time_zone if state else "Asia/Tokyo")),
            words=self._words(),
            state=state,
            lost_seconds=self._site.lost_seconds(),
            live=self._live.look(self._site.streams, now_ns),
            reduced=self._keeper.pace if self._keeper.reduced else None,
        )

    def _words(self) -> Words:
        state = self._site.state
        return words_of(self._choices.language or (state.device.language if state else "ja"))

    def _time_zone(self, name: str) -> tzinfo:
        if self._zone[0] != name:
            try:
                self._zone = (name, ZoneInfo(name))
            except (KeyError, ValueError, OSError):
                _log.error("the recorder's time zone %r is unknown here; the monitor shows UTC", name)
                self._zone = (name, ZoneInfo("UTC"))
        return self._zone[1]
