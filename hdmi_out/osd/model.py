"""What is written on the wall, as plain values: pure functions of the site state, the time and the language.

Every text comes from here; drawing and composition know no rule. A licence lapses, counts down and names its features
only by what the site state says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum

from hdmi_out.osd.words import EXPIRED, Words
from hdmi_out.pace import Pace
from hdmi_out.site_state import Camera, Denial, SiteState, lapsed_since

COUNTDOWN = timedelta(days=14)
"""How long before its end a licence counts down on the wall."""
URGENT = timedelta(days=1)
"""How long before its end it does so in amber."""
REACHING_SECONDS = 3.0
"""At the start the recorder may not be up yet: that long nobody is alarmed."""
NAMES_MAX = 2
"""Cameras named in the bar; more are only counted, their tiles say which."""


class Mark(Enum):
    """The sign before a camera's recording state."""

    NONE = "none"
    RECORDING = "recording"
    STOPPED = "stopped"
    WAITING = "waiting"


class Tone(Enum):
    """How much the bar wants to be seen."""

    CALM = "calm"
    NOTICE = "notice"
    URGENT = "urgent"
    BAND = "band"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class TileLabel:
    """What stands over a picture: the camera's name, a `note` in a lower voice, and the recording state after its
    mark."""

    name: str
    note: str = ""
    state: str = ""
    mark: Mark = Mark.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What stands in place of a picture. Any of it may be empty."""

    title: str
    age: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePanel:
    """The site's time, as it stands in the bar. `note`: that the monitor goes slower than it should, else empty."""

    time: str
    day: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of the bar: `label`, then `text`. `goes_on`: whether the label tells of something that goes on, or has
    stopped."""

    label: str = ""
    text: str
    goes_on: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The bar beside the time. `aside` continues the title in a lower voice, `action` is what to do."""

    tone: Tone
    title: str
    aside: str = ""
    facts: tuple[Fact, ...] = ()
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a list. `heading`: the title over the others; `faint`: only a hint."""

    text: str
    value: str = ""
    chosen: bool = False
    heading: bool = False
    faint: bool = False


def tile_label(camera: Camera, words: Words, *, reachable: bool, note: str = "") -> TileLabel:
    """The label of a camera; without a reachable recorder nobody knows whether it records, so nothing is said."""
    name = camera.name or camera.id
    if not reachable:
        return TileLabel(name=name, note=note)
    match camera.recording.phase:
        case "recording":
            return TileLabel(name=name, note=note, state=words.recording, mark=Mark.RECORDING)
        case "waiting" | "stopped" if chosen := words.by_choice.get(camera.recording.reason or ""):
            return TileLabel(name=name, note=note, state=chosen, mark=Mark.WAITING)
        case "stopped":
            return TileLabel(name=name, note=note, state=words.stopped, mark=Mark.STOPPED)
        case "waiting":
            return TileLabel(name=name, note=note, state=words.waiting, mark=Mark.WAITING)
        case _:
            return TileLabel(name=name, note=note)


def no_signal_card(
    camera: Camera, age_seconds: float | None, words: Words, *, stream: str = "", refusal: str = ""
) -> Card:
    """The card of a camera without pictures; `age_seconds` since the last one, None before the first. `stream`: main
    or sub, else the one of the wall. `refusal` is the recorder's reason for giving none."""
    known = camera.streams.get(stream or camera.wall_stream)
    detail = refusal or (words.phases.get(known.phase, "") if known else "")
    age = "" if age_seconds is None else duration(age_seconds, words)
    return Card(title=words.no_signal, age=age, detail=detail)


def time_panel(now: datetime, zone: tzinfo, words: Words, *, reduced: Pace | None = None) -> TimePanel:
    """The site's time in its zone, to the second; and the pace of the output where it is reduced."""
    local = now.astimezone(zone)
    note = ""
    if reduced is not None:
        note = words.stills_only if reduced.keys_only else words.slow_output.format(fps=reduced.fps)
    return TimePanel(time=f"{local:%H:%M:%S}", day=words.date.format(**_calendar(local, words)), note=note)


def message(
    state: SiteState | None,
    now: datetime,
    zone: tzinfo,
    words: Words,
    *,
    lost_seconds: float | None,
    caption: str = "",
) -> Message:
    """The most important thing to know now. `lost_seconds`: for how long the recorder has been unreachable. `caption`:
    what a view says of itself while all is calm."""
    if state is None and (lost_seconds or 0.0) < REACHING_SECONDS:
        return Message(tone=Tone.CALM, title=words.reaching)
    if state is None or lost_seconds is not None:
        aside = words.unreachable_for.format(duration(lost_seconds or 0.0, words))
        facts = (Fact(text=words.unreachable_action),)
        return Message(tone=Tone.ALARM, title=words.unreachable, aside=aside, facts=facts)
    lapsed = [camera for camera in state.cameras if camera.licence.state == "lapsed"]
    if lapsed:
        return _lapsed(state, lapsed, now, zone, words)
    countdown = _countdown(state, now, zone, words)
    notices = _notices(state, words)
    if notices:
        also = notices[1:] or _countdown_notice(countdown, words)
        told = [Fact(text=notices[0][1]), *(Fact(label=title, text=text) for title, text in also)]
        return Message(tone=Tone.NOTICE, title=notices[0][0], facts=tuple(told))
    return countdown or _summary(state, words, caption)


