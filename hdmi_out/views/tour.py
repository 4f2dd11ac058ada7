"""The tour: the pages of the wall one after the other, or, where all cameras fit on one page, each camera alone."""

from collections.abc import Collection, Mapping

from hdmi_out.layout.rect import Rect
from hdmi_out.live import Source
from hdmi_out.views.camera import CameraView
from hdmi_out.views.choices import Choices
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.view import Answer, Moment, Move, Place, Say, Stage
from hdmi_out.views.wall import WallView

AHEAD_SECONDS = 1.0
"""So long before its turn the next stop's streams are opened: its pictures are there when it comes."""


class TourView:
    """Left and right go on or back, `play` pauses, `ok` stays at what is shown."""

    def __init__(self, stage: Stage, choices: Choices) -> None:
        self._stage = stage
        self._choices = choices
        self._wall = WallView(stage, choices)
        self._index = 0
        self._since_ns: int | None = None
        self._paused = False
        self._stops: tuple[str, ...] = ()
        self._views: dict[str, WallView | CameraView] = {}
        self._shown = ""

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        self._plan(moment)
        wanted = dict(self._view(self._index).wanted(moment))
        if self._left_seconds(moment) < AHEAD_SECONDS:
            wanted = dict(self._view(self._index + 1).wanted(moment)) | wanted
        return wanted

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        self._plan(moment)
        if self._left_seconds(moment) <= 0:
            self._go(1, moment)
        name = self._stops[self._index]
        whole, self._shown = whole or name != self._shown, name
        return self._view(self._index).compose(moment, whole=whole)

    def act(self, command: Command, moment: Moment) -> Answer:
        self._plan(moment)
        match command:
            case Key.LEFT | Key.PREVIOUS | Key.UP:
                self._go(-1, moment)
            case Key.RIGHT | Key.NEXT | Key.DOWN:
                self._go(1, moment)
            case Key.PLAY | Key.STOP:
                self._paused = not self._paused
                self._since_ns = moment.monotonic_ns
                return Say(moment.words.tour_paused if self._paused else moment.words.tour)
            case Key.OK | Pointer(pressed=True):
                return self._place()
            case Key.BACK | Key.TOUR:
                return Move.BACK
            case _:
                pass
        return Move.STAY

    def caption(self, moment: Moment) -> str:
        word = moment.words.tour_paused if self._paused else moment.words.tour
        return moment.words.part_separator.join(
            part for part in (word, self._view(self._index).caption(moment)) if part
        )

    async def run(self) -> None:
        """It has no work of its own."""

    def _plan(self, moment: Moment) -> None:
        pages = self._wall.pages(moment)
        cameras = moment.state.cameras if moment.state else ()
        if pages > 1 or len(cameras) < 2:
            stops = tuple(f"page {number}" for number in range(pages))
        else:
            stops = tuple(f"camera {camera.id}" for camera in cameras)
        if stops != self._stops:
            self._stops = stops
            self._index = min(self._index, len(stops) - 1)
            self._views = {name: self._made(name) for name in stops}
            self._shown = ""
        if self._since_ns is None:
            self._since_ns = moment.monotonic_ns

    def _made(self, name: str) -> WallView | CameraView:
        kind, _, what = name.partition(" ")
        if kind == "camera":
            return CameraView(self._stage, what)
        return WallView(self._stage, self._choices, int(what))

    def _view(self, index: int) -> WallView | CameraView:
        return self._views[self._stops[index % len(self._stops)]]

    def _place(self) -> Place:
        kind, _, what = self._stops[self._index].partition(" ")
        return Place(view="camera", camera=what) if kind == "camera" else Place(view="wall", page=int(what))

    def _go(self, step: int, moment: Moment) -> None:
        self._index = (self._index + step) % len(self._stops)
        self._since_ns = moment.monotonic_ns

    def _left_seconds(self, moment: Moment) -> float:
        if self._paused or len(self._stops) < 2:
            return self._choices.tour_seconds
        assert self._since_ns is not None
        return self._choices.tour_seconds - (moment.monotonic_ns - self._since_ns) / 1e9
