"""The "Event" object of docs/protocols.md, and reading what a client asks of events. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gate.clock import ns_of
from gate.licence.text import Language
from recorder.catalog.event_queries import EVENTS_PER_PAGE_MAX, EventFilter
from recorder.events.event import EventKind
from recorder.events.kept import KINDS, Event
from recorder.events.words import KIND_TITLES, detail_in
from recorder.web.answers import parse_instant

PAGE_EVENTS = 100
LIST_ITEMS_MAX = 64
UTC_NS_MAX = 2**63 - 1


class EventRequest(BaseModel):
    """What whoever calls the API says has happened."""

    model_config = ConfigDict(extra="forbid")

    kind: EventKind = "input"
    detail: str = Field("", max_length=200)


def event_json(event: Event, language: Language) -> dict[str, Any]:
    """Instants in UTC; `title` is the kind's name in that language, `detail` is in it where the recorder told it."""
    return {
        "id": event.number,
        "camera": event.camera,
        "kind": event.kind,
        "title": KIND_TITLES[event.kind].in_language(language),
        "source": event.source,
        "start": event.start.isoformat(timespec="milliseconds"),
        "end": event.end.isoformat(timespec="milliseconds") if event.end else None,
        "detail": detail_in(event.kind, event.detail, language),
    }


def parse_filter(query: Mapping[str, str], *, licensed_only: bool) -> tuple[EventFilter, int]:
    """`from`, `to` (instants), `camera`, `kind` (comma-separated), `before` (a number) and
    `limit`: the filter and how many. Raises ValueError with what is wrong."""
    start, end = _instant(query, "from"), _instant(query, "to")
    if start is not None and end is not None and start >= end:
        raise ValueError("from must be earlier than to")
    kinds = _items(query, "kind")
    unknown = next((kind for kind in kinds if kind not in KINDS), None)
    if unknown is not None:
        raise ValueError(f"kind {unknown[:32]!r} is none of {', '.join(KINDS)}")
    wanted = EventFilter(
        start_utc_ns=0 if start is None else ns_of(start),
        end_utc_ns=UTC_NS_MAX if end is None else ns_of(end),
        cameras=_items(query, "camera"),
        kinds=kinds,
        number_below=_number(query, "before", 2**62),
        licensed_only=licensed_only,
    )
    return wanted, _number(query, "limit", EVENTS_PER_PAGE_MAX) or PAGE_EVENTS


def _items(query: Mapping[str, str], name: str) -> tuple[str, ...]:
    items = tuple(item for item in query.get(name, "").split(",") if item)
    if len(items) > LIST_ITEMS_MAX:
        raise ValueError(f"{name}: {LIST_ITEMS_MAX} at most")
    return items


def _number(query: Mapping[str, str], name: str, value_max: int) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 1 <= int(text) <= value_max):
        raise ValueError(f"{name} is a number from 1 to {value_max}")
    return int(text)


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    instant = parse_instant(text)
    if instant is None:
        raise ValueError(f"{name} is an instant like 2027-01-01T00:00:00+09:00, with its offset from UTC")
    return instant
