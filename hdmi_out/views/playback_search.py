"""Search by time: a calendar with dots on days that have footage, and a time; `ok` leads on, at last to playback."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

import anyio

from hdmi_out.layout.rect import Rect, even
from hdmi_out.live import Source
from hdmi_out.osd import palette
from hdmi_out.osd.draw import Pen
from hdmi_out.osd.overlay import Overlay, Painter
from hdmi_out.playback_timeline import TimelineBook
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.playback_calendar import Chosen, chosen_of, weeks_of
from hdmi_out.views.playback_words import playback_words
from hdmi_out.views.view import Answer, Moment, Move, Place, Stage

FIELDS = ("hour", "minute", "second")
ROWS = ("camera", "day", "time", "go", "events")
_TURN = {"hour": 1, "minute": 1, "second": 10}

NewBook = Callable[[str, str], TimelineBook]
"""Of a camera, in a language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """All that is drawn. `dots`: days with footage; None while they are not known."""

    camera: str
    several: bool
    chosen: Chosen
    today: date
    row: str
    field: str
    dots: frozenset[date] | None
    language: str


class SearchView:
    """The rows from top to bottom: camera, day, time, play, events. Arrows move in a row and between rows."""

    def __init__(self, stage: Stage, place: Place, new_book: NewBook) -> None:
        self._stage = stage
        self._new_book = new_book
        self._camera = place.camera
        self._at = place.at
        self._chosen: Chosen | None = None
        self._row, self._field = "day", 0
        self._book: TimelineBook | None = None
        self._book_changed = asyncio.Event()
        self._page: SearchPage | None = None

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        return {}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        page = self._told(moment)
        if whole or page != self._page:
            body, stage = self._stage.body, self._stage
            stage.canvas.lay(body.x, body.y, self._draw(page, moment))
            self._page = page
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        chosen = self._begin(moment)
        match command:
            case Key.BACK:
                if self._row in ("time", "go", "events"):
                    self._row = "day"
                    return Move.STAY
                return Move.BACK
            case Key.OK | Key.PLAY:
                return self._ok(chosen, moment)
            case Key.LEFT | Key.RIGHT:
                self._move(1 if command is Key.RIGHT else -1, chosen, moment)
            case Key.UP | Key.DOWN:
                self._turn(1 if command is Key.DOWN else -1, chosen)
            case Key.NEXT | Key.PREVIOUS:
                self._chosen = chosen.moved(28 if command is Key.NEXT else -28)
            case Pointer(pressed=True):
                return self._point(command, chosen, moment)
            case _:
                pass
        return Move.STAY

    def caption(self, moment: Moment) -> str:
        return playback_words(moment.words).search_title

    async def run(self) -> None:
        while True:
            self._book_changed.clear()
            async with anyio.create_task_group() as group:
                if self._book is not None:
                    group.start_soon(self._book.run)
                await self._book_changed.wait()
                group.cancel_scope.cancel()

    def _begin(self, moment: Moment) -> Chosen:
        ids = [camera.id for camera in moment.state.cameras] if moment.state else []
        if not self._camera and ids:
            self._camera = ids[0]
        if self._camera and self._book is None:
            self._book = self._new_book(self._camera, moment.words.code)
            self._book_changed.set()
        if self._chosen is None:
            self._chosen = chosen_of(self._at or moment.now, moment.zone)
        return self._chosen

    def _told(self, moment: Moment) -> SearchPage:
        chosen = self._begin(moment)
        cameras = moment.state.cameras if moment.state else ()
        known = next((camera for camera in cameras if camera.id == self._camera), None)
        return SearchPage(
            camera=(known.name or known.id) if known else self._camera,
            several=len(cameras) > 1,
            chosen=chosen,
            today=moment.now.astimezone(moment.zone).date(),
            row=self._row,
            field=FIELDS[self._field],
            dots=self._book.want_month(chosen.day) if self._book else None,
            language=moment.words.code,
        )

    def _ok(self, chosen: Chosen, moment: Moment) -> Answer:
        if self._row == "events":
            return Place(view="events", camera=self._camera)
        if self._row == "go" or (self._row == "time" and self._field == len(FIELDS) - 1):
            return Place(view="playback", camera=self._camera, at=min(chosen.instant(moment.zone), moment.now))
        if self._row == "time":
            self._field += 1
        elif self._row == "day":
            self._row, self._field = "time", 0
        else:
            self._row = "day"
        return Move.STAY

    def _move(self, step: int, chosen: Chosen, moment: Moment) -> None:
        match self._row:
            case "day":
                self._chosen = chosen.moved(step)
            case "time" if 0 <= self._field + step < len(FIELDS):
                self._field += step
            case "time":
                self._row = "go" if step > 0 else "day"
            case "camera" if moment.state is not None and moment.state.cameras:
                ids = [camera.id for camera in moment.state.cameras]
                index = ids.index(self._camera) + step if self._camera in ids else 0
                self._camera, self._book = ids[index % len(ids)], None
            case "go" | "events" if step < 0:
                self._row = "day"
            case _:
                pass

    def _turn(self, step: int, chosen: Chosen) -> None:
        match self._row:
            case "day":
                weeks = weeks_of(chosen.day)
                if step < 0 and chosen.day in weeks[0]:
                    self._row = "camera"
                else:
                    self._chosen = chosen.moved(7 * step)
            case "time":
                self._chosen = chosen.turned(FIELDS[self._field], -step * _TURN[FIELDS[self._field]])
            case row:
                rows = ("camera", "day") if row == "camera" else ("go", "events")
                if row == "camera" or (row == "events" and step < 0) or (row == "go" and step > 0):
                    self._row = rows[1] if step > 0 else rows[0]
                elif row == "go":
                    self._row = "time"

    def _point(self, pointer: Pointer, chosen: Chosen, moment: Moment) -> Answer:
        plan = SearchPlan(self._stage)
        x, y = pointer.x - self._stage.body.x, pointer.y - self._stage.body.y
        for week, days in enumerate(weeks_of(chosen.day)):
            for weekday, day in enumerate(days):
                if plan.day(week, weekday).holds(x, y):
                    self._row, self._chosen = "day", replace(chosen, day=day)
                    return Move.STAY
        for number in range(len(FIELDS)):
            if plan.field(number).holds(x, y):
                self._row, self._field = "time", number
                return Move.STAY
        for row in ("go", "events", "camera"):
            if plan.plate(row).holds(x, y):
                self._row = row
                if row == "camera":
                    self._move(1, chosen, moment)
                    return Move.STAY
                return self._ok(chosen, moment)
        return Move.STAY

    def _draw(self, page: SearchPage, moment: Moment) -> Overlay:
        return draw_search(page, SearchPlan(self._stage), self._stage, moment)