def duration(seconds: float, words: Words) -> str:
    """An age in its two largest units at most, rounded down."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return words.seconds.format(whole)
    if whole < 3600:
        return words.minutes.format(whole // 60)
    if whole < 86400:
        return words.hours.format(whole // 3600, whole % 3600 // 60)
    return words.days.format(whole // 86400, whole % 86400 // 3600)


def _notices(state: SiteState, words: Words) -> list[tuple[str, str]]:
    notices = ((words.licence_title, state.licence.message), (words.storage_title, state.storage.message))
    return [(title, text) for title, text in notices if text]


def _countdown_notice(countdown: Message | None, words: Words) -> list[tuple[str, str]]:
    """A countdown as one line beside something that matters more."""
    if countdown is None:
        return []
    return [(words.licence_title, _joined((countdown.title, *(fact.text for fact in countdown.facts)), words))]


def _lapsed(state: SiteState, lapsed: Sequence[Camera], now: datetime, zone: tzinfo, words: Words) -> Message:
    since = min((instant for camera in lapsed if (instant := lapsed_since(camera)) is not None), default=None)
    who = _names(lapsed, state.cameras, words)
    facts = []
    stopped = [row for row in state.features if row.stopped]
    goes_on = [row for row in state.features if row.lapsed == "continues" or not stopped]
    for rows, label in ((stopped, words.lapsed_stopped), (goes_on, words.lapsed_continues)):
        if rows:
            text = words.list_separator.join(words.features.get(row.id, row.name) for row in rows)
            facts.append(Fact(label=label, text=text[:1].upper() + text[1:], goes_on=rows is goes_on))
    also = _notices(state, words) or _countdown_notice(_countdown(state, now, zone, words), words)
    facts += [Fact(label=title, text=text) for title, text in also[:1]]
    when = "" if since is None else words.lapsed_since.format(instant_text(since, zone, words))
    denial = next((camera.licence.denial for camera in lapsed if camera.licence.denial), Denial(code=EXPIRED))
    title = words.lapsed_title if denial.code == EXPIRED else denial.title or words.lapsed_title
    action = words.actions.get(denial.code) or denial.remedy or words.actions[EXPIRED]
    graces = [camera.licence.grace_until for camera in lapsed if camera.licence.grace_until is not None]
    grace = words.lapsed_grace.format(instant_text(min(graces), zone, words)) if graces else ""
    aside = _joined((when, who, grace), words)
    return Message(tone=Tone.BAND, title=title, aside=aside, facts=tuple(facts), action=action)


def _countdown(state: SiteState, now: datetime, zone: tzinfo, words: Words) -> Message | None:
    ends = [camera.licence.until for camera in state.cameras if camera.licence.until is not None]
    until = min((end for end in ends if end > now), default=None)
    if until is None or until - now > COUNTDOWN:
        return None
    ending = [camera for camera in state.cameras if camera.licence.until == until]
    left = int((until - now).total_seconds())
    if left >= 86400:
        title = words.countdown_day if left < 2 * 86400 else words.countdown_days.format(left // 86400)
    elif left >= 3600:
        title = words.countdown_hours.format(left // 3600, left % 3600 // 60)
    else:
        title = words.countdown_clock.format(left // 60, left % 60)
    who = _names(ending, state.cameras, words)
    last_day = words.countdown_last_day.format(day_text(_last_day(ending[0], until, zone), words))
    facts = (Fact(text=_joined((last_day, who), words)),)
    tone = Tone.URGENT if until - now <= URGENT else Tone.NOTICE
    return Message(tone=tone, title=title, facts=facts, action=words.countdown_action)


def _last_day(camera: Camera, until: datetime, zone: tzinfo) -> date:
    return camera.licence.last_day or (until - timedelta(microseconds=1)).astimezone(zone).date()


def _summary(state: SiteState, words: Words, caption: str) -> Message:
    recording = sum(camera.recording.phase == "recording" for camera in state.cameras)
    count = len(state.cameras)
    if not count:
        return Message(tone=Tone.CALM, title=words.no_cameras)
    text = words.all_recording if recording == count else words.some_recording
    if recording == count == 1:
        text = words.one_recording
    aside = _joined((caption, state.device.id), words)
    return Message(tone=Tone.CALM, title=text.format(count, recording), aside=aside)


def _names(some: Sequence[Camera], everyone: Sequence[Camera], words: Words) -> str:
    if len(some) == len(everyone) and len(some) > 1:
        return words.all_cameras
    if len(some) > NAMES_MAX:
        return words.some_cameras.format(len(some))
    return words.list_separator.join(camera.name or camera.id for camera in some)


def _joined(parts: Iterable[str], words: Words) -> str:
    return words.part_separator.join(part for part in parts if part)


def _calendar(day: date, words: Words) -> dict[str, str | int]:
    return {
        "year": day.year,
        "month": words.months[day.month - 1],
        "month_number": day.month,
        "day": day.day,
        "weekday": words.weekdays[day.weekday()],
    }


def instant_text(instant: datetime, zone: tzinfo, words: Words) -> str:
    """An instant to the minute in its zone, as it is written in the language."""
    local = instant.astimezone(zone)
    return words.instant.format(**_calendar(local, words), hour=local.hour, minute=local.minute)


def day_text(day: date, words: Words) -> str:
    """A day, as it is written in the language."""
    return words.day.format(**_calendar(day, words))
