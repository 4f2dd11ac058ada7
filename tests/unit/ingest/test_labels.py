"""When each picture was taken."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest import labels
from recorder.ingest.labels import Labelled, Labeller
from recorder.ingest.rtsp.depacketize import Picture

MS = 1_000_000
SECOND = 1000 * MS
FRAME = 3000
FRAME_NS = FRAME * 100_000 // 9
WALL = 1_800_000_000 * SECOND
ORIGIN = 50 * SECOND
"""Monotonic time at which the camera takes RTP time 0."""


def picture(number: int, *, key: bool = False, timestamp: int | None = None, restarted: bool = False) -> Picture:
    ticks = number * FRAME if timestamp is None else timestamp
    return Picture(
        codec="h264",
        data=b"x" * 10,
        key=key or number == 0,
        timestamp=ticks,
        parameter_sets=(),
        restarted=restarted,
    )


def arrival(number: int, delay_ns: int = 2 * MS) -> int:
    return ORIGIN + number * FRAME_NS + delay_ns


def fed(labeller: Labeller, units: Iterable[tuple[Picture, int]]) -> list[Labelled]:
    return [labelled for unit, arrival_ns in units for labelled in labeller.accept(unit, arrival_ns)]


def new() -> Labeller:
    return Labeller(run=6, wall_offset_ns=WALL)


def settled() -> tuple[Labeller, int]:
    """One that labels at once, and the number of the next picture."""
    labeller = new()
    assert len(fed(labeller, ((picture(i), arrival(i)) for i in range(10)))) == 10
    return labeller, 10


def test_labels_are_the_first_arrival_plus_rtp_time() -> None:
    found = fed(new(), ((picture(i), arrival(i)) for i in range(30)))
    assert [unit.pts_90k for unit in found] == [i * FRAME for i in range(30)]
    assert all(unit.run == 7 for unit in found)
    for i, unit in enumerate(found):
        assert unit.utc_ns == pytest.approx(WALL + arrival(i), abs=1000)


def test_it_begins_at_a_key_picture() -> None:
    labeller = new()
    assert labeller.accept(picture(3), arrival(3)) == [] and labeller.needs_key
    found = fed(labeller, ((picture(i, key=i == 4), arrival(i)) for i in range(4, 20)))
    assert found[0].pts_90k == 0 and found[0].picture.key


def test_a_burst_of_cached_pictures_is_labelled_when_it_was_taken() -> None:
    burst = [(picture(i), arrival(60) + i * MS // 10) for i in range(60)]
    found = fed(new(), [*burst, *((picture(i), arrival(i)) for i in range(60, 80))])
    assert len(found) == 80
    for i, unit in enumerate(found):
        assert unit.utc_ns == pytest.approx(WALL + arrival(i), abs=7 * MS)


def test_pictures_are_held_two_seconds_at_most_and_none_is_lost() -> None:
    slow_drain = [(picture(i), arrival(300) + i * 20 * MS) for i in range(300)]
    labeller = new()
    first_out = next(at for unit, at in slow_drain if labeller.accept(unit, at))
    assert first_out - slow_drain[0][1] == pytest.approx(labels.HOLD_SECONDS_MAX * 1e9, abs=20 * MS)
    assert len(fed(new(), slow_drain)) == 300


@given(st.lists(st.tuples(st.integers(0, 3 * FRAME), st.integers(0, 80)), min_size=2, max_size=80))
def test_labels_strictly_increase_and_are_never_later_than_arrival(steps: list[tuple[int, int]]) -> None:
    """Whatever the camera's times and the network's delays, within a run."""
    labeller, found = new(), []
    ticks, now_ns = 0, ORIGIN
    for i, (step, wait_ms) in enumerate(steps):
        ticks += step
        now_ns += wait_ms * MS
        found += labeller.accept(picture(i, timestamp=ticks), now_ns)
    bunched = 0
    for before, unit in itertools.pairwise(found):
        assert unit.utc_ns > before.utc_ns and unit.pts_90k > before.pts_90k and unit.run == before.run
        bunched = bunched + 1 if unit.utc_ns - before.utc_ns == labels.LABEL_STEP_NS else 0
        assert unit.utc_ns <= WALL + unit.arrival_ns + bunched * labels.LABEL_STEP_NS


def test_a_burst_in_the_middle_is_bunched_at_its_arrival_and_still_increases() -> None:
    labeller, n = settled()
    found = fed(labeller, ((picture(i), arrival(n)) for i in range(n, n + 5)))
    assert [unit.utc_ns - found[0].utc_ns for unit in found] == [i * labels.LABEL_STEP_NS for i in range(5)]


def test_late_arrivals_do_not_move_labels() -> None:
    labeller, n = settled()
    found = fed(labeller, ((picture(i), arrival(i, 2 * MS + i % 4 * 25 * MS)) for i in range(n, n + 40)))
    for i, unit in enumerate(found, n):
        assert unit.utc_ns == pytest.approx(WALL + arrival(i), abs=1000)


def test_a_camera_clock_that_runs_fast_never_puts_labels_ahead_of_arrival() -> None:
    found = fed(new(), ((picture(i, timestamp=i * (FRAME + 3)), arrival(i)) for i in range(3000)))
    assert all(unit.utc_ns <= WALL + unit.arrival_ns for unit in found)
    assert found[-1].utc_ns == pytest.approx(WALL + arrival(2999), abs=MS)
    assert len({unit.run for unit in found}) == 1


def test_a_camera_clock_that_runs_slow_is_caught_up_with_by_soundings() -> None:
    labeller, last = new(), None
    for i in range(6000):
        if i % 1800 == 1000:
            labeller.begin_sounding()
        elif i % 1800 == 1030:
            labeller.end_sounding()
        for unit in labeller.accept(picture(i, timestamp=i * FRAME * 9999 // 10000), arrival(i)):
            assert last is None or unit.utc_ns > last.utc_ns
            last = unit
            assert 0 <= WALL + unit.arrival_ns - unit.utc_ns <= 7 * MS  # 60 s of 100 ppm, and a little


@pytest.mark.parametrize(("per_mille", "trailing_ms"), [(10, 350), (100, 650)])
def test_labels_of_a_camera_clock_that_is_far_too_slow_trail_by_little(per_mille: int, trailing_ms: int) -> None:
    """Without soundings, and without a new run or a picture less."""
    pictures = 3600
    units = ((picture(i, timestamp=i * FRAME * (1000 - per_mille) // 1000), arrival(i)) for i in range(pictures))
    found = fed(new(), units)
    assert len(found) == pictures and {unit.run for unit in found} == {7}
    assert all(0 <= WALL + unit.arrival_ns - unit.utc_ns <= trailing_ms * MS for unit in found)
    for before, unit in itertools.pairwise(found):
        assert (unit.pts_90k - before.pts_90k) * 100_000 / 9 == pytest.approx(unit.utc_ns - before.utc_ns, abs=20_000)


def test_a_stall_with_a_burst_after_it_moves_no_label() -> None:
    labeller, n = settled()
    late = [(picture(i), max(arrival(n + 90), arrival(i)) + (i - n) * 1000) for i in range(n, n + 120)]
    for i, unit in enumerate(fed(labeller, late), n):
        assert unit.utc_ns == pytest.approx(WALL + arrival(i), abs=1000)


def test_a_sounding_of_few_pictures_changes_nothing() -> None:
    labeller, n = settled()
    labeller.begin_sounding()
    fed(labeller, [(picture(n), arrival(n, 500 * MS))])
    labeller.end_sounding()
    [unit] = fed(labeller, [(picture(n + 1), arrival(n + 1))])
    assert unit.utc_ns == pytest.approx(WALL + arrival(n + 1), abs=1000)


@pytest.mark.parametrize("jump", [-11 * 90_000, 11 * 90_000])
def test_a_jump_of_rtp_time_begins_a_run_at_the_next_key_picture(jump: int) -> None:
    labeller, n = settled()
    units = [
        (picture(i, timestamp=i * FRAME + 20 * 90_000 + jump if i > n + 2 else i * FRAME, key=i == n + 6), arrival(i))
        for i in range(n, n + 30)
    ]
    if jump < 0:
        units = [(picture(i, timestamp=i * FRAME + (jump if i > n + 2 else 0), key=i == n + 6), arrival(i))
                 for i in range(n, n + 30)]  # fmt: skip
    found = fed(labeller, units)
    assert [unit.run for unit in found] == [7] * 3 + [8] * 24
    assert found[3].picture.key and found[3].pts_90k == 0
    assert found[3].utc_ns == pytest.approx(WALL + arrival(n + 6), abs=1000)


def test_a_small_step_back_keeps_the_picture_one_tick_on() -> None:
    labeller, n = settled()
    found = fed(
        labeller, [(picture(n), arrival(n)), (picture(n - 3), arrival(n + 1)), (picture(n + 2), arrival(n + 2))]
    )
    assert [unit.pts_90k for unit in found] == [n * FRAME, n * FRAME + 1, (n + 2) * FRAME]
    assert labeller.steps_back == 1


@pytest.mark.parametrize("timestamp", [0, 5000])
def test_a_camera_whose_time_stands_still_is_told_by_arrival(timestamp: int) -> None:
    labeller = new()
    found = fed(labeller, ((picture(i, timestamp=timestamp, key=i % 30 == 0), arrival(i)) for i in range(600)))
    assert len(found) == 600 and labeller.by_arrival
    assert {unit.run for unit in found} == {7}
    for i, unit in enumerate(found[30:], 30):
        assert unit.utc_ns == pytest.approx(WALL + arrival(i), abs=20_000)
        assert unit.pts_90k == pytest.approx(i * FRAME, abs=2)


@pytest.mark.parametrize("seconds", [-9, -3, -1, 3, 9])
def test_a_step_of_the_cameras_time_by_seconds_costs_no_picture_and_no_run(seconds: int) -> None:
    labeller, n = settled()
    units = ((picture(i, timestamp=i * FRAME + seconds * 90_000), arrival(i)) for i in range(n, n + 100))
    found = fed(labeller, units)
    assert [unit.run for unit in found] == [7] * 100 and not labeller.by_arrival
    for i, unit in enumerate(found[10:], n + 10):
        assert unit.utc_ns == pytest.approx(WALL + arrival(i), abs=20_000)
        assert unit.pts_90k == pytest.approx(i * FRAME, abs=200)


def test_labels_are_slewed_forward_by_500_ppm_at_most() -> None:
    labeller, n = settled()
    labeller.begin_sounding()
    later = [(picture(i), arrival(i, 302 * MS)) for i in range(n, n + 300)]
    fed(labeller, later[:30])
    labeller.end_sounding()
    found = fed(labeller, later[30:])
    steps = [after.utc_ns - before.utc_ns for before, after in itertools.pairwise(found)]
    assert all(FRAME_NS <= step <= FRAME_NS * 1.0005 + 1 for step in steps)
    assert sum(steps) == pytest.approx(len(steps) * FRAME_NS * 1.0005, abs=len(steps))


def test_the_label_of_an_rtp_timestamp_is_that_of_its_picture() -> None:
    labeller, n = settled()
    assert new().utc_ns_of(0) is None
    assert labeller.utc_ns_of(((n + 5) * FRAME) % 2**32) == pytest.approx(WALL + arrival(n + 5), abs=1000)
    assert labeller.utc_ns_of(((n - 5) * FRAME) % 2**32) == pytest.approx(WALL + arrival(n - 5), abs=1000)


def test_a_long_pause_counts_five_seconds_in_the_file_and_all_of_it_in_labels() -> None:
    labeller, n = settled()
    [unit] = fed(labeller, [(picture(n + 240), arrival(n + 240))])
    assert unit.pts_90k == (n - 1) * FRAME + 5 * 90_000
    assert unit.utc_ns == pytest.approx(WALL + arrival(n + 240), abs=1000)


def test_a_clock_step_begins_a_run_at_the_very_next_picture_with_the_same_delay() -> None:
    labeller, n = settled()
    assert labeller.clock_stepped(WALL + 3600 * SECOND) == []
    found = fed(labeller, ((picture(i, key=i == n + 2), arrival(i, 40 * MS)) for i in range(n, n + 5)))
    assert [unit.run for unit in found] == [8] * 5
    assert [unit.pts_90k for unit in found[:2]] == [0, FRAME]
    assert found[0].utc_ns == pytest.approx(WALL + 3600 * SECOND + arrival(n), abs=1000)


def test_two_clock_steps_between_two_pictures_are_one_new_run() -> None:
    labeller, n = settled()
    for hours in (1, 2):
        labeller.clock_stepped(WALL + hours * 3600 * SECOND)
    [unit] = fed(labeller, [(picture(n), arrival(n))])
    assert unit.run == 8
    assert unit.utc_ns == pytest.approx(WALL + 7200 * SECOND + arrival(n), abs=1000)


def test_what_was_held_at_a_clock_step_keeps_the_old_labels() -> None:
    labeller = new()
    assert fed(labeller, ((picture(i), arrival(i)) for i in range(3))) == []
    released = labeller.clock_stepped(WALL + 3600 * SECOND)
    assert len(released) == 3 and all(unit.utc_ns < WALL + arrival(3) for unit in released)


def test_another_source_begins_a_run_with_an_anchor_of_its_own() -> None:
    labeller, n = settled()
    units = [(picture(i, timestamp=i * FRAME - 5, key=i == n, restarted=i == n), arrival(i)) for i in range(n, n + 10)]
    found = fed(labeller, units)
    assert {unit.run for unit in found} == {8}
    assert found[0].utc_ns == pytest.approx(WALL + arrival(n), abs=1000)


def reordered(number: int) -> int:
    """Which picture comes at this place: a key frame each second, and two B-frames between any others."""
    group, place = divmod(number, 31)
    return group * 31 + (place + 2 if place % 3 == 1 else place - 1 if place else 0)


def test_b_frames_keep_the_time_at_which_they_are_shown() -> None:
    units = [(picture(reordered(i), key=i % 31 == 0), arrival(i + 2)) for i in range(200)]
    found = fed(new(), units)
    assert [unit.pts_90k for unit in found] == [reordered(i) * FRAME for i in range(200)]
    assert [unit.pts_90k - unit.composition_90k for unit in found] == [i * FRAME for i in range(200)]
    assert {unit.run for unit in found} == {7}


@given(
    st.lists(st.sampled_from([[1], [2, 1], [3, 1, 2], [4, 2, 1, 3]]), min_size=8, max_size=30),
    st.integers(0, 120),
    st.integers(-1, 1),
)
def test_nothing_that_is_shown_at_x_or_later_has_a_label_before_x(
    groups: list[list[int]], pictures: int, off_us: int
) -> None:
    """So a cut by labels is one in decode order, and lets nothing through."""
    order = [0]
    for group in ([4, 2, 1, 3], *groups):  # the first tells at once how early a picture can come
        latest = max(order)
        order += [latest + place for place in group]
    units = [(picture(shown), arrival(i + 4)) for i, shown in enumerate(order)]
    labeller = new()
    found = [*fed(labeller, units), *labeller.finish()]
    assert [unit.pts_90k for unit in found] == [shown * FRAME for shown in order], "none is lost, none is moved"
    taken_ns = [found[0].utc_ns + shown * FRAME_NS - 200 for shown in order]  # as exact as the labels of each
    cut_ns = found[0].utc_ns + pictures * FRAME_NS + off_us * 1000
    kept = [unit.utc_ns < cut_ns for unit in found]
    assert kept == sorted(kept, reverse=True)
    assert all(taken < cut_ns for taken, is_kept in zip(taken_ns, kept, strict=True) if is_kept)
    fully = [max(taken_ns[: i + 1]) + len(order) * labels.LABEL_STEP_NS < cut_ns for i in range(len(order))]
    assert all(is_kept for is_kept, must in zip(kept, fully, strict=True) if must), "nothing is left out in vain"
