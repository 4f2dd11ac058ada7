"""The registration page: the device's QR code and what to do with it, while the device is nobody's."""

from collections.abc import Collection, Mapping

from hdmi_out.layout.rect import Rect, even
from hdmi_out.live import Source
from hdmi_out.osd.page_words import PageWords, page_words
from hdmi_out.osd.sheet import Cell, Code, Ink, Line, Piece, Size, wrapped
from hdmi_out.site_state import Service
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.sheet import Sheet, next_tab
from hdmi_out.views.view import Answer, Moment, Move, Stage

_CODE_SHARE = 0.72


class RegistrationView:
    """Left and right lead to the pages beside this one."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._sheet = Sheet(stage)

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        return {}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        own = page_words(moment.words)
        pieces = self._sheet.tabs("registration", moment)
        service = moment.state.licence.service if moment.state else None
        if service is not None and service.code:
            pieces |= self._code(service, own)
        elif moment.state is not None:
            pieces |= self._sentence(service, own)
        self._sheet.compose(pieces, whole=whole)
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        match command:
            case Key.LEFT | Key.RIGHT:
                return next_tab("registration", 1 if command is Key.RIGHT else -1, moment.state)
            case Key.BACK:
                return Move.BACK
            case Pointer(pressed=True):
                return self._sheet.tab_at(command.x, command.y) or Move.STAY
            case _:
                return Move.STAY

    def caption(self, moment: Moment) -> str:
        return page_words(moment.words).tabs["registration"]

    async def run(self) -> None:
        """It has no work of its own."""

    def _code(self, service: Service, own: PageWords) -> dict[Rect, Piece]:
        area = self._sheet.area
        side = even(area.height * _CODE_SHARE)
        square = Rect(area.x, even(area.y + self._sheet.row * 1.6), side, side)
        rows = self._sheet.rows(0.42, 1.0, top=2)
        face, scale, width = self._stage.face, self._stage.scale, rows[0].width
        lines: list[Line | None] = [Line(cells=(Cell(text=own.register_title),), size=Size.TITLE), None]
        for step in own.register_steps:
            parts = wrapped(step, face, scale.small, width, 2)
            lines += [Line(cells=(Cell(text=part),)) for part in parts]
        lines += [None, _pair(own.register_code, service.code or "")]
        if service.serial:
            lines.append(_pair(own.register_serial, service.serial))
        pieces: dict[Rect, Piece] = {square: Code(service.label)} if service.label else {}
        return pieces | {row: line for row, line in zip(rows, lines, strict=False) if line is not None}

    def _sentence(self, service: Service | None, own: PageWords) -> dict[Rect, Piece]:
        row = self._sheet.rows(0, 1.0, top=3)[0]
        standing = own.registered if service and service.registered else own.standing_unknown
        text = standing if service else own.no_service
        ink = Ink.GOOD if service and service.registered else Ink.PLAIN
        return {row: Line(cells=(Cell(text=text, ink=ink),), size=Size.TITLE)}


def _pair(name: str, value: str) -> Line:
    cells = (Cell(text=name, right=0.4, ink=Ink.SOFT), Cell(text=value, left=0.42, ink=Ink.ACCENT))
    return Line(cells=cells, size=Size.TITLE)
