"""Timelines as both sides tell them (docs/protocols.md, "Timeline"): three layers, never merged.

Footage is read from the index. Entitlement: the past as it was kept when it happened, the future as the licence in
force says. Events are those kept. Whether anything may be told at all is the caller's to ask the gate.
"""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.gate import Gate
from gate.clock import Clock, instant_of, ns_of
from gate.licence.decision import Denied, entitled_spans
from gate.licence.features import Feature
from gate.licence.text import Language
from recorder.catalog.database import Catalog
from recorder.catalog.event_queries import EVENTS_PER_PAGE_MAX
from recorder.catalog.footage_queries import days_with_footage
from recorder.catalog.rows import STREAMS, Stream
from recorder.catalog.timeline_queries import events_beside, lapses_between
from recorder.playback.archive import Archive
from recorder.playback.stretches import read_timeline
from recorder.timeline import Entitled, Span, plan_entitlement
from recorder.web.answers import parse_instant
from recorder.web.event_form import event_json

TIMELINE_DAYS_MAX = 400
SPANS_MAX = 20_000
"""Of one answer; it says how far it reaches, and the rest is another question."""
_EVER_NS = 2**62
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRange:
    """Of one stream, half-open."""

    stream: Stream
    start_utc_ns: int
    end_utc_ns: int


def parse_range(query: Mapping[str, str], days_max: int = TIMELINE_DAYS_MAX) -> TimelineRange | str:
    """`from`, `to` and `stream` (main where it is not given), or the code of the problem with them."""
    stream = query.get("stream", "main")
    if stream not in STREAMS:
        return "stream_unknown"
    start, end = (parse_instant(query.get(name, "")) for name in ("from", "to"))
    if start is None or end is None or not timedelta(0) < end - start <= timedelta(days=days_max):
        return "range_malformed"
    return TimelineRange(stream=stream, start_utc_ns=ns_of(start), end_utc_ns=ns_of(end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month as a calendar shows it: its days, and where they begin and the last one ends."""

    name: str
    days: Sequence[date]
    midnights_utc_ns: Sequence[int]


def parse_month(text: str, zone: ZoneInfo) -> Month | None:
    """`2027-01` in that time zone; a day may have 23 or 25 hours. None for anything else."""
    found = _MONTH.fullmatch(text)
    if found is None:
        return None
    first = date(int(found[1]), int(found[2]), 1)
    after = (first + timedelta(days=31)).replace(day=1)
    days = [first + timedelta(days=number) for number in range((after - first).days)]
    midnights = [ns_of(datetime(day.year, day.month, day.day, tzinfo=zone)) for day in (*days, after)]
    return Month(name=text, days=days, midnights_utc_ns=midnights)


class TimelineForm:
    """`licensed_only`: what happened while the camera was lapsed is never told to that side."""

    def __init__(
        self, *, catalog: Catalog, archive: Archive, gate: Gate, clock: Clock, zone: ZoneInfo, licensed_only: bool
    ) -> None:
        self._catalog = catalog
        self._archive = archive
        self._gate = gate
        self._clock = clock
        self._zone = zone
        self._licensed_only = licensed_only

    async def timeline(self, camera: str, wanted: TimelineRange, language: Language) -> web.Response:
        """The three layers of a range. Raises sqlite3.Error."""
        now_utc_ns = self._clock.now_ns()
        covered, lapsed_since = self._entitlement(camera, now_utc_ns)
        read = partial(self._read, camera, wanted, language, now_utc_ns, covered, lapsed_since)
        return _answer(await self._catalog.read(read))

    async def days(self, camera: str, stream: Stream, month: Month) -> web.Response:
        """Which days of a month have footage. Raises sqlite3.Error."""

        def read(db: sqlite3.Connection) -> str:
            found = days_with_footage(db, camera, stream, list(month.midnights_utc_ns))
            days = [day.isoformat() for day, has in zip(month.days, found, strict=True) if has]
            told = {"camera": camera, "stream": stream, "month": month.name, "time_zone": self._zone.key, "days": days}
            return json.dumps(told)

        return _answer(await self._catalog.read(read))

    def _entitlement(self, camera: str, now_utc_ns: int) -> tuple[list[tuple[int, int]], int | None]:
        """When licences cover the camera, as far as is known now, and since when it has been lapsed, if it is."""
        held = self._gate.entitlement
        spans = entitled_spans(held, self._gate.profile, camera, self._gate.kind) if held is not None else ()
        decision = self._gate.decide(Feature.RECORDING, camera)
        since = None
        if isinstance(decision, Denied):
            since = ns_of(decision.since) if decision.since is not None else -_EVER_NS
            spans = tuple(span for span in spans if ns_of(span.start) > now_utc_ns)
        return [(ns_of(span.start), ns_of(span.end)) for span in spans], since

    def _read(
        self,
        camera: str,
        wanted: TimelineRange,
        language: Language,
        now_utc_ns: int,
        covered: list[tuple[int, int]],
        lapsed_since: int | None,
        db: sqlite3.Connection,
    ) -> str:
        start, end = wanted.start_utc_ns, wanted.end_utc_ns
        roots = self._archive.roots(db)
        spans = read_timeline(db, roots, camera, wanted.stream, start, end, now_utc_ns)
        if len(spans) > SPANS_MAX:
            end = spans[SPANS_MAX].start_utc_ns
            spans = spans[:SPANS_MAX]
        lapses = [
            *lapses_between(db, camera, start, end),
            *([(lapsed_since, None)] if lapsed_since is not None else []),
        ]
        entitled = plan_entitlement(lapses, covered, start_utc_ns=start, end_utc_ns=end, now_utc_ns=now_utc_ns)
        events = events_beside(db, camera, start, end, licensed_only=self._licensed_only)
        return json.dumps(
            {
                "camera": camera,
                "stream": wanted.stream,
                "from": _text(start),
                "to": _text(end),
                "now": _text(now_utc_ns),
                "spans": [_span(span) for span in spans],
                "entitlement": [_entitled(one) for one in entitled],
                "events": [event_json(event, language) for event in events],
                "events_left_out": len(events) == EVENTS_PER_PAGE_MAX,
            },
            ensure_ascii=False,
        )


def _answer(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})


def _span(span: Span) -> dict[str, object]:
    return {
        "start": _text(span.start_utc_ns),
        "end": _text(span.end_utc_ns),
        "state": span.state,
        "reason": span.reason,
        "growing": span.growing,
    }


def _entitled(one: Entitled) -> dict[str, object]:
    return {"start": _text(one.start_utc_ns), "end": _text(one.end_utc_ns), "state": one.state}


def _text(utc_ns: int) -> str:
    return instant_of(utc_ns).isoformat(timespec="milliseconds")
