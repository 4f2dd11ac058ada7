"""The list of events: newest first, filtered by camera and kind, with small pictures; `ok` plays an event's time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from gate.clock import Clock
from hdmi_out.compositor.canvas import Picture
from hdmi_out.layout.rect import Rect, even
from hdmi_out.live import Source
from hdmi_out.notices.event import Event
from hdmi_out.notices.event_list import EventList, Filter
from hdmi_out.notices.feed import EventFeed
from hdmi_out.notices.thumbnails import Thumbnails
from hdmi_out.osd import palette
from hdmi_out.osd.notice import NoticeText, draw_notice, notice_text
from hdmi_out.osd.notice_words import NoticeWords, notice_words
from hdmi_out.osd.overlay import Overlay
from hdmi_out.osd.sheet import Cell, Ink, Line, Size, draw_piece
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.notices import playback_of
from hdmi_out.views.view import Answer, Moment, Move, Place, Say, Stage

COLUMNS, ROWS = 2, 5
PAGE = COLUMNS * ROWS
_GAP_SHARE, _FIELD_SHARE = 0.018, 0.085
_ARROWS = {Key.UP: -COLUMNS, Key.DOWN: COLUMNS, Key.LEFT: -1, Key.RIGHT: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    text: NoticeText
    picture: Picture | None


class EventsView:
    """The first row are the two filters, changed by left and right; below it the events, two beside each other."""

    def __init__(
        self, stage: Stage, feed: EventFeed, thumbnails: Thumbnails, clock: Clock, *, camera: str = ""
    ) -> None:
        self._stage = stage
        self._thumbnails = thumbnails
        self._list = EventList(feed, clock, Filter(camera=camera))
        self._field: int | None = None
        self._painted: dict[Rect, Line | _Card] = {}

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        return {}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        if whole:
            self._painted = {}
        own, first = notice_words(moment.words), self._first()
        page = self._list.events[first : first + PAGE]
        self._thumbnails.want("events", (event.id for event in page))
        pieces: dict[Rect, Line | _Card] = dict(zip(self._fields(), self._lines(moment, own), strict=True))
        for index, (event, area) in enumerate(zip(page, self._areas(), strict=False)):
            chosen = self._field is None and first + index == self._list.chosen
            text = notice_text(event, moment.state, moment.now, moment.zone, moment.words, own)
            pieces[area] = _Card(text=replace(text, chosen=chosen), picture=self._thumbnails.picture(event.id))
        if not page:
            words = Cell(text=self._empty(moment, own), left=0.02, ink=Ink.SOFT)
            pieces[self._areas()[0]] = Line(cells=(words,), size=Size.BODY)
        self._paint(pieces)
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        match command:
            case Key.LEFT | Key.RIGHT if self._field is not None:
                self._filter(1 if command is Key.RIGHT else -1, moment)
            case Key.UP | Key.DOWN | Key.LEFT | Key.RIGHT:
                self._step(command)
            case Key.NEXT | Key.PREVIOUS:
                self._list.choose(self._first() + (PAGE if command is Key.NEXT else -PAGE))
            case Key.OK if self._field is not None:
                self._filter(1, moment)
            case Key.OK:
                return self._open(moment)
            case Pointer(pressed=True):
                return self._point(command, moment)
            case Key.BACK:
                return Move.BACK
            case _:
                pass
        return Move.STAY

    def caption(self, moment: Moment) -> str:
        own = notice_words(moment.words)
        return f"{own.heading} {own.page.format(self._first() // PAGE + 1)}  {own.hint}"

    async def run(self) -> None:
        """Reads the list while it is shown."""
        try:
            await self._list.run()
        finally:
            self._thumbnails.want("events", ())

    def _first(self) -> int:
        return self._list.chosen // PAGE * PAGE

    def _step(self, key: Key) -> None:
        if self._field is not None:
            forward = key is Key.DOWN
            field = self._field + (1 if forward else -1)
            self._field = field if field in (0, 1) else None if forward and self._list.events else self._field
            return
        chosen = self._list.chosen + _ARROWS[key]
        if chosen < 0 or not self._list.events:
            self._field = 1
        elif not self._list.choose(chosen) and key is Key.DOWN:
            self._list.choose(len(self._list.events) - 1)

    def _filter(self, step: int, moment: Moment) -> None:
        wanted = self._list.filter
        if self._field == 0:
            cameras = ["", *(camera.id for camera in moment.state.cameras)] if moment.state else [""]
            self._list.show(replace(wanted, camera=_beside(cameras, wanted.camera, step)))
        else:
            kinds = ["", *notice_words(moment.words).kinds]
            self._list.show(replace(wanted, kind=_beside(kinds, wanted.kind, step)))

    def _open(self, moment: Moment) -> Answer:
        events: Sequence[Event] = self._list.events
        if not events:
            return Move.STAY
        answer = playback_of(events[self._list.chosen])
        return answer if isinstance(answer, Place) else Say(notice_words(moment.words).no_playback)

    def _point(self, pointer: Pointer, moment: Moment) -> Answer:
        for index, area in enumerate(self._fields()):
            if area.holds(pointer.x, pointer.y):
                self._field = index
                self._filter(1, moment)
                return Move.STAY
        for index, area in enumerate(self._areas()):
            if area.holds(pointer.x, pointer.y) and self._list.choose(self._first() + index):
                self._field = None
                return self._open(moment)
        return Move.STAY

    def _lines(self, moment: Moment, own: NoticeWords) -> list[Line]:
        cameras = {camera.id: camera.name or camera.id for camera in moment.state.cameras} if moment.state else {}
        wanted = self._list.filter
        texts = (
            (own.camera, cameras.get(wanted.camera, wanted.camera) or own.all_cameras),
            (own.kind, own.kinds.get(wanted.kind, wanted.kind) or own.all_kinds),
        )
        return [
            Line(
                cells=(
                    Cell(text=name, right=0.3, ink=Ink.SOFT),
                    Cell(text=f"◀ {value} ▶" if index == self._field else value, left=0.3, end=True),
                ),
                size=Size.BODY,
                raised=True,
                chosen=index == self._field,
            )
            for index, (name, value) in enumerate(texts)
        ]

    def _empty(self, moment: Moment, own: NoticeWords) -> str:
        if self._list.failed or moment.lost_seconds is not None:
            return own.failed
        return own.none if self._list.loaded else own.loading

    def _paint(self, pieces: Mapping[Rect, Line | _Card]) -> None:
        canvas = self._stage.canvas
        for area in self._painted.keys() - pieces.keys():
            canvas.fill(area, palette.BACKGROUND)
        for area, piece in pieces.items():
            if self._painted.get(area) != piece:
                canvas.lay(area.x, area.y, self._drawn(piece, area))
        self._painted = dict(pieces)

    def _drawn(self, piece: Line | _Card, area: Rect) -> Overlay:
        face, scale = self._stage.face, self._stage.scale
        if isinstance(piece, Line):
            return draw_piece(piece, area, face, scale)
        planes = piece.picture.planes if piece.picture else None
        return draw_notice(piece.text, area, face, scale, picture=planes, popup=False)

    def _fields(self) -> list[Rect]:
        body, gap = self._stage.body, self._gap()
        height = even(body.height * _FIELD_SHARE)
        return [Rect(area.x, body.y + gap, area.width, height) for area in self._areas()[:COLUMNS]]

    def _areas(self) -> list[Rect]:
        body, gap = self._stage.body, self._gap()
        width = even((body.width - (COLUMNS + 1) * gap) / COLUMNS)
        top = body.y + even(body.height * _FIELD_SHARE) + 2 * gap
        height = even((body.bottom - top - ROWS * gap) / ROWS)
        return [
            Rect(body.x + gap + column * (width + gap), top + row * (height + gap), width, height)
            for row in range(ROWS)
            for column in range(COLUMNS)
        ]

    def _gap(self) -> int:
        return max(even(self._stage.body.height * _GAP_SHARE), 2)


def _beside(values: Sequence[str], value: str, step: int) -> str:
    index = values.index(value) if value in values else 0
    return values[(index + step) % len(values)]
