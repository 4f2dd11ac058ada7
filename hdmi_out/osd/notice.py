"""Drawing of one event: its small picture, what it is, where and when. For pop-ups and for the list."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from hdmi_out.layout.rect import Rect, even
from hdmi_out.notices.event import Event
from hdmi_out.osd import palette
from hdmi_out.osd.draw import Pen
from hdmi_out.osd.model import duration, instant_text
from hdmi_out.osd.notice_words import NoticeWords
from hdmi_out.osd.overlay import Overlay, Painter, Plane
from hdmi_out.osd.palette import Colour, TypeScale
from hdmi_out.osd.typeface import Typeface
from hdmi_out.osd.words import Words
from hdmi_out.site_state import SiteState

Planes = tuple[Plane, Plane, Plane]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """What is written of an event. `trouble`: something is wrong, rather than seen by a camera."""

    title: str
    place: str
    time: str
    aside: str = ""
    trouble: bool = False
    chosen: bool = False


def notice_text(
    event: Event, state: SiteState | None, now: datetime, zone: tzinfo, words: Words, own: NoticeWords, count: int = 1
) -> NoticeText:
    """`count`: how many of the same are told together. Today's time to the second, another day's to the minute."""
    cameras = {camera.id: camera.name or camera.id for camera in state.cameras} if state else {}
    local = event.start.astimezone(zone)
    today = local.date() == now.astimezone(zone).date()
    lasted = event.lasted
    aside = event.detail
    if not aside and lasted is None:
        aside = own.lasting
    elif not aside and lasted is not None and lasted.total_seconds() >= 1:
        aside = own.lasted.format(duration(lasted.total_seconds(), words))
    return NoticeText(
        title=event.name if count == 1 else f"{event.name}  {own.count.format(count)}",
        place=own.recorder if event.camera is None else cameras.get(event.camera, event.camera),
        time=f"{local:%H:%M:%S}" if today else instant_text(event.start, zone, words),
        aside=aside,
        trouble=event.trouble,
    )


def picture_area(area: Rect) -> Rect:
    """Where the small picture is in a card of that size, relative to it: 16:9 at the left."""
    inset = even(area.height * 0.08)
    height = even(area.height - 2 * inset)
    return Rect(inset + even(area.height * 0.04), inset, even(height * 16 / 9), height)


def draw_notice(
    text: NoticeText,
    area: Rect,
    face: Typeface,
    scale: TypeScale,
    *,
    picture: Planes | None,
    popup: bool,
) -> Overlay:
    """A card of an event; `popup`: lifted off what lies below it by a border. Without its picture there is its sign."""
    accent = palette.AMBER if text.trouble else palette.BLUE
    ground = palette.BLUE_DEEP if text.chosen else palette.BAR
    painter = Painter(area.width, area.height, ground)
    if popup or text.chosen:
        _border(painter, accent if text.chosen else palette.FAINT)
    painter.rect(Rect(0, 0, max(even(area.height * 0.04), 4), area.height), accent)
    frame = picture_area(area)
    painter.rect(frame, palette.EMPTY)
    pen = Pen(painter, face)
    if picture is None:
        _draw_sign(painter, frame, accent, trouble=text.trouble)
    left = frame.right + round(scale.small * 0.8)
    room = area.width - left - scale.small
    big, small = min(scale.body, round(area.height * 0.25)), min(scale.small, round(area.height * 0.2))
    title = palette.AMBER if text.trouble else palette.WHITE
    pen.text(left, area.height * 0.25, face.fitted(text.title, big, room), big, title)
    pen.text(left, area.height * 0.53, face.fitted(text.place, small, room), small, palette.WHITE)
    end = pen.text(left, area.height * 0.78, face.fitted(text.time, small, room), small, palette.SOFT)
    if text.aside:
        aside = face.fitted(text.aside, small, area.width - scale.small - end - small)
        pen.text(end + small, area.height * 0.78, aside, small, palette.SOFT)
    overlay = painter.finish()
    return overlay if picture is None else with_picture(overlay, frame, picture)


def draw_line(text: str, area: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """A line above the pop-ups: how many there are beside them."""
    painter = Painter(area.width, area.height, palette.BAR)
    _border(painter, palette.FAINT)
    size = min(scale.small, round(area.height * 0.5))
    Pen(painter, face).text(
        scale.small, area.height / 2, face.fitted(text, size, area.width - 2 * scale.small), size, palette.SOFT
    )
    return painter.finish()


def with_picture(overlay: Overlay, area: Rect, picture: Planes) -> Overlay:
    """An opaque overlay with a picture in the middle of an even rectangle of it, cut to that."""
    add: list[NDArray[np.uint16]] = []
    for index, (plane, below) in enumerate(zip(picture, overlay.add, strict=True)):
        shift = 1 if index else 0
        height, width = min(plane.shape[0], area.height >> shift), min(plane.shape[1], area.width >> shift)
        top = (area.y >> shift) + ((area.height >> shift) - height) // 2
        left = (area.x >> shift) + ((area.width >> shift) - width) // 2
        whole = below.copy()
        whole[top : top + height, left : left + width] = plane[:height, :width].astype(np.uint16) << 8
        add.append(whole)
    return replace(overlay, add=(add[0], add[1], add[2]))


def _border(painter: Painter, colour: Colour) -> None:
    width, height = painter.width, painter.height
    for side in (Rect(0, 0, width, 2), Rect(0, height - 2, width, 2), Rect(width - 2, 0, 2, height)):
        painter.rect(side, colour)


def _draw_sign(painter: Painter, area: Rect, colour: Colour, *, trouble: bool) -> None:
    """A ring for something seen, an exclamation mark for something wrong."""
    x, y, size = area.x + area.width / 2, area.y + area.height / 2, area.height * 0.2
    if not trouble:
        painter.disc(x, y, size, palette.FAINT, hole=size * 0.6)
        painter.disc(x, y, size * 0.3, palette.FAINT)
        return
    width = max(round(size * 0.42), 3)
    painter.rect(Rect(round(x - width / 2), round(y - size), width, round(size * 1.25)), colour)
    painter.disc(x, y + size * 0.75, width * 0.62, colour)
