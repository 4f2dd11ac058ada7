"""The timeline strip: what a stretch of time holds, as places on a line. Pure, but for `draw_strip`.

Three layers, never merged: events as marks above, footage in the middle (gaps hatched, with their reasons), and below
it when the licence had lapsed, hatched the other way.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

import numpy as np

from hdmi_out.layout.rect import Rect
from hdmi_out.osd import palette
from hdmi_out.osd.draw import Pen
from hdmi_out.osd.overlay import Overlay, Painter, Plane
from hdmi_out.osd.palette import TypeScale, colour
from hdmi_out.osd.typeface import Typeface
from hdmi_out.playback_messages import Timeline
from hdmi_out.views.playback_words import PlaybackWords

ZOOMS = ("day", "hour", "minutes")
_TICK_MINUTES = {"day": (180, 60), "hour": (10, 5), "minutes": (2, 1)}
"""Labelled ticks, and all ticks."""
_RECORDED = colour("#3F86B8")
_FUTURE = palette.BAR
_GAP_GROUND, _GAP_LINES = colour("#20272E"), colour("#56636E")
_LAPSED_GROUND, _LAPSED_LINES = palette.AMBER_DEEP, palette.AMBER
_EVENT = colour("#F4D06A")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pixels `[left, right)` of the strip; `text` may be empty."""

    left: int
    right: int
    text: str = ""
    licence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPlan:
    """What is drawn, in pixels from the strip's left. `now`: where the present is; beyond is the future."""

    width: int
    recorded: tuple[Stretch, ...] = ()
    gaps: tuple[Stretch, ...] = ()
    lapsed: tuple[Stretch, ...] = ()
    events: tuple[int, ...] = ()
    ticks: tuple[tuple[int, str], ...] = ()
    now: int | None = None
    trouble: str = ""


