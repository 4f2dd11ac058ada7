"""The wall: every camera's sub stream in a grid, in pages where there are more cameras than tiles."""

from collections.abc import Collection, Mapping

from hdmi_out.layout.rect import Rect
from hdmi_out.layout.wall import WallLayout, grid_side, pages_of, plan_wall
from hdmi_out.live import Source
from hdmi_out.osd import palette
from hdmi_out.site_state import Camera
from hdmi_out.views.choices import Choices
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.live_tile import LiveTile
from hdmi_out.views.view import Answer, Moment, Move, Place, Say, Stage

FOCUS_SECONDS = 10.0
"""How long the frame around the chosen tile stays without a key."""

_ARROWS = {Key.LEFT: (-1, 0), Key.RIGHT: (1, 0), Key.UP: (0, -1), Key.DOWN: (0, 1)}


class WallView:
    """The arrows choose a tile, beyond the left and right edge the page; `ok` shows the camera alone."""

    def __init__(self, stage: Stage, choices: Choices, page: int = 0) -> None:
        self._stage = stage
        self._choices = choices
        self._page = page
        self._layout: WallLayout | None = None
        self._cameras: tuple[Camera, ...] = ()
        self._tiles: dict[str, LiveTile] = {}
        self._focus = 0
        self._focus_until_ns = 0
        self._ring: Rect | None = None
        self._whole = True

    def pages(self, moment: Moment) -> int:
        """How many there are now."""
        cameras = len(moment.state.cameras) if moment.state else 0
        return pages_of(cameras, self._side(cameras))

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        self._arrange(moment)
        return {_source(camera): self._tiles[camera.id].area for camera in self._cameras}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        self._arrange(moment)
        whole, self._whole = whole or self._whole, False
        assert self._layout is not None
        canvas = self._stage.canvas
        if whole:
            canvas.fill(self._stage.body, palette.BACKGROUND)
            for area in self._layout.tiles[len(self._cameras) :]:
                canvas.fill(area, palette.EMPTY)
            self._ring = None
        shown = {
            _source(camera)
            for camera in self._cameras
            if self._tiles[camera.id].compose(camera, camera.wall_stream, moment, whole=whole)
        }
        self._paint_ring(moment)
        return shown

    def act(self, command: Command, moment: Moment) -> Answer:
        self._arrange(moment)
        match command:
            case Key.LEFT | Key.RIGHT | Key.UP | Key.DOWN:
                return self._step(*_ARROWS[command], moment)
            case Key.NEXT | Key.PREVIOUS:
                return self._turn(1 if command is Key.NEXT else -1, moment)
            case Key.OK if self._focused(moment) and self._focus < len(self._cameras):
                return Place(view="camera", camera=self._cameras[self._focus].id)
            case Key.OK:
                self._show_focus(moment)
            case Key.BACK:
                return Move.BACK
            case Key.GRID:
                self._choices.next_side()
                side = self._choices.side
                words = moment.words
                return Say(words.menu_tiles.format(side * side) if side else words.menu_grid_auto)
            case Key.TOUR:
                return Place(view="tour")
            case Pointer():
                return self._point(command, moment)
            case _:
                pass
        return Move.STAY

    def caption(self, moment: Moment) -> str:
        pages = self.pages(moment)
        page = moment.words.page.format(self._page + 1, pages) if pages > 1 else ""
        hint = moment.words.wall_hint if self._focused(moment) else ""
        return moment.words.part_separator.join(part for part in (page, hint) if part)

    async def run(self) -> None:
        """It has no work of its own."""

    def _side(self, cameras: int) -> int:
        return self._choices.side or grid_side(cameras)

    def _arrange(self, moment: Moment) -> None:
        everyone = moment.state.cameras if moment.state else ()
        side = self._side(len(everyone))
        self._page = min(self._page, pages_of(len(everyone), side) - 1)
        tiles = side * side
        cameras = everyone[self._page * tiles : (self._page + 1) * tiles]
        before = tuple(camera.id for camera in self._cameras)
        if self._layout is None or self._layout.side != side or tuple(camera.id for camera in cameras) != before:
            self._layout = plan_wall(self._stage.body, side)
            self._tiles = {
                camera.id: LiveTile(area, self._stage)
                for camera, area in zip(cameras, self._layout.tiles, strict=False)
            }
            self._focus = min(self._focus, tiles - 1)
            self._whole = True
        self._cameras = cameras

    def _step(self, columns: int, rows: int, moment: Moment) -> Answer:
        assert self._layout is not None
        if not self._focused(moment):
            self._focus = min(self._focus, max(len(self._cameras) - 1, 0))
            self._show_focus(moment)
            return Move.STAY
        side = self._layout.side
        row, column = divmod(self._focus, side)
        if not 0 <= column + columns < side:
            return self._turn(columns, moment)
        row, column = min(max(row + rows, 0), side - 1), column + columns
        self._focus = row * side + column
        self._show_focus(moment)
        return Move.STAY

    def _turn(self, step: int, moment: Moment) -> Answer:
        pages = self.pages(moment)
        if pages == 1:
            return Move.STAY
        assert self._layout is not None
        self._page = (self._page + step) % pages
        side = self._layout.side
        self._focus = self._focus // side * side + (0 if step > 0 else side - 1)
        self._arrange(moment)
        return Say(moment.words.page.format(self._page + 1, pages))

    def _point(self, pointer: Pointer, moment: Moment) -> Answer:
        assert self._layout is not None
        for index, area in enumerate(self._layout.tiles[: len(self._cameras)]):
            if area.holds(pointer.x, pointer.y):
                self._focus = index
                self._show_focus(moment)
                return Place(view="camera", camera=self._cameras[index].id) if pointer.pressed else Move.STAY
        return Move.STAY

    def _focused(self, moment: Moment) -> bool:
        return moment.monotonic_ns < self._focus_until_ns

    def _show_focus(self, moment: Moment) -> None:
        self._focus_until_ns = moment.monotonic_ns + round(FOCUS_SECONDS * 1e9)

    def _paint_ring(self, moment: Moment) -> None:
        assert self._layout is not None
        wanted = self._layout.tiles[self._focus] if self._focused(moment) else None
        if wanted == self._ring:
            return
        for area, colour in ((self._ring, palette.BACKGROUND), (wanted, palette.BLUE)):
            if area is not None:
                for side in area.frame(self._layout.gap):
                    self._stage.canvas.fill(side, colour)
        self._ring = wanted


def _source(camera: Camera) -> Source:
    return Source(camera.id, camera.wall_stream)
