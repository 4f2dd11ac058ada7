"""One phase of one event, as it waits for one channel; and the object that says it (docs/protocols.md, "Notices").
Pure."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from gate.clock import ns_of
from gate.licence.text import Language
from recorder.events.kept import Event
from recorder.web.event_form import event_json

Phase = Literal["start", "end", "pulse"]

TYPES: dict[Phase, str] = {"start": "event.started", "end": "event.ended", "pulse": "event.happened"}
TEST_TYPE = "notify.test"
AGE_MAX = timedelta(days=1)
"""What could not be told for so long is told no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What waits for `channel`. `id`: the same however often it is sent, and for every channel. `number`: its place in
    the outbox. `refusals`: how often the endpoint has said no to this one."""

    number: int = 0
    channel: str
    id: str
    event: int
    phase: Phase
    camera: str | None
    created: datetime
    body: str
    refusals: int = 0


def phase_of(event: Event, *, begins: bool) -> Phase:
    """Which phase is told as an event `begins`, or else as it ends; a pulse does both at once."""
    if not begins:
        return "end"
    return "start" if event.end is None else "pulse"


def notice_id(device: str, number: int, phase: Phase, start: datetime) -> str:
    """Never given twice, also not by an index that was made anew: the event's beginning is in it."""
    return f"msg_{device}_{number}_{phase}_{ns_of(start) // 1000:x}"


def notice_body(device: str, event: Event, phase: Phase, camera_name: str, language: Language) -> str:
    """The JSON that is sent, the same at each try."""
    at = event.end if phase == "end" and event.end is not None else event.start
    return _text(TYPES[phase], at, {"device": device, "camera_name": camera_name, "event": event_json(event, language)})


def body_of_test(device: str, now: datetime) -> str:
    """Of a notice that nothing has happened for."""
    return _text(TEST_TYPE, now, {"device": device})


def _text(kind: str, at: datetime, data: dict[str, Any]) -> str:
    content = {"type": kind, "timestamp": at.isoformat(timespec="milliseconds"), "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
