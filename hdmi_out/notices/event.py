"""The recorder's events (docs/protocols.md) as far as the monitor shows them: pure parsing. What a newer recorder adds
is passed over; kinds that are not known here come with their title."""

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from hdmi_out.errors import MediaError
from hdmi_out.media import EndText

SYSTEM = frozenset({"camera_lost", "disk", "clock", "licence"})
"""Kinds that concern the recorder itself: something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`id` counts up. `camera` None: of the whole recorder. `end` None: it lasts. `title` is the kind's name and
    `detail` a few words, in the language that was asked for."""

    id: int
    kind: str
    start: AwareDatetime
    camera: str | None = None
    title: str = ""
    end: AwareDatetime | None = None
    detail: str = ""

    @property
    def key(self) -> tuple[str | None, str]:
        """What is told together: the camera and the kind; of troubles the kind alone, as they come to many at once."""
        return (None if self.trouble else self.camera), self.kind

    @property
    def name(self) -> str:
        """What it is called."""
        return self.title or self.kind

    @property
    def trouble(self) -> bool:
        """Whether something is wrong with the recorder or a camera, rather than seen by one."""
        return self.kind in SYSTEM

    @property
    def lasted(self) -> timedelta | None:
        """How long; None while it lasts, zero for a moment."""
        return None if self.end is None else self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of the list, the newest first; `before` asks for the next one."""

    events: tuple[Event, ...] = ()
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more is told; `reason` is a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hole:
    """Events are missing here: the list has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    event: Event | None = None
    dropped: dict[str, int] | None = None
    end: EndText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Envelope:
    events: list[dict[str, object]] = field(default_factory=list)
    before: int | None = None


_MESSAGE: TypeAdapter[_Message] = TypeAdapter(_Message)
_ENVELOPE: TypeAdapter[_Envelope] = TypeAdapter(_Envelope)
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def parse_message(text: str) -> Event | Hole | Ended | None:
    """A message of the WebSocket; None for one that means nothing here. Raises MediaError."""
    try:
        message = _MESSAGE.validate_json(text)
    except ValidationError as error:
        raise MediaError(f"not a message of events: {str(error).splitlines()[0]}") from None
    if message.end is not None:
        return Ended(message.end.problem.title)
    if message.dropped is not None:
        return Hole()
    return message.event


def parse_page(text: str | bytes) -> Page:
    """A page of the list; single events that make no sense are left out. Raises MediaError."""
    try:
        envelope = _ENVELOPE.validate_json(text)
    except ValidationError as error:
        raise MediaError(f"not a list of events: {str(error).splitlines()[0]}") from None
    events = []
    for raw in envelope.events:
        try:
            events.append(_EVENT.validate_python(raw))
        except ValidationError:
            continue
    return Page(events=tuple(events), before=envelope.before)
