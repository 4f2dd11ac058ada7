"""A timeline tells where there is footage and why elsewhere there is none."""

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from recorder.timeline import HOLE_SECONDS_MIN, Hole, Piece, Span, plan_timeline

SECOND = 10**9


def at(seconds: float) -> int:
    return round(seconds * SECOND)


def piece(start: float, end: float, run: int, seq: int, *, growing: bool = False) -> Piece:
    return Piece(at(start), at(end), run, seq, growing)


def hole(start: float, end: float | None, reason: str) -> Hole:
    return Hole(at(start), None if end is None else at(end), reason)  # type: ignore[arg-type]


def plan(
    pieces: list[Piece], holes: list[Hole], start: float = -1e6, end: float = 1e6, now: float = 1e5
) -> list[tuple[float, float, object]]:
    """Start, end, and the run or the reason."""
    spans = plan_timeline(pieces, holes, start_utc_ns=at(start), end_utc_ns=at(end), now_utc_ns=at(now))
    return [(s.start_utc_ns / SECOND, s.end_utc_ns / SECOND, s.run if s.run is not None else s.reason) for s in spans]


def test_segments_of_a_run_are_one_span_that_names_them() -> None:
    pieces = [piece(60 * seq, 60 * seq + 60, 3, seq) for seq in range(5)]
    [span] = plan_timeline(pieces, [], start_utc_ns=0, end_utc_ns=at(1e6), now_utc_ns=at(1e6))
    assert span == Span(start_utc_ns=0, end_utc_ns=at(300), state="recorded", run=3, first_seq=0, last_seq=4)


def test_two_runs_of_one_time_are_both_there() -> None:
    assert plan([piece(0, 60, 1, 0), piece(30, 90, 2, 0)], []) == [(0, 60, 1), (30, 90, 2)]


def test_a_gap_has_its_reason_and_lasts_until_now() -> None:
    spans = plan([piece(0, 60, 1, 0)], [hole(60, None, "licence")], now=100)
    assert spans == [(0, 60, 1), (60, 100, "licence")]


def test_where_there_is_footage_there_is_no_gap() -> None:
    """The clock was set back into a time that had been a gap."""
    pieces = [piece(0, 10, 1, 0), piece(40, 60, 2, 0), piece(5, 50, 3, 0)]
    assert plan(pieces, [hole(10, 40, "licence")]) == [(0, 10, 1), (5, 50, 3), (40, 60, 2)]
    assert plan([piece(20, 30, 1, 0)], [hole(10, 40, "off")]) == [(10, 20, "off"), (20, 30, 1), (30, 40, "off")]


def test_a_short_silence_of_a_connected_camera_is_a_gap_within_its_run() -> None:
    spans = plan_timeline(
        [piece(0, 60, 1, 0, growing=True)],
        [hole(20, 30, "camera_offline")],
        start_utc_ns=0,
        end_utc_ns=at(100),
        now_utc_ns=at(60),
    )
    assert [(s.state, s.start_utc_ns, s.end_utc_ns, s.growing) for s in spans] == [
        ("recorded", 0, at(20), False),
        ("gap", at(20), at(30), False),
        ("recorded", at(30), at(60), True),
    ]
    assert {(s.run, s.first_seq, s.last_seq) for s in spans if s.state == "recorded"} == {(1, 0, 0)}


def test_a_gap_that_began_first_lasts() -> None:
    holes = [hole(10, 40, "licence"), hole(30, 50, "off"), hole(35, 38, "disk")]
    assert plan([piece(0, 10, 1, 0)], holes) == [(0, 10, 1), (10, 40, "licence"), (40, 50, "off")]


def test_footage_that_is_gone_leaves_a_gap_for_the_disks_sake() -> None:
    pieces = [piece(0, 60, 1, 0), piece(120, 180, 1, 2), piece(180.2, 200, 2, 0)]
    assert plan(pieces, []) == [(0, 60, 1), (60, 120, "disk"), (120, 180, 1), (180.2, 200, 2)]


def test_nothing_is_said_of_time_that_nobody_knows() -> None:
    assert plan([], []) == []
    assert plan([piece(0, 60, 1, 0)], [], start=-100, end=500, now=500) == [(0, 60, 1)]


