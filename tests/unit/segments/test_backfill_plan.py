"""What may be fetched from a camera's card, and which of its files have it."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.backfill.plan import AGE_DAYS_MAX, CardFile, Range, plan_files, plan_missing

SECOND = 10**9
EVER = [(0, 2**62)]
NOW = 1_000_000 * SECOND


def seconds(*ranges: tuple[float, float]) -> list[Range]:
    return [(round(start * SECOND), round(end * SECOND)) for start, end in ranges]


def test_a_gap_is_fetched_but_for_what_is_there_already() -> None:
    footage = seconds((0, 100), (110, 112), (130, 200))
    assert plan_missing(seconds((100, 130)), EVER, footage, 200 * SECOND) == seconds((100, 110), (112, 130))


def test_only_what_a_licence_covers_is_fetched() -> None:
    licensed = seconds((0, 105), (120, 125))
    assert plan_missing(seconds((100, 130)), licensed, [], 200 * SECOND) == seconds((100, 105), (120, 125))
    assert plan_missing(seconds((100, 130)), [], [], 200 * SECOND) == []


def test_what_is_short_or_old_is_left_alone() -> None:
    assert plan_missing(seconds((100, 101.9)), EVER, [], 200 * SECOND) == []
    old = NOW - AGE_DAYS_MAX * 86_400 * SECOND
    assert plan_missing([(old - 60 * SECOND, old)], EVER, [], NOW) == []


def card_file(start: float, end: float) -> CardFile:
    return CardFile(path=f"{start}", start_utc_ns=round(start * SECOND), end_utc_ns=round(end * SECOND), bytes=1)


def test_files_that_follow_each_other_are_taken_up_to_the_first_break() -> None:
    files = [card_file(60, 120), card_file(0, 60), card_file(120.1, 180), card_file(200, 260), card_file(300, 360)]
    [piece] = seconds((30, 250))
    assert [file.path for file in plan_files(piece, files)] == ["0", "60", "120.1"]
    [late] = seconds((190, 250))
    assert [file.path for file in plan_files(late, files)] == ["200"]
    assert plan_files(piece, []) == []


TIMES = st.integers(0, 1000).map(lambda second: second * SECOND)
RANGES = st.lists(st.tuples(TIMES, TIMES).map(lambda pair: (min(pair), max(pair))), max_size=6)


@given(RANGES, RANGES, RANGES)
def test_no_instant_is_fetched_that_is_unlicensed_or_recorded(
    gaps: list[Range], licensed: list[Range], footage: list[Range]
) -> None:
    for start, end in plan_missing(gaps, licensed, footage, 1000 * SECOND):
        middle = (start + end) // 2
        assert any(a <= start and end <= b for a, b in gaps)
        assert any(a <= middle < b for a, b in licensed)
        assert not any(a < end and start < b and a < b for a, b in footage)
