"""What the pages of text share: tabs between them, and painting only the lines that changed."""

from collections.abc import Mapping

from hdmi_out.layout.rect import Rect, even
from hdmi_out.osd import palette
from hdmi_out.osd.page_words import page_words
from hdmi_out.osd.sheet import Cell, Ink, Line, Piece, Size, draw_piece
from hdmi_out.site_state import SiteState
from hdmi_out.views.view import Moment, Place, Stage

_ROW_SHARE, _PAD_SHARE = 0.0675, 0.03


class Sheet:
    """Paints pieces on the body, each in its rectangle."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._painted: dict[Rect, Piece] = {}
        self._tabs: dict[str, Rect] = {}
        pad = even(stage.body.width * _PAD_SHARE)
        body = stage.body
        self.area = Rect(body.x + pad, body.y + pad // 4 * 2, body.width - 2 * pad, body.height - pad // 2 * 2)
        self.row = even(body.height * _ROW_SHARE)

    def rows(self, left: float, right: float, top: int = 1) -> list[Rect]:
        """Rows one below the other between two parts of the width, from row `top` of the area on."""
        x, width = self.area.x + even(self.area.width * left), even(self.area.width * (right - left))
        count = self.area.height // self.row - top
        return [Rect(x, self.area.y + (top + index) * self.row, width, self.row) for index in range(count)]

    def compose(self, pieces: Mapping[Rect, Piece], *, whole: bool) -> None:
        """Paints what changed; what is no longer there is cleared."""
        stage = self._stage
        if whole:
            self._painted = {}
        for area in self._painted.keys() - pieces.keys():
            stage.canvas.fill(area, palette.BACKGROUND)
        for area, piece in pieces.items():
            if self._painted.get(area) != piece or area not in self._painted:
                stage.canvas.lay(area.x, area.y, draw_piece(piece, area, stage.face, stage.scale))
        self._painted = dict(pieces)

    def tabs(self, here: str, moment: Moment, note: str = "") -> dict[Rect, Piece]:
        """The first row: the pages, the one we are on marked; and a note at its end."""
        own = page_words(moment.words)
        cells: list[Cell] = []
        area = Rect(self.area.x, self.area.y, self.area.width, self.row)
        left, size = 0.0, self._stage.scale.body
        self._tabs = {}
        for name in tab_names(moment.state):
            text, ink = (f"▶ {own.tabs[name]}", Ink.PLAIN) if name == here else (own.tabs[name], Ink.SOFT)
            right = left + (self._stage.face.width(text, size) + size) / self.area.width
            cells.append(Cell(text=text, left=left, right=right, ink=ink))
            self._tabs[name] = Rect(
                area.x + round(left * area.width), area.y, round((right - left) * area.width), area.height
            )
            left = right + 0.01
        cells.append(Cell(text=note or own.tabs_hint, left=min(left + 0.02, 0.9), ink=Ink.SOFT, end=True))
        return {area: Line(cells=tuple(cells), size=Size.BODY)}

    def tab_at(self, x: int, y: int) -> Place | None:
        """The page whose tab is at a pixel of the canvas."""
        return next((Place(view=name) for name, area in self._tabs.items() if area.holds(x, y)), None)


def tab_names(state: SiteState | None) -> tuple[str, ...]:
    """The pages there are: one registers only with a service."""
    service = state.licence.service if state else None
    return ("licence", "device", "registration") if service else ("licence", "device")


def next_tab(here: str, step: int, state: SiteState | None) -> Place:
    """The page beside this one."""
    names = tab_names(state)
    index = names.index(here) if here in names else 0
    return Place(view=names[(index + step) % len(names)])
