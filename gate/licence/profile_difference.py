"""Where two profiles decide differently, with the dates: a pure function of one entitlement."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gate.licence.decision import Decision, Granted, decide, next_change
from gate.licence.entitlement import Entitlement
from gate.licence.explanation import Question
from gate.licence.profile import Profile

DIFFERENCES_MAX = 1000
"""More than an entitlement's intervals can make for one camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """In `[start, end)` (None: without end) the two profiles decide differently: `allowed` under one of them only."""

    start: datetime
    end: datetime | None
    first: Decision
    second: Decision


def differences(
    question: Question, entitlement: Entitlement, first: Profile, second: Profile
) -> tuple[Difference, ...]:
    """Where the two profiles decide differently, from `question.at` on, as if the entitlement had been issued under
    each. Stretches that follow one another with other reasons are one."""
    found: list[Difference] = []
    for start, end in _stretches(question.at, entitlement, first, second):
        decisions = [
            decide(
                replace(entitlement, profile_sha256=profile.sha256),
                profile,
                question.feature,
                question.camera,
                start,
                kind=question.kind,
            )
            for profile in (first, second)
        ]
        if isinstance(decisions[0], Granted) == isinstance(decisions[1], Granted):
            continue
        if (
            found
            and found[-1].end == start
            and isinstance(found[-1].first, Granted) == isinstance(decisions[0], Granted)
        ):
            found[-1] = replace(found[-1], end=end)
        elif len(found) < DIFFERENCES_MAX:
            found.append(Difference(start=start, end=end, first=decisions[0], second=decisions[1]))
    return tuple(found)


def _stretches(
    at: datetime, entitlement: Entitlement, first: Profile, second: Profile
) -> Iterator[tuple[datetime, datetime | None]]:
    start = at
    while True:
        changes = (next_change(entitlement, start, profile.grace) for profile in (first, second))
        end = min((change for change in changes if change is not None), default=None)
        yield start, end
        if end is None:
            return
        start = end
