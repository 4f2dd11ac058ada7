"""Mutants of the licence rules: when a term ends, what a renewal costs, what a decision makes of it."""

from tests.mutants.mutant import Change, Mutant
from tests.mutants.scenes import (
    ASSIGNED_AT_X,
    CLOCK_SET_BACK,
    HELD,
    LIVE_ENDS,
    MOVED,
    OUTAGE,
    RENEWED_EARLY,
    TERM,
)

_TERM = "gate/licence/term.py"
_ENDS = "end_day = months_after(term_start, months)"


def _term_ends(when: str, *, by: str) -> Mutant:
    return Mutant(
        name=f"term-a-day-{when}",
        row="M3",
        says=f"terms end a day {when}",
        changes=[Change(file=_TERM, old=_ENDS, new=f"{_ENDS} {by}")],
        scene=TERM,
        red=["licences after: the first licences"],
    )


TERMS = (
    _term_ends("early", by="- _DAY"),
    _term_ends("late", by="+ _DAY"),
    Mutant(
        name="no-free-period",
        row="M3",
        says="the paid term begins with the month after the allocation",
        changes=[
            Change(
                file=_TERM,
                old="lambda allocated_on: _month_after(allocated_on, 2)",
                new="lambda allocated_on: _month_after(allocated_on, 1)",
            )
        ],
        scene=TERM,
        red=["licences after: the first licences"],
    ),
    Mutant(
        name="renewal-burns-nothing",
        row="M3",
        says="a renewal begins where the old term ends, however early it is",
        changes=[
            Change(
                file="gate/licence/counting.py",
                old='if rules.renewal == "calendar" or previous is None or previous.ends <= at:',
                new="if previous is None or previous.ends <= at:",
            ),
            Change(
                file="gate/licence/counting.py",
                old='if rules.renewal == "from_expiry":',
                new="if previous:",
            ),
        ],
        scene=RENEWED_EARLY,
        red=["term of the licences for 12 months"],
    ),
    Mutant(
        name="expiry-not-decided",
        row="M2",
        says="a licence that has run out still covers its camera",
        changes=[
            Change(
                file="gate/licence/decision.py",
                old="current = next((span for span in spans if span.start <= now < span.end), None)",
                new="current = next((Interval(span.start, span.end + timedelta(days=9000)) for span in spans), None)",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2", "live view of cam1"],
    ),
    Mutant(
        name="offline-without-end",
        row="M5",
        says="a device that never hears from its service keeps the remote side for ever",
        changes=[
            Change(
                file="gate/licence/decision.py",
                old="if stale_after is None or feature in profile.survives_stale:",
                new="if stale_after or feature in profile.survives_stale:",
            )
        ],
        scene=OUTAGE,
        red=["service offline/M5"],
    ),
    Mutant(
        name="clock-set-back-believed",
        row="M3",
        says="the wall clock counts, not the signed time: set back behind the entitlement it stops what is paid for",
        changes=[
            Change(
                file="gate/signing/trusted_time.py",
                old="if abs(ahead) <= WALL_SLACK:",
                new="if ahead is not None:",
            )
        ],
        scene=CLOCK_SET_BACK,
        red=["recording of cam1"],
    ),
    Mutant(
        name="hold-ignored",
        row="M3",
        says="automatic assignment serves a camera that is held, though holds are to be respected",
        changes=[
            Change(
                file="gate/licence/assignment.py",
                old="if rules.auto_assign.respect_hold:",
                new="if rules.auto_assign is None:",
            )
        ],
        scene=HELD,
        red=["after X/M3"],
    ),
    Mutant(
        name="assignment-not-told-ahead",
        row="M2",
        says="what automatic assignment will do is not in the entitlement: the device hears of it after X",
        changes=[
            Change(
                file="gate/licence/grants.py",
                old="ahead = forecast(state, now, rules, customer=state.devices[device].customer, since=since)",
                new="ahead = state",
            )
        ],
        scene=ASSIGNED_AT_X,
        red=["live view of cam1"],
    ),
    Mutant(
        name="one-licence-on-two-cameras",
        row="M3",
        says="a licence that is moved to another camera stays on the first one, too",
        changes=[
            Change(
                file="gate/licence/fold.py",
                old="freed = draft.uncover(fact, draft.licences[fact.licence])\n"
                "    draft.cover(fact, freed, CameraKey(fact.to_device, fact.to_camera), fact.starts)",
                new="freed = replace(draft.licences[fact.licence], camera=None)\n"
                "    draft.cover(fact, freed, CameraKey(fact.to_device, fact.to_camera), fact.starts)",
            )
        ],
        scene=MOVED,
        red=["moved/M3", "licences after: licence of cam1 moved to cam2 by the customer"],
    ),
)
