"""When pictures are due: rules 1 to 4 of camera_sim.pacer."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from camera_sim.pacer import DEAD_BAND_NS, LATE_NS_MAX, Pacer, Tick

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND
rates = st.sampled_from((1, 5, 7, 15, 24, 25, 30, 60))


class Run:
    """Plays ticks as a scheduler would, `late_ns` after they are due."""

    def __init__(self, fps: int, wall_ns: int = START, monotonic_ns: int = 12_345) -> None:
        self.offset_ns = wall_ns - monotonic_ns
        self.now_ns = monotonic_ns
        self.pacer = Pacer(fps, monotonic_ns, wall_ns)

    def tick(self, late_ns: int = 0) -> Tick:
        tick = self.pacer.next(self.now_ns, self.now_ns + self.offset_ns)
        self.now_ns = max(self.now_ns, tick.due_ns + late_ns)
        return tick


def follows(tick: Tick, fps: int) -> bool:
    return tick.n == tick.utc_us * fps // 1_000_000


@given(rates, st.integers(0, SECOND), st.lists(st.integers(0, 3_000_000), min_size=2, max_size=80))
def test_the_number_is_the_floor_of_utc_times_fps_and_counts_by_one(fps: int, part: int, jitter: list[int]) -> None:
    run = Run(fps, START + part)
    ticks = [run.tick(late) for late in jitter]
    assert all(follows(tick, fps) for tick in ticks)
    assert [tick.n for tick in ticks] == list(range(ticks[0].n, ticks[0].n + len(ticks)))
    assert [tick.counter for tick in ticks] == list(range(len(ticks)))
    for tick in ticks:
        boundary_ns = -(-tick.n * SECOND // fps)
        assert abs(tick.due_ns + run.offset_ns - boundary_ns) <= DEAD_BAND_NS


@given(rates, st.integers(-10 * 365 * 86_400 * SECOND, 10 * 365 * 86_400 * SECOND))
def test_a_step_of_wall_time_moves_the_number_once_and_nothing_else(fps: int, step_ns: int) -> None:
    run = Run(fps)
    before = [run.tick() for _ in range(5)]
    run.offset_ns += step_ns
    after = [run.tick() for _ in range(200)]
    assert all(follows(tick, fps) for tick in after)
    assert [tick.n for tick in after] == list(range(after[0].n, after[0].n + 200))
    everything = before + after
    assert [tick.counter for tick in everything] == list(range(205))
    gaps = [b.rtp - a.rtp for a, b in pairwise(everything)]
    assert all(abs(gap - 90_000 / fps) <= 47 for gap in gaps)


@given(rates, st.integers(0, SECOND))
def test_after_a_step_pictures_come_back_to_the_boundaries_of_wall_time(fps: int, part: int) -> None:
    run = Run(fps)
    run.tick()
    run.offset_ns += part
    for _ in range(2200):
        tick = run.tick()
    assert abs(tick.due_ns + run.offset_ns - tick.n * SECOND // fps) <= DEAD_BAND_NS + 1


def test_slow_drift_loses_and_repeats_no_number() -> None:
    run = Run(15)
    first = run.tick()
    for count in range(1, 4000):
        run.offset_ns += -30_000 if count % 2 else -20_000
        assert run.tick().n == first.n + count


def test_a_late_stream_leaves_pictures_out_and_says_so_in_the_counter() -> None:
    run = Run(15)
    first = run.tick()
    run.now_ns += 4 * LATE_NS_MAX
    second = run.tick()
    assert second.n - first.n == second.counter - first.counter > 25
    assert run.now_ns - second.due_ns < SECOND // 15
    assert follows(second, 15)