def test_a_range_cuts_what_reaches_beyond_it() -> None:
    pieces = [piece(0, 60, 1, 0), piece(60, 120, 1, 1, growing=True)]
    holes = [hole(-50, 0, "crash"), hole(200, None, "off")]
    assert plan(pieces, holes, start=-10, end=90) == [(-10, 0, "crash"), (0, 90, 1)]
    [span] = plan_timeline(pieces, [], start_utc_ns=0, end_utc_ns=at(90), now_utc_ns=at(120))
    assert not span.growing, "what grows lies outside"


halves = st.integers(0, 200).map(lambda half: half / 2)


def pieces_of_run(run: int, start: float, lengths: list[tuple[float, bool]]) -> list[Piece]:
    """Segments one after the other; some are gone."""
    ends = list(accumulate((length for length, _ in lengths), initial=start))
    last = len(lengths) - 1
    return [
        piece(ends[seq], ends[seq + 1], run, seq, growing=seq == last and not run % 2)
        for seq, (_, kept) in enumerate(lengths)
        if kept
    ]


pieces_drawn = st.lists(
    st.tuples(halves, st.lists(st.tuples(halves.filter(bool), st.booleans()), max_size=4)), max_size=4
).map(lambda runs: [p for run, (start, lengths) in enumerate(runs, 1) for p in pieces_of_run(run, start, lengths)])
holes_drawn = st.lists(
    st.builds(
        lambda start, length, reason: hole(start, None if length is None else start + length, reason),
        halves, st.none() | halves, st.sampled_from(["licence", "disk", "camera_offline", "off"]),
    ),
    max_size=5,
)  # fmt: skip


def covers(spans: list[Span], instant: int, state: str) -> list[Span]:
    return [s for s in spans if s.state == state and s.start_utc_ns <= instant < s.end_utc_ns]


@given(pieces_drawn, holes_drawn, halves, halves.filter(bool))
def test_every_instant_is_told_once_and_truly(
    pieces: list[Piece], holes: list[Hole], start: float, length: float
) -> None:
    end = start + length
    spans = plan_timeline(
        pieces, holes, start_utc_ns=at(start), end_utc_ns=at(end), now_utc_ns=at(150)
    )  # fmt: skip
    assert all(at(start) <= s.start_utc_ns < s.end_utc_ns <= at(end) for s in spans)
    assert [s.start_utc_ns for s in spans] == sorted(s.start_utc_ns for s in spans)
    gaps = [s for s in spans if s.state == "gap"]
    assert all(s.reason is not None and s.run is None for s in gaps)
    assert all(before.end_utc_ns <= after.start_utc_ns for before, after in pairwise(gaps))
    silences = [
        h for h in holes if h.reason == "camera_offline" and h.end_utc_ns and h.end_utc_ns - h.start_utc_ns <= at(20)
    ]
    for quarter in range(int(start * 4), int(end * 4)):
        instant = at(quarter / 4) + 1
        recorded, gap = covers(spans, instant, "recorded"), covers(spans, instant, "gap")
        footage = [p for p in pieces if p.start_utc_ns <= instant < p.end_utc_ns]
        silent = [h for h in silences if h.start_utc_ns <= instant < (h.end_utc_ns or 0)]
        known = [h for h in holes if h.start_utc_ns <= instant < (at(150) if h.end_utc_ns is None else h.end_utc_ns)]
        assert not (recorded and gap)
        assert recorded or not footage or silent
        for one in footage:
            named = [s for s in spans if s.run == one.run and (s.first_seq or 0) <= one.seq <= (s.last_seq or 0)]
            assert named or silent, "every segment can be reached"
        assert recorded or gap or not (known or footage)
        if gap and known:
            assert gap[0].reason in {h.reason for h in known}


@given(pieces_drawn, holes_drawn)
def test_a_range_shows_the_same_as_the_whole_cut_to_it(pieces: list[Piece], holes: list[Hole]) -> None:
    whole = plan(pieces, holes, start=0, end=400)
    left, right = plan(pieces, holes, start=0, end=77), plan(pieces, holes, start=77, end=400)
    cut = [(s, min(e, 77), x) for s, e, x in whole if s < 77] + [(max(s, 77), e, x) for s, e, x in whole if e > 77]
    assert sorted(left + right, key=str) == sorted(cut, key=str)


def test_a_pause_shorter_than_half_a_second_is_none() -> None:
    assert plan([piece(0, 10, 1, 0), piece(10 + HOLE_SECONDS_MIN / 2, 20, 2, 0)], []) == [(0, 10, 1), (10.25, 20, 2)]
