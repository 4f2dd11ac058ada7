"""What PullMessages brings, and what it means. Pure.

Rules
1. A message's age is by the camera's clock alone: its time of answering less the message's. So it does not matter how
   wrong that clock is. Ages that cannot be (negative, more than AGE_SECONDS_MAX) are 0.
2. A state goes on as long as any topic that means it says so: cameras tell one motion by several topics.
3. Only changes are told. After a new subscription what is still true is told by the camera anew; what is not confirmed
   by the end of that is over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gate.clock import ns_of
from recorder.events.event import CameraEvent, EventKind, EventPhase
from recorder.ingest.onvif.document import Element, children, find, text, truth
from recorder.ingest.onvif.topics import MEANINGS, RULED

AGE_SECONDS_MAX = 60.0
MESSAGES_MAX = 1000
ITEMS_MAX = 32
STATES_MAX = 256
"""Sources of states that are remembered; a camera with more of them makes them up."""

_BY_TOPIC = {topic: [one for one in MEANINGS if one.topic == topic] for topic in {one.topic for one in MEANINGS}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message. `topic`: without prefixes. `initial`: the state of things, nothing new. `age_seconds`: rule 1."""

    topic: str
    sources: tuple[tuple[str, str], ...]
    data: tuple[tuple[str, str], ...]
    initial: bool
    camera_time: datetime | None
    age_seconds: float


def notifications(body: Element) -> tuple[Notification, ...]:
    """Of a PullMessagesResponse; messages that cannot be read are left out."""
    now = instant(text(body, "CurrentTime"))
    found = (_notification(one, now) for one in list(children(body, "NotificationMessage"))[:MESSAGES_MAX])
    return tuple(one for one in found if one is not None)


def instant(value: str) -> datetime | None:
    """An `xs:dateTime`, UTC where it names no zone; None if it is none."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None


def _notification(one: Element, now: datetime | None) -> Notification | None:
    message = find(one, "Message/Message")
    topic = "/".join(part.rpartition(":")[2] for part in text(one, "Topic").split("/"))
    if message is None or not topic:
        return None
    at = instant(message.get("UtcTime", ""))
    age = (now - at).total_seconds() if now and at else 0.0
    return Notification(
        topic=topic,
        sources=_items(find(message, "Source")),
        data=_items(find(message, "Data")),
        initial=message.get("PropertyOperation") == "Initialized",
        camera_time=at,
        age_seconds=age if 0 <= age <= AGE_SECONDS_MAX else 0.0,
    )


def _items(parent: Element | None) -> tuple[tuple[str, str], ...]:
    items = list(children(parent, "SimpleItem"))[:ITEMS_MAX]
    return tuple((_short(item.get("Name")), _short(item.get("Value"))) for item in items)


def _short(value: str | None) -> str:
    return "".join(letter for letter in (value or "")[:128] if letter.isprintable())


class EventStates:
    """What goes on before one camera, as it tells it."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._true: dict[tuple[EventKind, str], dict[tuple[str, ...], bool]] = {}
        """By kind and rule: the topics (with their sources) that say so, and whether that is confirmed (rule 3)."""

    def take(self, told: Sequence[Notification], arrival_utc_ns: int) -> Iterator[CameraEvent]:
        """The events in what was told."""
        for one in told:
            values = dict(one.data)
            for meaning in _BY_TOPIC.get(one.topic, ()):
                if meaning.item not in values:
                    continue
                rule = dict(one.sources).get("Rule", "") if meaning.kind in RULED else ""
                if meaning.when == "any":
                    if not one.initial:
                        yield self._event(meaning.kind, rule, "pulse", one, arrival_utc_ns)
                    continue
                value = values[meaning.item]
                holds = truth(value) if meaning.when == "true" else meaning.when in value.split()
                source = (one.topic, meaning.item, *(value for _, value in one.sources))
                yield from self._change(meaning.kind, rule, source, one, arrival_utc_ns, holds=holds)

    def doubt(self) -> None:
        """A new subscription: everything has to be told anew."""
        for sources in self._true.values():
            for source in sources:
                sources[source] = False

    def end_unconfirmed(self, now_utc_ns: int) -> Iterator[CameraEvent]:
        """Ends what the camera does not say any more, after `doubt`."""
        for (kind, rule), sources in tuple(self._true.items()):
            kept: dict[tuple[str, ...], bool] = {source: True for source, confirmed in sources.items() if confirmed}
            if kept:
                self._true[kind, rule] = kept
            else:
                del self._true[kind, rule]
                yield self._ended(kind, rule, now_utc_ns)

    def end_all(self, now_utc_ns: int) -> Iterator[CameraEvent]:
        """Ends everything: the camera is out of sight."""
        self.doubt()
        yield from self.end_unconfirmed(now_utc_ns)

    def _change(
        self,
        kind: EventKind,
        rule: str,
        source: tuple[str, ...],
        told: Notification,
        arrival_utc_ns: int,
        *,
        holds: bool,
    ) -> Iterator[CameraEvent]:
        sources = self._true.get((kind, rule), {})
        if holds:
            if sum(map(len, self._true.values())) >= STATES_MAX and source not in sources:
                return
            begins = not sources
            self._true.setdefault((kind, rule), {})[source] = True
            if begins:
                yield self._event(kind, rule, "start", told, arrival_utc_ns)
        elif sources.pop(source, None) is not None and not sources:
            del self._true[kind, rule]
            yield self._event(kind, rule, "end", told, arrival_utc_ns)

    def _event(
        self, kind: EventKind, rule: str, phase: EventPhase, told: Notification, arrival_utc_ns: int
    ) -> CameraEvent:
        age_ns = 0 if told.initial else round(told.age_seconds * 1e9)
        return CameraEvent(
            camera=self._camera,
            kind=kind,
            phase=phase,
            at_utc_ns=arrival_utc_ns - age_ns,
            source="onvif",
            rule=rule,
            camera_utc_ns=None if told.initial or told.camera_time is None else ns_of(told.camera_time),
        )

    def _ended(self, kind: EventKind, rule: str, now_utc_ns: int) -> CameraEvent:
        return CameraEvent(camera=self._camera, kind=kind, phase="end", at_utc_ns=now_utc_ns, source="onvif", rule=rule)
