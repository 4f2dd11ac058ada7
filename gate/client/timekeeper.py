"""A device's knowledge of time, kept across restarts: the shell around gate.signing.trusted_time.

What is kept lies in two slots. A device whose slots are lost begins as if it had never known the time; that shows only
to the service, which keeps the floor too.
"""

import json
import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread

from gate.clock import Clock
from gate.licence.clock_evidence import ClockEvidence, ClockSource
from gate.signing.trust import Refusal
from gate.signing.trusted_time import (
    Question,
    Reading,
    SignedTime,
    TimeTrust,
    evidence,
    in_boot,
    with_issue,
    with_signed_time,
    with_wall,
)
from gate.signing.two_slots import TwoSlots

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
KEEP_STEP = timedelta(seconds=1)
"""An anchor that moved by less is not written again: reading two clocks takes a moment."""

_log = logging.getLogger(__name__)


def read_boot_id() -> str:
    """What differs after every restart of the machine (Linux); without it every start counts as one."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


class Timekeeper:
    """Says what the device's clock is worth."""

    def __init__(self, *, clock: Clock, boot_id: str, slots: TwoSlots) -> None:
        self._clock = clock
        self._boot_id = boot_id
        self._slots = slots
        kept = next((trust for content in slots.load() if (trust := parse_trust(content)) is not None), None)
        if kept is not None and not boot_id:
            kept = TimeTrust(boot_id="", floor=kept.floor)
        self._trust = in_boot(kept, boot_id)
        self._kept = kept
        self._keeping = threading.Lock()

    @property
    def boot_id(self) -> str:
        """What differs after every restart of the machine."""
        return self._boot_id

    def evidence(self) -> ClockEvidence:
        """What the clock is worth at this moment. Cheap; it writes nothing."""
        reading = self._reading()
        self._trust = with_wall(self._trust, reading)
        return evidence(self._trust, reading)

    def question(self, nonce: bytes) -> Question:
        """What to ask a service for the time with: 16 or more random bytes, used once."""
        return Question(nonce=nonce, boottime=self._reading().boottime)

    def take_signed_time(self, answer: SignedTime, question: Question) -> Refusal | None:
        """The answer to `question`, its signature verified; why it is not believed, or None."""
        taken = with_signed_time(self._trust, answer, question, self._reading())
        if isinstance(taken, Refusal):
            _log.warning("%s: a signed time was refused: %s", taken.code, taken.problem.en)
            return taken
        self._trust = taken
        return None

    def take_issue(self, issued_at: datetime) -> None:
        """An entitlement that was not known before says that it was issued then."""
        self._trust = with_issue(self._trust, issued_at, self._reading())

    def keep(self) -> None:
        """Writes what has changed; blocks on the disk. A disk that takes nothing is logged: the knowledge then lasts as
        long as the process."""
        with self._keeping:  # several learn of the time at once, each in its thread
            trust = self._trust
            if self._kept is not None and not _differs(trust, self._kept):
                return
            try:
                self._slots.store(trust_payload(trust))
            except OSError as error:
                _log.warning("CLOCK_NOT_KEPT %s", error)
            self._kept = trust

    async def run(self) -> None:
        """Looks again and writes at every discontinuity, until cancelled."""
        seen = self._clock.discontinuities
        while True:
            self.evidence()
            await anyio.to_thread.run_sync(self.keep)
            seen = await self._clock.wait_discontinuity(seen)

    def _reading(self) -> Reading:
        return Reading(
            boot_id=self._boot_id,
            boottime=timedelta(microseconds=self._clock.boottime_ns() // 1000),
            wall=self._clock.now(),
        )


def _differs(trust: TimeTrust, kept: TimeTrust) -> bool:
    if (trust.boot_id, trust.source, trust.floor) != (kept.boot_id, kept.source, kept.floor):
        return True
    if trust.anchor is None or kept.anchor is None:
        return trust.anchor is not kept.anchor
    return abs(trust.anchor - kept.anchor) >= KEEP_STEP


def trust_payload(trust: TimeTrust) -> bytes:
    """As it is kept in a slot."""
    document = {
        "boot_id": trust.boot_id,
        "source": trust.source.value,
        "anchor": trust.anchor.isoformat() if trust.anchor else None,
        "floor": trust.floor.isoformat() if trust.floor else None,
    }
    return json.dumps(document).encode()


def parse_trust(content: bytes) -> TimeTrust | None:
    """What a slot says; None for what cannot be read."""
    try:
        document = json.loads(content)
        return TimeTrust(
            boot_id=str(document["boot_id"]),
            source=ClockSource(document["source"]),
            anchor=_instant(document["anchor"]),
            floor=_instant(document["floor"]),
        )
    except (ValueError, KeyError, TypeError):
        _log.warning("CLOCK_NOT_KEPT what was kept of the clock cannot be read, and is passed over")
        return None


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError(value)
    return instant
