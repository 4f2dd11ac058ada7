"""What the monitor knows of events, and which of those it hears of are new. Pure.

1. What was there when the monitor began is no news, nor is what it hears of twice, nor an event's end.
2. After a pause (a restart of the recorder, a listener too slow) the list tells what came meanwhile: each is news once.
3. A recorder whose numbers begin again (its site was wiped) is begun with anew.
"""

from collections import OrderedDict
from collections.abc import Sequence

from hdmi_out.notices.event import Event

EVENTS_MAX = 500


class EventBook:
    """`events` by number, the newest last; `version` grows with every change, `epoch` when numbers begin anew."""

    def __init__(self) -> None:
        self.events: OrderedDict[int, Event] = OrderedDict()
        self.last: int | None = None
        self.missed = 0
        self.version = 0
        self.epoch = 0

    def take(self, event: Event) -> bool:
        """Notes an event that was told; whether it is news."""
        self.version += 1
        news = self.last is not None and event.id > self.last
        if news or event.id in self.events:
            self.events[event.id] = event
            while len(self.events) > EVENTS_MAX:
                self.events.popitem(last=False)
        if news:
            self.last = event.id
        return news

    def wants_more(self, found: Sequence[Event]) -> bool:
        """Whether the list has to be read on behind what was found (the newest first)."""
        return self.last is not None and bool(found) and found[-1].id > self.last + 1 and not self._other(found)

    def catch_up(self, found: Sequence[Event]) -> list[Event]:
        """Notes the newest of the list (the newest first); what of it is news, the oldest first. What lies further
        back than was read is counted in `missed`."""
        if self.last is None or self._other(found):
            self.epoch += 1
            self.events.clear()
            self.last = max((event.id for event in found), default=0)
            self._note(found)
            return []
        last = self.last
        news = sorted((event for event in found if event.id > last), key=lambda event: event.id)
        if news and len(news) == len(found):
            self.missed += news[0].id - last - 1
        self._note(found)
        self.last = max(last, *(event.id for event in news)) if news else last
        return news

    def _note(self, found: Sequence[Event]) -> None:
        self.version += 1
        for event in found:
            self.events[event.id] = event
        newest = sorted(self.events)[-EVENTS_MAX:]
        self.events = OrderedDict((id, self.events[id]) for id in newest)

    def _other(self, found: Sequence[Event]) -> bool:
        """Whether these are numbers of another list than ours: one that we know is something else now."""
        if not found:
            return bool(self.events)
        return any(
            known.start != event.start or known.key != event.key
            for event in found
            if (known := self.events.get(event.id)) is not None
        )