class SearchPlan:
    """Where everything is, in the body."""

    def __init__(self, stage: Stage) -> None:
        body = stage.body
        self._pad = even(body.width * 0.035)
        self._top = even(body.height * 0.12)
        self._cell = Rect(0, 0, even(body.width * 0.068), even(body.height * 0.097))
        self._right = self._pad + 7 * self._cell.width + even(body.width * 0.05)
        self._width = body.width - self._right - self._pad
        self._body = body

    @property
    def title(self) -> tuple[int, float]:
        """Where the title begins, and its middle."""
        return self._pad, self._top * 0.5

    def day(self, week: int, weekday: int) -> Rect:
        """A day of the calendar, below the names of the month and of the weekdays."""
        cell = self._cell
        return Rect(self._pad + weekday * cell.width, self._top + (week + 2) * cell.height, cell.width, cell.height)

    @property
    def month(self) -> Rect:
        """The name of the month."""
        return Rect(self._pad, self._top, 7 * self._cell.width, self._cell.height)

    def field(self, number: int) -> Rect:
        """Hour, minute, second."""
        width = self._width // 3
        return Rect(self._right + number * width, self.plate("time").y, width, self.plate("time").height)

    def plate(self, row: str) -> Rect:
        """Camera, time, play and events, one below the other."""
        cell, top = self._cell.height, self._top
        tops = {"camera": (0.0, 1.1), "time": (1.6, 2.0), "go": (4.1, 1.1), "events": (5.5, 1.1)}
        above, height = tops[row]
        return Rect(self._right, even(top + above * cell), self._width, even(height * cell))

    @property
    def hint_middle(self) -> float:
        """The line at the foot."""
        return self._body.height * 0.955


