"""When a device may believe its clock, as pure rules of what it reads. Wall time and boot time are the caller's.

*Lead* is time minus boot time: constant within one boot however time flows, changed by nothing but setting a clock. A
shared clock moves both together, so its steps change no lead.
 1. A signed time counts only with the device's own nonce (NONCE_FOREIGN), for ANSWER_SECONDS_MAX after the question
    (ANSWER_LATE), and not behind the floor (TIME_REPLAYED).
 2. The floor is the latest signed time. It never falls, and the wall clock never raises it: a clock that once said 2099
    poisons nothing.
 3. After a signed time, `now` is that time and the boot time elapsed since, until the machine restarts: whatever the
    wall clock says. Only a wall clock that agrees to within WALL_SLACK counts itself. An answer takes a moment, so the
    true time then lies between the signed one and that plus how long it took; what counted before is kept as far as it
    lies there. So slow answers move no clock that is right, and none gains by setting it wrong afterwards.
 4. After a restart the wall clock must lie in `[floor, floor + offline_max]` (BEHIND, AHEAD); the first that does
    is the anchor of this boot. Without a floor (file mode) any wall clock is.
 5. Within one boot the wall clock may not go back by more than a clock can honestly be wrong (SET_BACK): CORRECTION,
    and what a crystal gains in the time since boot; so a doubt may end by itself. What it gained by going forward it
    keeps. But in the first minutes of a boot (SETTLE) it is followed either way: a battery clock that keeps local time
    is put right by NTP then, and whoever could set it back then could have done so before the restart, which rule 4
    alone sees.
 6. A wall clock that leaves the window of rule 4 is not followed (AHEAD), and anchors nothing.
 7. A newly issued entitlement is a new anchor where the clock has reached its `issued_at`: whoever signs it knew then
    what time it was. That, like a signed time or a restart, ends a SET_BACK.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gate.licence.clock_evidence import ClockDoubt, ClockEvidence, ClockSource
from gate.licence.text import Text
from gate.signing.trust import Refusal

OFFLINE_MAX = timedelta(days=30)
ANSWER_SECONDS_MAX = 30.0
CORRECTION = timedelta(minutes=5)
"""How far a clock may be set back by an honest correction."""
CRYSTAL_PPM = 200
SETTLE = timedelta(minutes=10)
WALL_SLACK = timedelta(seconds=2)
FORESEEN_SECONDS_MAX = 366 * 86_400.0
"""A doubt that ends by itself later than this is not said to."""

_FORESEEN_LATER_SECONDS = 0.01
"""More than rounding: at the moment foreseen the doubt has ended."""
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the clocks say at one moment. `boot_id` differs after every restart of the machine."""

    boot_id: str
    boottime: timedelta
    wall: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTrust:
    """What is remembered, also across restarts. `anchor`: the time at which this boot would have begun, by the source's
    account (time minus boot time); None until there is one in this boot."""

    boot_id: str
    source: ClockSource = ClockSource.WALL
    anchor: datetime | None = None
    floor: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTime:
    """An answer of the service, its signature verified: its time, and the nonce of the question it answers."""

    time: datetime
    nonce: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the device asked with: its nonce, and the boot time at which it asked."""

    nonce: bytes
    boottime: timedelta


def in_boot(trust: TimeTrust | None, boot_id: str) -> TimeTrust:
    """What is left of `trust` in this boot: all of it in the same one, after a restart the floor alone."""
    if trust is None:
        return TimeTrust(boot_id=boot_id)
    return trust if trust.boot_id == boot_id else TimeTrust(boot_id=boot_id, floor=trust.floor)


def with_signed_time(trust: TimeTrust, answer: SignedTime, question: Question, reading: Reading) -> TimeTrust | Refusal:
    """Rules 1 to 3."""
    if not hmac.compare_digest(answer.nonce, question.nonce):
        return _refusal("NONCE_FOREIGN", "別の問い合わせへの回答です", "it answers another question than this device's")
    if not timedelta(0) <= reading.boottime - question.boottime <= timedelta(seconds=ANSWER_SECONDS_MAX):
        return _refusal("ANSWER_LATE", "回答が遅すぎます", "it came too late to tell the time")
    if trust.floor is not None and answer.time < trust.floor:
        return _refusal("TIME_REPLAYED", "以前に確認した時刻より前です", "it is behind a time that was signed before")
    latest = answer.time + (reading.boottime - question.boottime)
    now = min(max(evidence(trust, reading).now, answer.time), latest)
    return TimeTrust(
        boot_id=reading.boot_id,
        source=ClockSource.SIGNED,
        anchor=now - reading.boottime,
        floor=answer.time,
    )


def with_wall(trust: TimeTrust, reading: Reading, offline_max: timedelta = OFFLINE_MAX) -> TimeTrust:
    """Rules 4 to 6: the anchor that this look at the wall clock gives, or leaves."""
    if trust.source is ClockSource.SIGNED or _window_doubt(trust, reading, offline_max) is not None:
        return trust
    anchor = reading.wall - reading.boottime
    if reading.boottime <= SETTLE:
        return replace(trust, anchor=anchor)
    return trust if trust.anchor is not None and anchor <= trust.anchor else replace(trust, anchor=anchor)


def with_issue(
    trust: TimeTrust, issued_at: datetime, reading: Reading, offline_max: timedelta = OFFLINE_MAX
) -> TimeTrust:
    """Rule 7, for an entitlement that was not known before."""
    if trust.source is ClockSource.SIGNED or reading.wall < issued_at:
        return trust
    if _window_doubt(trust, reading, offline_max) is not None:
        return trust
    return replace(trust, anchor=reading.wall - reading.boottime)


def evidence(trust: TimeTrust, reading: Reading, offline_max: timedelta = OFFLINE_MAX) -> ClockEvidence:
    """What counts as now, and whether it is trusted."""
    if trust.source is ClockSource.SIGNED and trust.anchor is not None:
        now = trust.anchor + reading.boottime
        ahead = reading.wall - now
        if abs(ahead) <= WALL_SLACK:  # the wall clock is right: nothing that it labels is to be moved
            now, ahead = reading.wall, timedelta(0)
        return ClockEvidence(source=ClockSource.SIGNED, now=now, wall_ahead=ahead, floor=trust.floor)
    doubt = _window_doubt(trust, reading, offline_max)
    if (
        doubt is None
        and trust.anchor is not None
        and trust.anchor - (reading.wall - reading.boottime) > _honest(reading)
    ):
        doubt = ClockDoubt.SET_BACK
    return ClockEvidence(
        source=ClockSource.WALL,
        now=reading.wall,
        doubt=doubt,
        trusted_from=_trusted_from(trust, reading, doubt),
        floor=trust.floor,
    )


def _window_doubt(trust: TimeTrust, reading: Reading, offline_max: timedelta) -> ClockDoubt | None:
    if trust.floor is None:
        return None
    if reading.wall < trust.floor:
        return ClockDoubt.BEHIND
    # An anchor of this boot has passed the window already: time that has flowed since is not held against it.
    since_anchor = reading.boottime if trust.anchor is not None else timedelta(0)
    return ClockDoubt.AHEAD if reading.wall > trust.floor + offline_max + since_anchor else None


def _trusted_from(trust: TimeTrust, reading: Reading, doubt: ClockDoubt | None) -> datetime | None:
    if doubt is ClockDoubt.BEHIND:
        return trust.floor
    if doubt is not ClockDoubt.SET_BACK or trust.anchor is None:
        return None
    back = trust.anchor - (reading.wall - reading.boottime)
    boottime_seconds = (back - CORRECTION) / timedelta(seconds=1) * 1_000_000 / CRYSTAL_PPM
    wait_seconds = boottime_seconds - reading.boottime / timedelta(seconds=1) + _FORESEEN_LATER_SECONDS
    return reading.wall + timedelta(seconds=wait_seconds) if wait_seconds <= FORESEEN_SECONDS_MAX else None


def _honest(reading: Reading) -> timedelta:
    return CORRECTION + reading.boottime * CRYSTAL_PPM / 1_000_000


def _refusal(code: str, ja: str, en: str) -> Refusal:
    return Refusal(code=code, problem=Text(ja=f"{ja}。", en=en))
