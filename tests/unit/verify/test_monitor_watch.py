"""What counts as a wall that goes on across X: by what its pictures say, not by when they came."""

from types import SimpleNamespace
from typing import cast

import pytest

from gate.verify.marks import Barcode
from gate.verify.monitor_watch import Place, judge
from gate.verify.site import Site

X_NS = 1_800_000_000_000_000_000
PICTURE_NS = 1_000_000_000 // 15
UNTIL_NS = X_NS + 20 * PICTURE_NS
SITE = cast(Site, SimpleNamespace(cameras=("cam1", "cam2"), fps=15, loop_pictures=150))


def place(numbers: list[int], first: int = -20) -> Place:
    """Pictures of those numbers, one after the other from so many before X on."""
    seen = [(X_NS + (first + at) * PICTURE_NS, number % 150) for at, number in enumerate(numbers)]
    return Place(code=Barcode(value=0, x=0, y=0, width=100), seen=seen)


def holds(*places: Place, trouble: str = "", pause_ms: int = 200) -> bool | None:
    return judge(places, X_NS, UNTIL_NS, SITE, trouble, pause_ms).holds


STEADY = list(range(140, 180))  # over the end of the loop, too


def test_a_wall_whose_pictures_follow_each_other_goes_on() -> None:
    assert holds(place(STEADY), place(STEADY)) is True


@pytest.mark.parametrize(("left_out", "goes_on"), [(2, True), (3, False)])
def test_no_picture_may_stand_still_for_more_than_three_picture_times(left_out: int, goes_on: bool) -> None:
    paused = [number for number in STEADY if not 160 <= number < 160 + left_out]
    assert holds(place(STEADY), place(paused)) is goes_on


def test_a_picture_that_stops_at_x_does_not_go_on() -> None:
    assert holds(place(STEADY), place(STEADY[:20])) is False
    assert holds(place(STEADY), place(STEADY[:24])) is False  # what was on its way is shown after X


def test_what_was_not_seen_to_move_before_x_is_not_found_out() -> None:
    assert holds(place(STEADY)) is None
    assert holds(place(STEADY), place(STEADY[:1])) is None
    assert holds(place(STEADY), place(STEADY, first=3)) is None
    assert holds(place(STEADY), place(STEADY), trouble="it is gone") is None
