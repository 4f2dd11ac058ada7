"""The licence page: each camera's licence, and for the chosen one what runs, what has stopped, and what to do."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from hdmi_out.layout.rect import Rect
from hdmi_out.live import Source
from hdmi_out.osd.model import day_text, instant_text
from hdmi_out.osd.page_words import PageWords, page_words
from hdmi_out.osd.sheet import Cell, Ink, Line, Piece, wrapped
from hdmi_out.osd.words import EXPIRED
from hdmi_out.site_state import Camera, Feature, SiteState, lapsed_since
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.sheet import Sheet, next_tab
from hdmi_out.views.view import Answer, Moment, Move, Stage

SOON = timedelta(days=14)
"""How long before its end a licence is written in amber."""
REMEDY_LINES_MAX = 3


class LicenceView:
    """The arrows up and down choose a camera, left and right the page beside this one."""

    def __init__(self, stage: Stage, camera: str = "") -> None:
        self._stage = stage
        self._sheet = Sheet(stage)
        self._camera = camera
        self._rows: dict[Rect, str] = {}

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        return {}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        own = page_words(moment.words)
        state = moment.state if moment.lost_seconds is None else None
        active = sum(camera.licence.state == "active" for camera in state.cameras) if state else 0
        note = own.licensed.format(len(state.cameras), active) if state else own.wait
        pieces = self._sheet.tabs("licence", moment, note)
        if state and state.cameras:
            pieces |= self._cameras(state, moment, own) | self._matrix(state, self._chosen(state), moment, own)
        self._sheet.compose(pieces, whole=whole)
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        cameras = moment.state.cameras if moment.state else ()
        match command:
            case Key.UP | Key.DOWN if moment.state and cameras:
                ids = [camera.id for camera in cameras]
                index = ids.index(self._chosen(moment.state).id) + (1 if command is Key.DOWN else -1)
                self._camera = ids[index % len(ids)]
            case Key.LEFT | Key.RIGHT:
                return next_tab("licence", 1 if command is Key.RIGHT else -1, moment.state)
            case Pointer(pressed=True):
                found = (camera for area, camera in self._rows.items() if area.holds(command.x, command.y))
                self._camera = next(found, self._camera)
                return self._sheet.tab_at(command.x, command.y) or Move.STAY
            case Key.BACK:
                return Move.BACK
            case _:
                pass
        return Move.STAY

    def caption(self, moment: Moment) -> str:
        return page_words(moment.words).tabs["licence"]

    async def run(self) -> None:
        """It has no work of its own."""

    def _chosen(self, state: SiteState) -> Camera:
        return next((camera for camera in state.cameras if camera.id == self._camera), state.cameras[0])

    def _cameras(self, state: SiteState, moment: Moment, own: PageWords) -> dict[Rect, Piece]:
        areas = self._sheet.rows(0, 0.475)
        chosen = self._chosen(state)
        index = [camera.id for camera in state.cameras].index(chosen.id)
        first = min(max(index - len(areas) // 2, 0), max(len(state.cameras) - len(areas), 0))
        shown = state.cameras[first : first + len(areas)]
        self._rows = {area: camera.id for area, camera in zip(areas, shown, strict=False)}
        return {
            area: _camera_line(camera, moment, own, chosen=camera.id == chosen.id)
            for area, camera in zip(areas, shown, strict=False)
        }

    def _matrix(self, state: SiteState, camera: Camera, moment: Moment, own: PageWords) -> dict[Rect, Piece]:
        areas = self._sheet.rows(0.5, 1.0)
        heads = (
            Cell(text=own.function, right=0.6, ink=Ink.SOFT),
            Cell(text=own.now, left=0.6, right=0.79, ink=Ink.SOFT),
            Cell(text=own.lapsed, left=0.79, ink=Ink.SOFT),
        )
        lines = [Line(cells=heads), *(_matrix_line(row, camera, own) for row in state.features)]
        text, action = _remedy(camera, moment, own)
        size, width = self._stage.scale.small, areas[0].width
        lines.append(Line(cells=(Cell(text=text, ink=Ink.SOFT if camera.licence.state == "active" else Ink.WARN),)))
        lines += [
            Line(cells=(Cell(text=part),)) for part in wrapped(action, self._stage.face, size, width, REMEDY_LINES_MAX)
        ]
        return dict(zip(areas, lines, strict=False))


def _camera_line(camera: Camera, moment: Moment, own: PageWords, *, chosen: bool) -> Line:
    text, ink = licence_state(camera, moment, own)
    cells = (
        Cell(text=camera.name or camera.id, right=0.36),
        Cell(text=text, left=0.38, right=0.62, ink=ink),
        Cell(text=licence_time(camera, moment, own), left=0.62, ink=Ink.SOFT, end=True),
    )
    return Line(cells=cells, raised=True, chosen=chosen)


def licence_state(camera: Camera, moment: Moment, own: PageWords) -> tuple[str, Ink]:
    """In a word or two: valid, with the time that is left where that is short; or why not."""
    licence = camera.licence
    if licence.state == "active":
        left = licence.until - moment.now if licence.until else None
        if left is None or left > SOON:
            return own.states["active"], Ink.GOOD
        days = left // timedelta(days=1)
        text = own.left_days.format(days) if days else own.left_hours.format(max(left // timedelta(hours=1), 0))
        return text, Ink.WARN
    if licence.grace_until is not None:
        return own.states["grace"], Ink.WARN
    denial = licence.denial
    return own.states.get(denial.code if denial else "EXPIRED", denial.title if denial else ""), Ink.WARN


def licence_time(camera: Camera, moment: Moment, own: PageWords) -> str:
    """Its last day, until when its grace goes, or since when it is lapsed."""
    licence, words, zone = camera.licence, moment.words, moment.zone
    if licence.grace_until is not None:
        return own.grace_until.format(day_text(licence.grace_until.astimezone(zone).date(), words))
    if licence.state == "active":
        return own.until.format(day_text(licence.last_day, words)) if licence.last_day else ""
    since = lapsed_since(camera)
    return own.since.format(instant_text(since, zone, words)) if since else ""


def _matrix_line(row: Feature, camera: Camera, own: PageWords) -> Line:
    runs = camera.id not in row.denied_cameras and (row.allowed or not row.denied_cameras)
    goes_on = row.lapsed == "continues"
    cells = (
        Cell(text=f"{row.id}  {own.rows.get(row.id, row.name)}", right=0.585),
        Cell(text=own.runs if runs else own.stopped, left=0.6, right=0.79, ink=Ink.GOOD if runs else Ink.WARN),
        Cell(text=own.continues if goes_on else own.stops, left=0.79, ink=Ink.SOFT),
    )
    return Line(cells=cells, raised=True)


def _remedy(camera: Camera, moment: Moment, own: PageWords) -> tuple[str, str]:
    """What is the matter, and what to do; the second is empty where there is nothing to do."""
    licence, words = camera.licence, moment.words
    if licence.state == "active":
        soon = licence.until is not None and licence.until - moment.now <= SOON
        return own.all_well, words.countdown_action if soon else ""
    denial = licence.denial
    code = denial.code if denial else EXPIRED
    title = denial.title if denial else own.states[EXPIRED]
    return title, (denial.remedy if denial else "") or words.actions.get(code, words.actions[EXPIRED])
