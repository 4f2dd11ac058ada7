"""A licence document's checks, one by one, for people: what passed, what failed and why, what was not reached."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gate.licence.text import NO_TEXT, Text
from gate.signing.trust import Refusal, Trusted, issued_early, with_document

Outcome = Literal["good", "bad", "not_reached"]

_CHECKS: dict[str, frozenset[str]] = {
    "whole": frozenset({"EMPTY", "OVERSIZED", "MALFORMED", "WRONG_TYPE"}),
    "key sets": frozenset({"INVALID_KEYS", "KEYS_SKIPPED", "KEYS_FORKED"}),
    "signature": frozenset({"UNKNOWN_KEY", "BAD_SIGNATURE"}),
    "content": frozenset({"INVALID"}),
    "device": frozenset({"FOREIGN", "CLONED"}),
    "number": frozenset({"REPLAYED"}),
    "time": frozenset({"FUTURE"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`code` and `problem` are of the refusal, where the outcome is bad."""

    name: str
    outcome: Outcome
    code: str = ""
    problem: Text = NO_TEXT


def checked(trusted: Trusted, content: bytes, now: datetime) -> tuple[Trusted | None, tuple[Check, ...]]:
    """What would be trusted after the document (None: it is refused), and every check of gate.signing.trust, in order.
    One that was issued after `now` is refused here also where none is in force."""
    judged = with_document(trusted, content, now)
    if isinstance(judged, Trusted):
        assert judged.entitlement is not None
        early = issued_early(judged.entitlement, now)
        if early is not None:
            return None, tuple(_checks(early))
        return judged, tuple(Check(name=name, outcome="good") for name in _CHECKS)
    return None, tuple(_checks(judged))


def _checks(refusal: Refusal) -> list[Check]:
    checks: list[Check] = []
    outcome: Outcome = "good"
    for name, codes in _CHECKS.items():
        if refusal.code in codes:
            checks.append(Check(name=name, outcome="bad", code=refusal.code, problem=refusal.problem))
            outcome = "not_reached"
        else:
            checks.append(Check(name=name, outcome=outcome))
    return checks
