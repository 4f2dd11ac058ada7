"""What counts as something that has appeared on a monitor that stands still."""

import numpy as np
import pytest

from gate.verify.probes.monitor import Gray, pops_up

Place = tuple[slice, slice]

LOWER, UPPER = (slice(506, 610), slice(870, 1268)), (slice(390, 494), slice(870, 1268))
PAVEMENT = (slice(380, 620), slice(860, 1275))
"""Light, where notices stand."""
CLOCK = (slice(650, 690), slice(40, 100))


def screen(*notices: Place, letters: int = 0, light: Place | None = None, clock: int = 0) -> Gray:
    """720 lines of a grey picture with notices in these places: dark, framed, every seventh column a letter's."""
    made = np.full((720, 1280), 60, np.uint8)
    if light is not None:
        made[light] = 220
    for rows, columns in notices:
        made[rows, columns] = 20
        made[rows, columns.start + 20 + letters : columns.stop - 20 : 7] = 230
        for edge in (rows.start, rows.stop - 2):
            made[edge : edge + 2, columns] = 110
        for edge in (columns.start, columns.stop - 2):
            made[rows, edge : edge + 2] = 110
    made[CLOCK[0], CLOCK[1].start + clock : CLOCK[1].stop : 9] = 240
    return made


@pytest.mark.parametrize("light", [None, PAVEMENT], ids=["on a dark scene", "on a light scene"])
@pytest.mark.parametrize(
    ("before", "after", "appears"),
    [
        ((), (LOWER,), True),
        ((LOWER,), (LOWER, UPPER), True),
        ((LOWER,), (UPPER,), True),  # the older one's time was over just then
        ((LOWER,), (), False),
        ((LOWER, UPPER), (LOWER,), False),
        ((), (), False),
    ],
)
def test_a_notice_is_new_where_its_frame_comes_and_not_where_one_goes(
    before: tuple[Place, ...], after: tuple[Place, ...], appears: bool, light: Place | None
) -> None:
    assert pops_up(screen(*before, light=light), screen(*after, light=light, clock=3)) is appears


def test_one_that_takes_the_place_of_another_in_the_same_moment_is_new() -> None:
    assert pops_up(screen(LOWER), screen(LOWER, letters=3))
    assert not pops_up(screen(LOWER), screen(LOWER, clock=3))


def test_what_ends_where_the_screen_does_is_the_monitors_own_bar() -> None:
    assert not pops_up(screen(), screen((slice(620, 720), slice(300, 1280))))


def test_another_view_is_no_notice() -> None:
    assert not pops_up(screen(LOWER), np.full((720, 1280), 200, np.uint8))
