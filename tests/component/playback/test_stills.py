"""A time shows the picture at it or before, a step its exact neighbour, with what a decoder needs for it. Pictures are
told apart by the numbers in their SEI, after a real decoder."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorder.playback.stills import Still, Stills
from tests.fakes.marked import decoded_numbers, marked_run, number_of, renumbered
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS, ns_after

PICTURES = 8 * FPS
EPOCH_US = EPOCH_NS // 1000
SHAPES = {"plain": (0, False), "b_frames": (2, False), "open_groups": (2, True)}


@pytest.fixture(scope="module", params=SHAPES)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Two runs of eight seconds with twelve seconds between them; the second one's numbers begin at 1000."""
    b_frames, open_gop = SHAPES[request.param]
    run = marked_run(PICTURES, FPS, b_frames, open_gop=open_gop)
    made = Recorded(tmp_path_factory.mktemp("stills"), segment_seconds=3)
    made.write(run)
    made.gap(EPOCH_NS + ns_after(PICTURES), EPOCH_NS + 20 * 10**9, "licence")
    made.write(renumbered(run, 20, 2, 1000))
    yield made
    made.close()


@contextlib.contextmanager
def stills_of(recorded: Recorded) -> Iterator[Stills]:
    stills = Stills(recorded.archive, "cam1", "main")
    try:
        yield stills
    finally:
        stills.close()


def number(still: Still | None) -> int | None:
    """What a decoder shows, which must be the picture of the still's time."""
    if still is None:
        return None
    assert number_of(still.units[-1].unit) == decoded_numbers(still.units)[still.shown_us]
    return number_of(still.units[-1].unit)


def picture_at(at_us: int) -> int:
    """The model: which picture is shown at or before a time."""
    elapsed = at_us - EPOCH_US
    if elapsed >= 20 * 10**6:
        return 1000 + min(int((elapsed - 20 * 10**6) * FPS / 10**6 + 0.001), PICTURES - 1)
    return min(max(int(elapsed * FPS / 10**6 + 0.001), 0), PICTURES - 1)


# Never so near to a picture's time that a tick decides.
TIMES = st.integers(-1000, 30_000).map(lambda ms: EPOCH_US + ms * 1000 + 333)
relaxed = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@relaxed
@given(at_us=TIMES)
def test_a_time_shows_the_picture_at_it_or_before(recorded: Recorded, at_us: int) -> None:
    with stills_of(recorded) as stills:
        assert number(stills.at(at_us)) == picture_at(at_us)


@relaxed
@given(at_us=TIMES)
def test_the_time_of_a_picture_leads_back_to_it(recorded: Recorded, at_us: int) -> None:
    with stills_of(recorded) as stills:
        found = stills.at(at_us)
        assert found is not None
        assert stills.at(found.shown_us) == found


def test_steps_give_every_picture_once_forward_and_back_over_all_borders(recorded: Recorded) -> None:
    everything = [*range(PICTURES), *range(1000, 1000 + PICTURES)]
    with stills_of(recorded) as stills:
        forward = [stills.at(EPOCH_US)]
        while (following := stills.step(forward[-1], 1)) is not None:
            forward.append(following)
        assert [number_of(still.units[-1].unit) for still in forward] == everything
        backward = [forward[-1]]
        while (before := stills.step(backward[-1], -1)) is not None:
            backward.append(before)
        assert [number_of(still.units[-1].unit) for still in backward] == everything[::-1]
        for still in (*forward[14:17], *forward[43:48], *forward[PICTURES - 1 : PICTURES + 2]):
            number(still)


def test_a_time_without_footage_says_why(recorded: Recorded) -> None:
    now_us = EPOCH_US + 60 * 10**6
    with stills_of(recorded) as stills:
        at_us = EPOCH_US + 12 * 10**6
        gap = stills.gap_at(stills.at(at_us), at_us, now_us)
        assert gap is not None and gap.reason == "licence"
        assert (gap.end_us - EPOCH_US) / 10**6 == pytest.approx(20, abs=0.001)
        for covered in (EPOCH_US + 5 * 10**6, EPOCH_US + 21 * 10**6):
            assert stills.gap_at(stills.at(covered), covered, now_us) is None


def test_without_any_footage_there_is_no_picture(tmp_path: Path) -> None:
    empty = Recorded(tmp_path)
    with stills_of(empty) as stills:
        assert stills.at(EPOCH_US) is None
    empty.close()


def test_what_grows_is_stepped_into_as_it_comes(tmp_path: Path) -> None:
    run = marked_run(PICTURES)
    growing = Recorded(tmp_path, segment_seconds=3)
    growing.write(run[:40], finish=False)
    with stills_of(growing) as stills:
        last = stills.at(EPOCH_US + 30 * 10**6)
        assert number(last) == 29  # whole groups are on disk
        assert stills.step(last, 1) is None
        growing.append(run[40:], finish=False)
        assert number(stills.step(last, 1)) == 30
        assert number(stills.at(EPOCH_US + 4 * 10**6 + 333)) == 60
    growing.close()


def test_footage_of_a_time_that_came_twice_is_reached_by_stepping(tmp_path: Path) -> None:
    """The clock was set back by four seconds: order is that of recording."""
    run = marked_run(PICTURES)
    twice = Recorded(tmp_path, segment_seconds=3)
    twice.write(run)
    twice.write(renumbered(run, 4, 2, 1000))
    with stills_of(twice) as stills:
        assert number(stills.at(EPOCH_US + 5 * 10**6 + 333)) == 75
        last = stills.at(EPOCH_US + 7_999_000)
        assert number(last) == PICTURES - 1
        first = stills.step(last, 1)
        assert first is not None and number(first) == 1000 and first.shown_us < last.shown_us
        assert number(stills.step(first, -1)) == PICTURES - 1
    twice.close()


def test_a_broken_fragment_is_passed_over_by_times_and_steps(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = Recorded(tmp_path, segment_seconds=60)
    broken.write(marked_run(PICTURES))
    (path,) = broken.volume.root.rglob("*.mp4")
    data = bytearray(path.read_bytes())
    heads = [at for at in range(len(data)) if data[at : at + 4] == b"moof"]
    data[heads[3] + 8 : heads[3] + 40] = bytes(32)
    path.write_bytes(data)
    with stills_of(broken) as stills:
        assert number(stills.at(EPOCH_US + 3_500_333)) == 44
        before = stills.at(EPOCH_US + 2_950_000)
        assert number(before) == 44
        after = stills.step(before, 1)
        assert number(after) == 60
        assert number(stills.step(after, -1)) == 44
    assert "footage left out" in caplog.text
    broken.close()