def draw_search(page: SearchPage, plan: SearchPlan, stage: Stage, moment: Moment) -> Overlay:
    """The whole page."""
    words, scale, face = playback_words(moment.words), stage.scale, stage.face
    painter = Painter(stage.body.width, stage.body.height, palette.BACKGROUND)
    pen = Pen(painter, face)
    pen.text(plan.title[0], plan.title[1], words.search_title, scale.title, palette.WHITE)
    _draw_month(page, plan, pen, stage, moment)
    _draw_plate(pen, plan.plate("camera"), f"{words.search_camera}  {page.camera}", page.row == "camera", stage)
    if page.several and page.row == "camera":
        area = plan.plate("camera")
        pen.text(area.right - 2 * scale.body, area.y + area.height / 2, "←→", scale.small, palette.BAR_CLOCK)
    for number, name in enumerate(FIELDS):
        area = plan.field(number)
        on = page.row == "time" and page.field == name
        inset = stage.scale.body // 2
        inner = Rect(area.x + inset, area.y, area.width - 2 * inset, area.height)
        painter.rect(inner, palette.BLUE if on else palette.CARD)
        text = f"{getattr(page.chosen, name):02}"
        ink = palette.BAR_CLOCK if on else palette.WHITE
        x = area.x + (area.width - face.width(text, scale.time)) // 2
        pen.text(x, area.y + area.height * 0.47, text, scale.time, ink)
        if number:
            pen.text(area.x - scale.time // 7, area.y + area.height * 0.44, ":", scale.time, palette.SOFT)
    _draw_plate(pen, plan.plate("go"), f"▶ {words.search_go}", page.row == "go", stage)
    _draw_plate(pen, plan.plate("events"), words.search_events, page.row == "events", stage)
    hint = f"{words.search_hint}　{words.search_dots}"
    pen.text(plan.title[0], plan.hint_middle, hint, scale.small, palette.FAINT)
    return painter.finish()


def _draw_month(page: SearchPage, plan: SearchPlan, pen: Pen, stage: Stage, moment: Moment) -> None:
    words, scale, face = playback_words(moment.words), stage.scale, stage.face
    month, day = plan.month, page.chosen.day
    name = words.month.format(day.year, day.month, moment.words.months[day.month - 1])
    pen.text(month.x, month.y + month.height / 2, name, scale.title, palette.WHITE)
    for weekday, text in enumerate(moment.words.weekdays):
        area = plan.day(-1, weekday)
        x = area.x + (area.width - face.width(text, scale.small)) // 2
        pen.text(x, area.y + area.height / 2, text, scale.small, palette.FAINT)
    for week, days in enumerate(weeks_of(day)):
        for weekday, one in enumerate(days):
            _draw_day(page, one, plan.day(week, weekday), pen, stage)


def _draw_day(page: SearchPage, day: date, area: Rect, pen: Pen, stage: Stage) -> None:
    chosen = day == page.chosen.day
    if chosen:
        inner = Rect(area.x + 3, area.y + 3, area.width - 6, area.height - 6)
        pen.painter.rect(inner, palette.BLUE if page.row == "day" else palette.BLUE_DEEP)
    on = chosen and page.row == "day"
    same_month = day.month == page.chosen.day.month
    ink = palette.BAR_CLOCK if on else palette.WHITE if same_month else palette.FAINT
    if day > page.today and not on:
        ink = palette.FAINT
    size = stage.scale.body
    x = area.x + (area.width - stage.face.width(str(day.day), size)) // 2
    pen.text(x, area.y + area.height * 0.42, str(day.day), size, ink)
    if page.dots is not None and day in page.dots:
        radius = max(area.height * 0.07, 2)
        colour = palette.BAR_CLOCK if on else palette.GREEN
        pen.painter.disc(area.x + area.width / 2, area.y + area.height * 0.8, radius, colour)


def _draw_plate(pen: Pen, area: Rect, text: str, chosen: bool, stage: Stage) -> None:
    pen.painter.rect(area, palette.BLUE if chosen else palette.CARD)
    size = stage.scale.body
    ink = palette.BAR_CLOCK if chosen else palette.WHITE
    pen.text(area.x + size, area.y + area.height / 2, stage.face.fitted(text, size, area.width - 2 * size), size, ink)
