"""What the recorder says of the past (docs/protocols.md, "Playback cursor" and "Timeline"): pure parsing."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from hdmi_out.errors import MediaError
from hdmi_out.media import HEADER, EndText, Hello, StreamFormat

_ACCESS_UNIT = 3
_FLAG_KEY, _FLAG_HIDDEN = 1, 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastUnit:
    """One coded picture. `label`: when it is shown, in microseconds since 1970. `hidden`: only to be decoded."""

    data: bytes
    key: bool
    sequence: int
    label: int
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where the cursor is. `rate` 0: the picture of `label` is to be shown now. `label` None: there is no footage.
    `pictures`: all, or keys alone."""

    label: int | None = None
    rate: float = 0
    pictures: str = "all"
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time without footage, and why."""

    start: AwareDatetime
    end: AwareDatetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Footage that cannot be read; without times where the index cannot."""

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfFootage:
    """`edge`: newest, oldest, or empty."""

    edge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The recorder shows nothing more; `reason` is a sentence, `code` what it stands for."""

    reason: str
    code: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Pictures are missing here: what follows cannot be decoded before the next key picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Footage (`recorded`) or a gap, with its reason."""

    start: AwareDatetime
    end: AwareDatetime
    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitled:
    """`state`: active or lapsed."""

    start: AwareDatetime
    end: AwareDatetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event on the timeline; `title` is its kind in words."""

    start: AwareDatetime
    kind: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Three layers, each by its starts."""

    now: AwareDatetime
    spans: tuple[Span, ...] = ()
    entitlement: tuple[Entitled, ...] = ()
    events: tuple[Happening, ...] = ()
    events_left_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    hello: Hello | None = None
    at: At | None = None
    gap: Gap | None = None
    unreadable: Unreadable | None = None
    end_of_footage: EndOfFootage | None = None
    dropped: dict[str, int] | None = None
    end: EndText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    days: tuple[date, ...] = ()


Said = StreamFormat | At | Gap | Unreadable | EndOfFootage | Ended | Skipped

_TEXT: TypeAdapter[_Text] = TypeAdapter(_Text)
_TIMELINE: TypeAdapter[Timeline] = TypeAdapter(Timeline)
_DAYS: TypeAdapter[_Days] = TypeAdapter(_Days)


def parse_past_unit(message: bytes) -> PastUnit:
    """A binary message. Raises MediaError."""
    if len(message) <= HEADER.size:
        raise MediaError(f"a media message of {len(message)} bytes is too short")
    kind, flags, _, sequence, label = HEADER.unpack_from(message)
    if kind != _ACCESS_UNIT:
        raise MediaError(f"a media message of kind {kind}, where access units ({_ACCESS_UNIT}) belong")
    return PastUnit(
        data=message[HEADER.size :],
        key=bool(flags & _FLAG_KEY),
        sequence=sequence,
        label=label,
        hidden=bool(flags & _FLAG_HIDDEN),
    )


def parse_said(message: str) -> Said | None:
    """A text message; None for one that means nothing here. Raises MediaError."""
    try:
        text = _TEXT.validate_json(message)
        if text.hello is not None:
            return StreamFormat(
                codec=text.hello.codec,
                width=text.hello.width,
                height=text.hello.height,
                decoder_configuration=base64.b64decode(text.hello.decoder_configuration, validate=True),
            )
    except (ValidationError, binascii.Error) as error:
        raise MediaError(f"not a message of playback: {str(error).splitlines()[0]}") from None
    if text.end is not None:
        return Ended(reason=text.end.problem.title, code=text.end.problem.code)
    if text.dropped is not None:
        return Skipped()
    return text.at or text.gap or text.unreadable or text.end_of_footage


def parse_timeline(answer: bytes) -> Timeline:
    """Raises MediaError."""
    try:
        return _TIMELINE.validate_json(answer)
    except ValidationError as error:
        raise MediaError(f"not a timeline: {str(error).splitlines()[0]}") from None


def parse_days(answer: bytes) -> frozenset[date]:
    """The days of a month that have footage. Raises MediaError."""
    try:
        return frozenset(_DAYS.validate_json(answer).days)
    except ValidationError as error:
        raise MediaError(f"not the days of a month: {str(error).splitlines()[0]}") from None


def instant_of(label: int) -> datetime:
    """A label as an instant."""
    return _EPOCH + timedelta(microseconds=label)


def label_of(instant: datetime) -> int:
    """An instant as a label."""
    return (instant - _EPOCH) // timedelta(microseconds=1)
