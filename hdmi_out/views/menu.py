"""The menu: a drawer over the left of any view. Everything else is reached from here with four arrows, ok and back."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from hdmi_out.layout.rect import Rect, even
from hdmi_out.osd.draw import draw_row
from hdmi_out.osd.model import Row
from hdmi_out.views.choices import Choices
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.view import Answer, Moment, Move, Panel, Place, Stage

VIEWS = ("wall", "tour", "playback", "search", "events", "licence", "device", "registration")
"""The views the menu offers, in its order, as far as there are such."""
IDLE_SECONDS = 60.0
"""A menu that nobody touches for this long closes."""
_WIDTH_SHARE, _ROW_EMS = 0.36, 2.4


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that does something: `choose` on ok, with +1 or -1 on the arrows where it has a `value` to change."""

    text: str
    choose: Callable[[int], Answer]
    value: str = ""


class Menu:
    """Opened by `menu`, closed by `back`, and when a program goes elsewhere. `here` tells which view is below it, for
    what belongs to a camera; `views` are the names of those that exist."""

    def __init__(
        self, stage: Stage, choices: Choices, here: Callable[[], Place], views: Callable[[], Collection[str]]
    ) -> None:
        self._stage = stage
        self._choices = choices
        self._here = here
        self._views = views
        self._open = False
        self._over: Place | None = None
        self._row = 0
        self._touched_ns = 0
        self._painted: dict[int, tuple[Row, Panel]] = {}

    def panels(self, moment: Moment) -> Sequence[Panel]:
        """A heading, the entries, a hint, and the ground below them."""
        if moment.monotonic_ns - self._touched_ns > IDLE_SECONDS * 1e9 or self._here() != self._over:
            self._open = False
        if not self._open:
            self._painted.clear()
            return ()
        entries = self._entries(moment)
        rows = [
            Row(text=moment.words.menu, heading=True),
            *(
                Row(text=entry.text, value=entry.value, chosen=index == self._row)
                for index, entry in enumerate(entries)
            ),
            Row(text=""),
            Row(text=moment.words.menu_hint, faint=True),
        ]
        areas = self._areas(len(entries))
        return [self._panel(index, row, area) for index, (row, area) in enumerate(zip(rows, areas, strict=True))]

    def act(self, command: Command, moment: Moment) -> Answer | None:
        """While it is open every command is its own."""
        if not self._open:
            if command is not Key.MENU:
                return None
            self._open, self._row, self._over = True, self._first_row(), self._here()
            self._touched_ns = moment.monotonic_ns
            return Move.STAY
        self._touched_ns = moment.monotonic_ns
        entries = self._entries(moment)
        self._row = min(self._row, len(entries) - 1)
        match command:
            case Key.UP | Key.DOWN:
                self._row = (self._row + (1 if command is Key.DOWN else -1)) % len(entries)
            case Key.LEFT | Key.RIGHT if entries[self._row].value:
                return entries[self._row].choose(1 if command is Key.RIGHT else -1)
            case Key.OK:
                return self._choose(entries[self._row])
            case Key.BACK | Key.MENU | Key.LEFT:
                self._open = False
            case Key.HOME:
                self._open = False
                return Move.HOME
            case Pointer():
                return self._point(command, entries)
            case _:
                pass
        return Move.STAY

    def _first_row(self) -> int:
        """The view that is shown; a single camera's menu begins at its playback."""
        here = self._here().view
        offered = [view for view in VIEWS if view in self._views()]
        wanted = "playback" if here == "camera" else here
        return offered.index(wanted) if wanted in offered else 0

    def _point(self, pointer: Pointer, entries: Sequence[Entry]) -> Answer:
        for index, area in enumerate(self._areas(len(entries))[1:-2]):
            if area.holds(pointer.x, pointer.y):
                self._row = index
                return self._choose(entries[index]) if pointer.pressed else Move.STAY
        if pointer.pressed:
            self._open = False
        return Move.STAY

    def _choose(self, entry: Entry) -> Answer:
        if not entry.value:
            self._open = False
        return entry.choose(1)

    def _entries(self, moment: Moment) -> list[Entry]:
        words, choices, here = moment.words, self._choices, self._here()
        there = self._views()

        def going(view: str) -> Callable[[int], Answer]:
            home = view == "wall"
            return lambda _: Move.HOME if home else Place(view=view, camera=here.camera)

        def change_grid(step: int) -> Answer:
            choices.next_side(step)
            return Move.STAY

        def change_language(_: int) -> Answer:
            choices.next_language(words.code)
            return Move.STAY

        side = choices.side
        return [
            *(Entry(words.menu_views[view], going(view)) for view in VIEWS if view in there),
            Entry(words.menu_grid, change_grid, words.menu_tiles.format(side * side) if side else words.menu_grid_auto),
            Entry(words.menu_language, change_language, words.language),
            Entry(words.menu_close, lambda _: Move.STAY),
        ]

    def _areas(self, entries: int) -> list[Rect]:
        """The rows from the top to the foot of the body, with a hint at the foot and what is left before it."""
        body = self._stage.body
        width = even(body.width * _WIDTH_SHARE)
        height = even(min(self._stage.scale.body * _ROW_EMS, body.height / (entries + 3)))
        rows = [Rect(body.x, body.y + index * height, width, height) for index in range(entries + 1)]
        top, foot = rows[-1].bottom, body.bottom - height
        return [*rows, Rect(body.x, top, width, foot - top), Rect(body.x, foot, width, height)]

    def _panel(self, index: int, row: Row, area: Rect) -> Panel:
        """The row's panel, drawn only when it changed."""
        known = self._painted.get(index)
        if known is None or known[0] != row or known[1].area != area:
            overlay = draw_row(row, area, self._stage.face, self._stage.scale)
            known = self._painted[index] = (row, Panel(area.x, area.y, overlay))
        return known[1]
