"""Sound goes to disk beside its pictures: whole, in its place, never beyond a cut, and never in their way."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.media.aac import low_complexity_config, sound_format
from recorder.media.access_unit import AccessUnit, SoundFrame
from recorder.segments.cutter import Cutter, ns_of_ticks
from recorder.segments.sound import SLIP_SECONDS, WAIT_SECONDS
from tests.unit.segments.test_cutter import T0_NS, TICKS, Segment, cut, cutter, segments_of, steady

RATE = 16_000
FORMAT = sound_format(low_complexity_config(RATE, 1))
FRAME = 1024 * 90_000 // RATE  # exactly
SOUNDING = replace(steady(1, 1)[0].format, sound=FORMAT)


def frames(seconds: float, *, start: int = 0) -> list[SoundFrame]:
    """Each says which it is."""
    return [
        SoundFrame(number.to_bytes(4, "big"), start + number * FRAME)
        for number in range(int(seconds * 90_000) // FRAME)
    ]


def with_sound(units: Sequence[AccessUnit], sound: Iterable[SoundFrame], late: int = 0) -> list[AccessUnit]:
    """As ingest makes them: frames come with the first picture by whose label they have ended, `late` ticks on."""
    waiting, found = list(sound), []
    for unit in units:
        ready = []
        while waiting and waiting[0].pts_90k + FRAME + late <= unit.pts_90k:
            ready.append(waiting.pop(0))
        found.append(replace(unit, format=SOUNDING, sound=tuple(ready)))
    return found


def sound_of(segment: Segment) -> list[tuple[int, bytes]]:
    """Where each frame of a segment lies, in samples from its start."""
    found = []
    for fragment in segment.fragments:
        if fragment.sound is None:
            continue
        at = fragment.sound.decode_time
        assert not found or at >= found[-1][0] + 1024, "time steps back"
        for data, duration in zip(fragment.sound.frames, fragment.sound.durations, strict=True):
            found.append((at, data))
            at += duration
    return found


@pytest.mark.parametrize("late_seconds", [0, 0.3, 0.8])
@pytest.mark.parametrize("segment_seconds", [2.0, 6.0])
def test_every_frame_is_written_once_into_the_segment_in_which_it_begins(
    late_seconds: float, segment_seconds: float
) -> None:
    sent = frames(40)
    late = round(late_seconds * 90_000)
    segments = cut(with_sound(steady(600, 15), sent, late), cutter(segment_seconds))
    assert len(segments) > 5
    written = [data for segment in segments for _, data in sound_of(segment)]
    assert written == [frame.data for frame in sent[: len(written)]]
    assert len(written) >= len(sent) - 2 - late // FRAME
    for segment in segments:
        start = segment.opened.start_pts_90k
        for at, data in sound_of(segment):
            wanted = int.from_bytes(data, "big") * 1024 - start * RATE // 90_000
            assert at == pytest.approx(wanted, abs=1) and 0 <= wanted < segment.end_ticks * RATE // 90_000
        assert all(after == before + 1024 for (before, _), (after, _) in pairwise(sound_of(segment)))
        for fragment in segment.fragments:
            sound_bytes = fragment.sound.data_bytes if fragment.sound else 0
            assert fragment.data_bytes == sum(len(unit.data) for unit in fragment.units) + sound_bytes
    for segment in segments[:-1]:
        end = sound_of(segment)[-1][0] + 1024
        assert 0 <= end - segment.end_ticks * RATE / 90_000 < 1024


def test_pictures_wait_for_sound_no_longer_than_a_second() -> None:
    under_test, written = cutter(60), []
    for unit in with_sound(steady(150, 15), frames(3)):
        for command in under_test.push(unit):
            if hasattr(command, "units"):
                written.append((unit.pts_90k - command.units[-1].pts_90k) / 90_000)
    assert written and max(written) <= WAIT_SECONDS + TICKS * 2 / 90_000


def test_pictures_are_written_without_delay_where_there_is_no_sound() -> None:
    def delays(under_test: Cutter, units: Iterable[AccessUnit]) -> list[int]:
        return [
            unit.pts_90k - command.units[-1].pts_90k
            for unit in units
            for command in under_test.push(unit)
            if hasattr(command, "units")
        ]

    assert set(delays(cutter(60), steady(150, 15))) == {TICKS}


def test_what_began_before_a_runs_first_picture_is_left_out() -> None:
    """It may have been captured while that was not allowed."""
    units = with_sound(steady(60, 15, start=15), frames(6))
    [segment] = cut(units, cutter(60))
    first = sound_of(segment)[0]
    assert int.from_bytes(first[1], "big") * FRAME >= units[0].pts_90k
    assert first[0] < 1024


@given(st.integers(1, 200), st.integers(-2, 2), st.sampled_from([0, 9000]))
def test_no_sound_at_the_cut_or_later_is_written(pictures: int, off_us: int, late: int) -> None:
    until = T0_NS + ns_of_ticks(pictures * TICKS) + off_us * 1000
    units = [unit for unit in with_sound(steady(250, 15), frames(18), late) if unit.utc_ns < until]
    for segment in cut(units, cutter(4), until_utc_ns=until):
        for at, _ in sound_of(segment):
            assert segment.opened.start_utc_ns + (at + 1024) * 10**9 // RATE < until


def test_a_hole_in_the_sound_stays_one_and_a_small_slip_does_not_become_one() -> None:
    hole = round(0.5 * 90_000)
    slip = round(SLIP_SECONDS * 0.9 * 90_000)
    sent = [
        frame._replace(pts_90k=frame.pts_90k + (hole if number >= 30 else 0) + (slip if number >= 10 else 0))
        for number, frame in enumerate(frames(6))
    ]
    [segment] = cut(with_sound(steady(90, 15), sent), cutter(60))
    places = {int.from_bytes(data, "big"): at for at, data in sound_of(segment)}
    assert places[29] == 29 * 1024
    assert places[30] == pytest.approx(30 * 1024 + (hole + slip) * RATE // 90_000, abs=1)
    assert places[40] == places[30] + 10 * 1024


def test_sound_that_steps_back_is_left_out_until_it_is_new() -> None:
    back = round(0.2 * 90_000)
    sent = [
        frame._replace(pts_90k=frame.pts_90k - (back if number >= 20 else 0)) for number, frame in enumerate(frames(5))
    ]
    [segment] = cut(with_sound(steady(80, 15), sent), cutter(60))
    numbers = [int.from_bytes(data, "big") for _, data in sound_of(segment)]
    assert numbers[:24] == [*range(20), 23, 24, 25, 26]


def test_sound_that_begins_or_ends_in_mid_stream_closes_the_segment() -> None:
    silent = steady(45, 15)
    sounding = [
        replace(unit, format=SOUNDING, sound=(SoundFrame(b"x", unit.pts_90k),) if number else ())
        for number, unit in enumerate(steady(45, 15, start=45))
    ]
    segments = cut([*silent, *sounding, *steady(45, 15, start=90)], cutter(60))
    assert [segment.opened.format.sound for segment in segments] == [None, FORMAT, None]
    assert [segment.opened.seq for segment in segments] == [0, 1, 2]
    assert len(sound_of(segments[1])) > 40


def test_an_abandoned_run_leaves_nothing_behind() -> None:
    under_test = cutter(60)
    units = with_sound(steady(60, 15), frames(4), late=45_000)
    for unit in units[:40]:
        under_test.push(unit)
    under_test.abort()
    again = [replace(unit, run=2) for unit in units]
    commands = [command for unit in again for command in under_test.push(unit)]
    [segment] = segments_of([*commands, *under_test.finish()])
    assert segment.opened.run == 6 and segment.units == again
