"""The shortest scenarios in which mutants can be seen. As few as possible: each also runs on the product as it is."""

from collections.abc import Mapping
from typing import Any

from tests.mutants.mutant import Scene

_APPROACH: Mapping[str, Any] = {"to-expiry": "10s"}
_CROSS: Mapping[str, Any] = {"cross": "1s"}
_RENEW: Mapping[str, Any] = {"renew": {"months": 12}}


def _assert(column: str, rows: Mapping[str, str], camera: str | None = None) -> Mapping[str, Any]:
    return {"assert": {"column": column, "rows": dict(rows)} | ({"camera": camera} if camera else {})}


def _lapse(name: str, **rows: str) -> Scene:
    return Scene(name=name, steps=[_APPROACH, _CROSS, _assert("after X", rows)])


LIVE_ENDS = _lapse("M2 across X", M2="stops")
RECORDING_ENDS = _lapse("M3 across X", M3="stops")
PLAYBACK_ENDS = Scene(
    name="M5 across X",
    steps=[_assert("term", {"M5": "works"}), _APPROACH, _CROSS, _assert("after X", {"M5": "stops"})],
)
DOWNLOAD_ENDS = Scene(
    name="a long download across X",
    steps=[
        _assert("term", {"M1": "works", "M4": "works", "M7": "works", "M9": "works"}),  # seconds of footage, meanwhile
        _APPROACH,
        _CROSS,
        _assert("after X", {"M5": "stops"}),
    ],
)
EVENTS_END = _lapse("M8 across X", M8="stops")
EVENTS_TOLD_BEFORE = Scene(
    name="M8 before and across X",
    steps=[_assert("term", {"M8": "works"}), _APPROACH, _CROSS, _assert("after X", {"M8": "stops"})],
)
MAINTENANCE_ENDS = _lapse("M9 across X", M9="stops")
MONITOR_GOES_ON = _lapse("M1, M4 and M7 across X", M1="works", M4="works", M7="works")
CARD_GOES_ON = Scene(name="M6", steps=[_assert("free period", {"M6": "works"})])
TERM = Scene(name="the first term", steps=[_assert("free period", {"M3": "works"})])
COMES_BACK = Scene(
    name="a licence after X",
    steps=[_APPROACH, _CROSS, _assert("after X", {"M3": "stops"}), _RENEW, _assert("restored", {"M3": "works"})],
)
RARE_KEY_FRAMES = Scene(
    name="a licence after X, of a camera with rare key frames",
    given={"cameras": 3},
    steps=[
        _APPROACH,
        _CROSS,
        _assert("after X", {"M3": "stops"}, camera="cam3"),
        _RENEW,
        _assert("restored", {"M3": "works"}, camera="cam3"),
    ],
)
NOTHING_TOLD_LATER = Scene(
    name="notices after X",
    steps=[_APPROACH, _CROSS, _assert("after X", {"M8": "stops"}), _RENEW, _assert("restored", {"M8": "works"})],
)
RENEWED_EARLY = Scene(
    name="a licence before X",
    steps=[{"to-end": "20d"}, {"allocate": {"months": 12}}, _assert("renewed", {"M3": "works"})],
)
ASSIGNED_AT_X = Scene(
    name="a licence lies ready at X",
    steps=[
        {"to-end": "20d"},
        {"allocate": {"months": 12}},
        {"to-end": "10s"},
        _CROSS,
        _assert("assigned at X", {"M2": "works"}),
    ],
)
HELD = Scene(
    name="a held camera at X",
    given={"cameras": 2, "licences": {"cam1": "none"}, "auto_assign": {"respect_hold": True}},
    steps=[
        {"hold": {"camera": "cam1"}},
        {"to-end": "20d"},
        {"allocate": {"months": 12, "count": 2}},
        {"to-end": "10s"},
        _CROSS,
        _assert("after X", {"M3": "stops"}, camera="cam1"),
    ],
)
MOVED = Scene(
    name="a licence is moved",
    given={"cameras": 2, "licences": {"cam2": "none"}},
    steps=[{"move": {"from": "cam1", "to": "cam2"}}, _assert("moved", {"M3": "stops"}, camera="cam1")],
)
OUTAGE = Scene(
    name="no service for 70 days",
    given={"months": 36},
    steps=[{"service": "offline"}, {"advance": "70d"}, _assert("service offline", {"M3": "works", "M5": "stops"})],
)
CLOCK_SET_BACK = Scene(
    name="the clock is set back before X",
    steps=[
        {"to-expiry": "10s"},
        {"clock": "set back 40d"},
        _CROSS,
        _assert("after X", {"M3": "stops", "M5": "stops"}),
    ],
)
