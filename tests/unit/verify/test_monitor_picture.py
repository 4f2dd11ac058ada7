"""What counts as something that has appeared on a monitor that stands still."""

import numpy as np
import pytest

from gate.verify.probes.monitor import Gray, brightens

LOWER, UPPER = (slice(600, 640), slice(900, 1200)), (slice(400, 440), slice(900, 1200))
CLOCK = (slice(660, 690), slice(40, 60))


def screen(*notices: tuple[slice, slice]) -> Gray:
    """720 lines of a grey picture with a notice's letters (every other column) in each of these places."""
    made = np.full((720, 1280), 120, np.uint8)
    for rows, columns in notices:
        made[rows, columns] = 20
        made[rows, columns.start : columns.stop : 2] = 230
    return made


@pytest.mark.parametrize(
    ("before", "after", "appears"),
    [
        ((), (LOWER,), True),
        ((LOWER,), (LOWER, UPPER), True),
        ((LOWER,), (UPPER,), True),  # the older one's time was over just then
        ((LOWER,), (), False),
        ((CLOCK,), (), False),
        ((), (), False),
    ],
)
def test_a_notice_is_new_where_letters_come_and_not_where_they_go(
    before: tuple[tuple[slice, slice], ...], after: tuple[tuple[slice, slice], ...], appears: bool
) -> None:
    assert brightens(screen(*before), screen(*after)) is appears
