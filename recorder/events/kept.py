"""An event as the recorder keeps it, told by a camera or by the recorder about itself. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from recorder.events.event import EventKind, EventSource

SystemKind = Literal["camera_lost", "disk", "clock", "licence"]
"""What happens to the recorder itself; it lasts as long as the condition. `licence`: of a camera, lapsed."""

KINDS: tuple[EventKind | SystemKind, ...] = (*get_args(EventKind), *get_args(SystemKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`number` counts up and is never given twice. `camera`: None for what concerns the whole recorder. `end` is None
    while it lasts and equals `start` for a pulse. `detail`: a few words for people (a rule's name, a disk's trouble),
    or a code (recorder.events.words.detail_in). `licensed`: remote notices were allowed when it began; one that was
    not is never told remotely, not afterwards either."""

    number: int
    camera: str | None
    kind: EventKind | SystemKind
    source: EventSource | Literal["system"]
    start: datetime
    end: datetime | None
    detail: str
    licensed: bool
