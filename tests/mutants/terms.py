"""Mutants of the licence rules: when a term ends, what a renewal costs, what a decision makes of it."""

from tests.mutants.mutant import Change, Mutant
from tests.mutants.scenes import LIVE_ENDS, RENEWED_EARLY, TERM

_TERM = "gate/licence/term.py"
_ENDS = "end_day = months_after(term_start, months)"

TERMS = (
    Mutant(
        name="term-a-day-early",
        row="M3",
        says="terms end a day early",
        changes=[Change(file=_TERM, old=_ENDS, new=f"{_ENDS} - _DAY")],
        scene=TERM,
        red=["term of the first licences"],
    ),
    Mutant(
        name="term-a-day-late",
        row="M3",
        says="terms end a day late",
        changes=[Change(file=_TERM, old=_ENDS, new=f"{_ENDS} + _DAY")],
        scene=TERM,
        red=["term of the first licences"],
    ),
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
        red=["term of the first licences"],
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
                new="current = next((replace(span, end=span.end + timedelta(days=9000)) for span in spans), None)",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2", "live view of cam1"],
    ),
)
