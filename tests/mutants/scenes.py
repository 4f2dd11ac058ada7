"""The shortest scenarios in which mutants can be seen. As few as possible: each also runs on the product as it is."""

from collections.abc import Mapping
from typing import Any

from tests.mutants.mutant import Scene

_APPROACH: Mapping[str, Any] = {"to-expiry": "7s"}
_CROSS: Mapping[str, Any] = {"cross": "1s"}
_RENEW: Mapping[str, Any] = {"renew": {"months": 12}}


def _assert(column: str, rows: Mapping[str, str]) -> Mapping[str, Any]:
    return {"assert": {"column": column, "rows": dict(rows)}}


def _lapse(name: str, **rows: str) -> Scene:
    return Scene(name=name, steps=[_APPROACH, _CROSS, _assert("after X", rows)])


LIVE_ENDS = _lapse("M2 across X", M2="stops")
RECORDING_ENDS = _lapse("M3 across X", M3="stops")
PLAYBACK_ENDS = Scene(
    name="M5 across X",
    steps=[_assert("term", {"M5": "works"}), _APPROACH, _CROSS, _assert("after X", {"M5": "stops"})],
)
EVENTS_END = _lapse("M8 across X", M8="stops")
MAINTENANCE_ENDS = _lapse("M9 across X", M9="stops")
MONITOR_GOES_ON = _lapse("M1, M4 and M7 across X", M1="works", M4="works", M7="works")
CARD_GOES_ON = _lapse("M6 across X", M6="works")
TERM = Scene(name="the first term", steps=[_assert("free period", {"M3": "works"})])
COMES_BACK = Scene(
    name="a licence after X",
    steps=[_APPROACH, _CROSS, _assert("after X", {"M3": "stops"}), _RENEW, _assert("restored", {"M3": "works"})],
)
NOTHING_TOLD_LATER = Scene(
    name="notices after X",
    steps=[_APPROACH, _CROSS, _assert("after X", {"M8": "stops"}), _RENEW, _assert("restored", {"M8": "works"})],
)
RENEWED_EARLY = Scene(
    name="a licence before X", steps=[{"to-expiry": "30d"}, _RENEW, _assert("renewed", {"M3": "works"})]
)
