"""Pop-ups of events, above any view, at the lower right of the body: the bar with its band is never covered. `back`
takes them away, a press on one plays what it tells of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hdmi_out.layout.rect import Rect, even
from hdmi_out.notices.event import Event
from hdmi_out.notices.feed import EventFeed
from hdmi_out.notices.queue import SHOWN_MAX, Notice, NoticeQueue
from hdmi_out.notices.thumbnails import Thumbnails
from hdmi_out.osd.notice import NoticeText, draw_line, draw_notice, notice_text, picture_area
from hdmi_out.osd.notice_words import notice_words
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.view import Answer, Moment, Move, Panel, Place, Stage

REDRAW_SECONDS_MIN = 0.25
"""A count that runs is written this often at most."""
_WIDTH_SHARE, _HEIGHT_SHARE, _GAP_SHARE = 0.31, 0.165, 0.02


@dataclass(slots=True)
class _Card:
    text: NoticeText
    pictured: bool
    panel: Panel
    drawn_ns: int


class NoticeLayer:
    """Takes the news of `feed` (see `tell`) and shows what its queue says."""

    def __init__(self, stage: Stage, queue: NoticeQueue) -> None:
        self._stage = stage
        self._queue = queue
        self._feed: EventFeed | None = None
        self._thumbnails: Thumbnails | None = None
        self._cards: dict[Notice, _Card] = {}
        self._line: tuple[str, Panel] | None = None
        self._moment_ns = 0
        self._epoch = 0

    def follow(self, feed: EventFeed, thumbnails: Thumbnails) -> None:
        """Where events and their pictures come from."""
        self._feed, self._thumbnails = feed, thumbnails

    def tell(self, event: Event) -> None:
        """A new event."""
        self._queue.offer(event, self._moment_ns)

    def panels(self, moment: Moment) -> Sequence[Panel]:
        """The pop-ups, and a line above them for those that are not shown."""
        self._moment_ns = moment.monotonic_ns
        if self._feed is not None:
            self._feed.speak(moment.words.code)
            if self._thumbnails is not None and self._feed.book.epoch != self._epoch:
                self._epoch = self._feed.book.epoch
                self._thumbnails.forget()
        self._queue.step(moment.monotonic_ns)
        shown = self._queue.shown
        if self._thumbnails is not None:
            self._thumbnails.want("notices", (notice.first.id for notice in shown.values()))
        self._cards = {notice: card for notice, card in self._cards.items() if notice in shown.values()}
        panels = [self._card(notice, area_of(self._stage.body, place), moment) for place, notice in shown.items()]
        line = self._line_text(moment)
        if line and (self._line is None or self._line[0] != line):
            area = line_area(self._stage.body)
            overlay = draw_line(line, area, self._stage.face, self._stage.scale)
            self._line = (line, Panel(area.x, area.y, overlay))
        if not line or self._line is None:
            self._line = None
            return panels
        return [*panels, self._line[1]]

    def act(self, command: Command, moment: Moment) -> Answer | None:
        shown = self._queue.shown
        match command:
            case Key.BACK if shown:
                self._queue.dismiss(moment.monotonic_ns)
                return Move.STAY
            case Pointer(pressed=True):
                for place, notice in shown.items():
                    if area_of(self._stage.body, place).holds(command.x, command.y):
                        self._queue.dismiss(moment.monotonic_ns)
                        return playback_of(notice.newest)
        return None

    @property
    def status(self) -> dict[str, object]:
        """For `/v1/status`: which events are shown, how many wait, and how many were left out so far."""
        shown = [
            {"event": notice.newest.id, "kind": notice.newest.kind, "count": notice.count, "place": place}
            for place, notice in self._queue.shown.items()
        ]
        missed = self._feed.book.missed if self._feed else 0
        return {
            "shown": shown,
            "waiting": self._queue.waiting,
            "left_out": self._queue.left_out_total,
            "missed": missed,
        }

    def _card(self, notice: Notice, area: Rect, moment: Moment) -> Panel:
        own = notice_words(moment.words)
        newest = notice.newest
        if self._feed is not None:  # told again in another language, or over by now
            newest = self._feed.book.events.get(newest.id, newest)
        text = notice_text(newest, moment.state, moment.now, moment.zone, moment.words, own, notice.count)
        if notice.several:
            text = replace(text, place=own.several_cameras)
        picture = self._thumbnails.picture(notice.first.id) if self._thumbnails else None
        known = self._cards.get(notice)
        if known is not None:
            same = known.text == text and known.pictured == (picture is not None)
            if same or moment.monotonic_ns - known.drawn_ns < REDRAW_SECONDS_MIN * 1e9:
                return known.panel
        planes = picture.planes if picture else None
        stage = self._stage
        overlay = draw_notice(text, area, stage.face, stage.scale, picture=planes, popup=True)
        panel = Panel(area.x, area.y, overlay)
        self._cards[notice] = _Card(text, picture is not None, panel, moment.monotonic_ns)
        return panel

    def _line_text(self, moment: Moment) -> str:
        own = notice_words(moment.words)
        if self._queue.left_out:
            return own.left_out.format(self._queue.left_out)
        if self._queue.waiting and self._queue.shown:
            return own.waiting.format(self._queue.waiting)
        return ""


def playback_of(event: Event) -> Answer:
    """Where to see what an event tells of; nowhere for one that concerns the recorder."""
    if event.camera is None:
        return Move.STAY
    return Place(view="playback", camera=event.camera, at=event.start)


def area_of(body: Rect, place: int) -> Rect:
    """Of a pop-up, by its place from the lowest."""
    width, height, gap = even(body.width * _WIDTH_SHARE), even(body.height * _HEIGHT_SHARE), _gap(body)
    return Rect(body.right - width - gap, body.bottom - (place + 1) * (height + gap), width, height)


def line_area(body: Rect) -> Rect:
    """Of the line above all of them."""
    top = area_of(body, SHOWN_MAX - 1)
    height = even(top.height * 0.4)
    return Rect(top.x, top.y - height - _gap(body), top.width, height)


def thumbnail_box(body: Rect) -> Rect:
    """The size of the small pictures."""
    return picture_area(area_of(body, 0))


def _gap(body: Rect) -> int:
    return max(even(body.height * _GAP_SHARE), 2)
