"""How cells are judged: nothing passes that was not seen as expected."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.features import Feature
from gate.licence.profile import PROFILES
from gate.verify.matrix import ROWS, STOPS, Cell, Check, Expected, Part, Seen, expected_of, passes, seen_in

WORKS, STOPPED = Part(name="picture", works=True), Part(name="snapshot", works=False)


def cell(expected: Expected, seen: Seen | None) -> Cell:
    return Cell(row="M2", column="now", expected=expected, seen=seen, began="", ended="")


@pytest.mark.parametrize(
    ("parts", "seen"),
    [([], None), ([WORKS], "works"), ([STOPPED, STOPPED], "stops"), ([WORKS, STOPPED], "mixed")],
)
def test_a_row_works_only_if_all_of_it_does_and_stops_only_if_none_does(
    parts: Sequence[Part], seen: Seen | None
) -> None:
    assert seen_in(parts) == seen


def test_what_is_given_old_or_broken_has_neither_stopped_nor_does_it_work() -> None:
    assert seen_in([STOPPED, Part(name="snapshot", works=False, faulty=True)]) == "mixed"


def test_a_cell_passes_only_if_what_was_seen_is_what_was_expected() -> None:
    assert cell("works", "works").verdict == cell("stops", "stops").verdict == "pass"
    assert cell("works", "stops").verdict == cell("stops", "works").verdict == "fail"
    assert cell("works", "mixed").verdict == cell("stops", "mixed").verdict == "fail"
    assert cell("works", None).verdict == cell("stops", None).verdict == "not run"


cells = st.builds(cell, st.sampled_from(["works", "stops"]), st.sampled_from(["works", "stops", "mixed", None]))
checks = st.builds(
    Check, name=st.just("cut"), row=st.none(), holds=st.sampled_from([True, False, None]), text=st.just("")
)


@given(st.lists(cells, max_size=4), st.lists(checks, max_size=4))
def test_a_run_passes_only_if_there_is_a_cell_and_everything_in_it_passes(
    cells: list[Cell], checks: list[Check]
) -> None:
    good = all(one.seen == one.expected for one in cells) and all(one.holds is True for one in checks)
    assert passes(cells, checks) == (bool(cells) and good)


def test_the_manuals_matrix_is_that_of_the_licence_rules() -> None:
    by_rules = {feature.matrix_id for feature in Feature if feature not in PROFILES["remo"].continues}
    assert by_rules == STOPS


def test_what_is_said_of_a_row_goes_before_the_matrix() -> None:
    lapsed = expected_of("lapsed", {"M3": "works"})
    assert lapsed == {row: "stops" if row in STOPS - {"M3"} else "works" for row in ROWS}
    assert set(expected_of("active", {}).values()) == {"works"}
    assert expected_of(None, {"M3": "stops"}) == {"M3": "stops"}