def day_of(at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The local day around a time: 23, 24 or 25 hours."""
    local = at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = (midnight.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return midnight.astimezone(at.tzinfo), following.astimezone(at.tzinfo)


def window_of(at: datetime, zone: tzinfo, zoom: str) -> tuple[datetime, datetime]:
    """What the strip shows around a time: its local day, hour, or ten minutes."""
    if zoom == "day":
        return day_of(at, zone)
    local = at.astimezone(zone)
    minutes = 60 if zoom == "hour" else 10
    start = local.replace(minute=local.minute // minutes * minutes, second=0, microsecond=0).astimezone(at.tzinfo)
    return start, start + timedelta(minutes=minutes)


def plan_strip(
    timeline: Timeline | None,
    window: tuple[datetime, datetime],
    width: int,
    zone: tzinfo,
    words: PlaybackWords,
    *,
    now: datetime,
    zoom: str,
    trouble: str = "",
) -> StripPlan:
    """A timeline on `width` pixels; without one only the ticks."""
    start, end = window

    def place(at: datetime) -> int:
        return round(min(max((at - start) / (end - start), 0), 1) * width)

    def stretches(layer: Iterable[tuple[datetime, datetime, str, bool]]) -> tuple[Stretch, ...]:
        return tuple(_merged(Stretch(place(a), place(b), text, licence) for a, b, text, licence in layer))

    ticks = tuple(_ticks(window, place, zone, zoom))
    now_at = place(now) if now < end else None
    if timeline is None:
        return StripPlan(width=width, ticks=ticks, now=now_at, trouble=trouble)
    reasons = words.reasons
    return StripPlan(
        width=width,
        recorded=stretches((s.start, s.end, "", False) for s in timeline.spans if s.state == "recorded"),
        gaps=stretches(
            (s.start, s.end, reasons.get(s.reason or "", s.reason or ""), s.reason == "licence")
            for s in timeline.spans
            if s.state == "gap"
        ),
        lapsed=stretches(
            (e.start, min(e.end, now), words.lapsed, True)
            for e in timeline.entitlement
            if e.state == "lapsed" and e.start < now
        ),
        events=tuple(sorted({place(event.start) for event in timeline.events if start <= event.start < end})),
        ticks=ticks,
        now=now_at,
        trouble=trouble,
    )


def _merged(layer: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours that look alike as one; what is shorter than a pixel is still one pixel wide."""
    last: Stretch | None = None
    for one in layer:
        one = Stretch(one.left, max(one.right, one.left + 1), one.text, one.licence)
        if last is not None and one.left <= last.right and (one.text, one.licence) == (last.text, last.licence):
            last = Stretch(last.left, max(one.right, last.right), last.text, last.licence)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _ticks(
    window: tuple[datetime, datetime], place: Callable[[datetime], int], zone: tzinfo, zoom: str
) -> Iterator[tuple[int, str]]:
    start, end = window
    labelled, every = _TICK_MINUTES[zoom]
    at = start
    while at < end:
        local = at.astimezone(zone)
        minutes = local.hour * 60 + local.minute
        yield place(at), f"{local:%H:%M}" if minutes % labelled == 0 else ""
        at += timedelta(minutes=every)


def draw_strip(plan: StripPlan, area: Rect, face: Typeface, scale: TypeScale, pad: int) -> Overlay:
    """The strip over the width of `area`, `pad` pixels in from its sides."""
    painter = Painter(area.width, area.height, palette.BAR)
    rows = strip_rows(area)
    painter.rect(Rect(pad, rows.footage.y, plan.width, rows.footage.height), palette.EMPTY)
    if plan.now is not None:
        painter.rect(Rect(pad + plan.now, rows.footage.y, plan.width - plan.now, rows.footage.height), _FUTURE)
    for gap in plan.gaps:
        ground, lines = (_LAPSED_GROUND, _LAPSED_LINES) if gap.licence else (_GAP_GROUND, _GAP_LINES)
        _hatch(painter, gap, rows.footage, pad, ground, lines, rising=not gap.licence)
    for span in plan.recorded:
        painter.rect(Rect(pad + span.left, rows.footage.y, span.right - span.left, rows.footage.height), _RECORDED)
    for lapse in plan.lapsed:
        _hatch(painter, lapse, rows.lapsed, pad, _LAPSED_GROUND, _LAPSED_LINES, rising=False)
    for x in plan.events:
        width = max(rows.events.height // 3, 3)
        painter.rect(Rect(pad + x - width // 2, rows.events.y, width, rows.events.height), _EVENT)
    pen = Pen(painter, face)
    for gap in plan.gaps:
        _name(pen, gap, rows.footage, pad, min(scale.small, round(rows.footage.height * 0.62)))
    for x, text in plan.ticks:
        painter.rect(Rect(pad + x, rows.ticks.y, 2, rows.ticks.height // (3 if text else 6)), palette.FAINT)
        if text:
            size = round(rows.ticks.height * 0.66)
            left = min(max(pad + x - face.width(text, size) // 2, 2), area.width - face.width(text, size) - 2)
            pen.text(left, rows.ticks.y + rows.ticks.height * 0.62, text, size, palette.SOFT)
    if plan.trouble:
        pen.centred(rows.footage.y + rows.footage.height / 2, plan.trouble, scale.small, palette.AMBER)
    return painter.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class StripRows:
    """Where the layers are in the strip."""

    events: Rect
    footage: Rect
    lapsed: Rect
    ticks: Rect


def strip_rows(area: Rect) -> StripRows:
    """From the top: events, footage, licence, ticks."""
    height = area.height
    tops = [round(height * share) for share in (0.06, 0.20, 0.56, 0.68, 1.0)]
    rows = [Rect(0, top, area.width, below - top) for top, below in pairwise(tops)]
    events, footage, lapsed, ticks = rows
    gap = max(height // 40, 1)
    return StripRows(
        events=Rect(0, events.y, events.width, events.height - gap),
        footage=footage,
        lapsed=Rect(0, lapsed.y + gap, lapsed.width, lapsed.height - gap),
        ticks=ticks,
    )


def _hatch(
    painter: Painter, one: Stretch, row: Rect, pad: int, ground: palette.Colour, lines: palette.Colour, *, rising: bool
) -> None:
    width = one.right - one.left
    painter.rect(Rect(pad + one.left, row.y, width, row.height), ground)
    painter.mask(pad + one.left, row.y, _lines(width, row.height, one.left, rising=rising), lines, 0.75)


def _lines(width: int, height: int, left: int, *, rising: bool) -> Plane:
    """Diagonal lines, their period by the row's height."""
    period = max(height // 3, 6)
    rows, columns = np.mgrid[0:height, left : left + width]
    phase = (columns + rows if rising else columns - rows) % period
    mask: Plane = np.where(phase < max(period // 4, 1), 255, 0).astype(np.uint8)
    return mask


def _name(pen: Pen, one: Stretch, row: Rect, pad: int, size: int) -> None:
    """The reason within its stretch, on a plate, where there is room."""
    width = pen.face.width(one.text, size)
    if not one.text or width + size > one.right - one.left:
        return
    x = pad + (one.left + one.right - width) // 2
    pen.painter.rect(Rect(x - size // 3, row.y + 2, width + size * 2 // 3, row.height - 4), palette.BAR, 0.85)
    pen.text(x, row.y + row.height / 2, one.text, size, palette.AMBER if one.licence else palette.WHITE)
