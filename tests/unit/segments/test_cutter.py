"""Whatever a camera sends, the cutter loses no picture, doubles none, and keeps its bounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.segments import cutter as cutter_module
from recorder.segments.cutter import (
    FRAGMENT_SECONDS,
    UNIT_SECONDS_MAX,
    Cutter,
    ns_of_ticks,
)
from recorder.segments.disk_commands import CloseSegment, Command, OpenSegment, WriteFragment

T0_NS = 1_790_000_000_000_000_000
TICKS = 6000  # 15 pictures a second
FORMATS = [
    VideoFormat(
        codec="h264",
        parameter_sets=(b"\x67", b"\x68"),
        width=width,
        height=360,
        decoder_configuration=b"",
        codecs="avc1.64001F",
    )
    for width in (640, 320)
]


def unit(
    pts: int, *, key: bool = False, run: int = 1, format: int = 0, data: bytes = b"x", late_ns: int = 0
) -> AccessUnit:
    utc_ns = T0_NS + late_ns + ns_of_ticks(pts)
    return AccessUnit(format=FORMATS[format], data=data, key=key, run=run, pts_90k=pts, utc_ns=utc_ns, arrival_ns=0)


def steady(pictures: int, gop: int, start: int = 0) -> list[AccessUnit]:
    return [unit((start + number) * TICKS, key=number % gop == 0) for number in range(pictures)]


def cutter(segment_seconds: float = 10, camera: str = "cam1", bytes_max: int = 1 << 40) -> Cutter:
    return Cutter(camera=camera, segment_seconds=segment_seconds, segment_bytes_max=bytes_max, next_run=5)


@dataclass
class Segment:
    opened: OpenSegment
    fragments: list[WriteFragment] = field(default_factory=list)
    closed: CloseSegment | None = None

    @property
    def units(self) -> list[AccessUnit]:
        return [unit for fragment in self.fragments for unit in fragment.units]

    @property
    def durations(self) -> list[int]:
        return [ticks for fragment in self.fragments for ticks in fragment.durations_90k]

    @property
    def end_ticks(self) -> int:
        return self.fragments[-1].decode_time_90k + sum(self.fragments[-1].durations_90k)


def segments_of(commands: Iterable[Command]) -> list[Segment]:
    """Checks the grammar on the way: open, one fragment at least, close."""
    segments: list[Segment] = []
    for command in commands:
        if isinstance(command, OpenSegment):
            assert not segments or segments[-1].closed, "two segments are open"
            segments.append(Segment(command))
        elif isinstance(command, WriteFragment):
            assert segments[-1].closed is None
            segments[-1].fragments.append(command)
        else:
            assert segments[-1].closed is None and segments[-1].fragments
            segments[-1].closed = command
    return segments


def cut(
    units: Iterable[AccessUnit], under_test: Cutter | None = None, until_utc_ns: int | None = None
) -> list[Segment]:
    under_test = under_test or cutter()
    commands = [command for unit in units for command in under_test.push(unit)]
    return segments_of([*commands, *under_test.finish(until_utc_ns)])


@st.composite
def streams(draw: st.DrawFn) -> list[AccessUnit]:
    """Runs of pictures with odd intervals, steps back, holes, changes of format, and sizes."""
    units: list[AccessUnit] = []
    pts = format = 0
    for run in range(draw(st.integers(1, 3))):
        interval = st.sampled_from([TICKS] * 20 + [1, 3000, 90_000, 400_000, 700_000, -2000, 0])
        for _ in range(draw(st.integers(0, 60))):
            key = draw(st.sampled_from([True] + [False] * 9))
            if draw(st.sampled_from([True] + [False] * 30)):
                format = 1 - format
            units.append(unit(pts, key=key, run=run, format=format, data=bytes(draw(st.integers(1, 9)))))
            pts = max(pts + draw(interval), 0)
    return units


@settings(max_examples=40)
@given(streams(), st.sampled_from([2.0, 5.0, 60.0]))
def test_every_picture_after_a_runs_first_key_frame_is_written_once_in_order(
    units: list[AccessUnit], segment_seconds: float
) -> None:
    written = [unit for segment in cut(units, cutter(segment_seconds)) for unit in segment.units]
    expected: list[AccessUnit] = []
    source: tuple[int, VideoFormat] | None = None
    for incoming in units:
        if incoming.key:
            source = incoming.run, incoming.format
        elif source != (incoming.run, incoming.format):
            source = None
        if source is not None:
            expected.append(incoming)
    assert written == expected


@settings(max_examples=40)
@given(streams(), st.sampled_from([2.0, 5.0, 60.0]))
def test_segments_begin_with_a_key_frame_of_their_format_and_are_numbered_without_holes(
    units: list[AccessUnit], segment_seconds: float
) -> None:
    segments = cut(units, cutter(segment_seconds))
    for segment in segments:
        first = segment.units[0]
        assert first.key and segment.opened.start_utc_ns == first.utc_ns
        assert segment.fragments[0].decode_time_90k == 0
        assert {unit.format.width for unit in segment.units} == {segment.opened.format.width}
        assert len({unit.run for unit in segment.units}) == 1
    identities = [(segment.opened.run, segment.opened.seq) for segment in segments]
    for (run, seq), (next_run, next_seq) in pairwise(identities):
        assert (next_run, next_seq) in ((run, seq + 1), (run + 1, 0))
    assert not identities or identities[0] == (5, 0)


@settings(max_examples=40)
@given(streams(), st.sampled_from([2.0, 5.0, 60.0]))
def test_fragments_keep_their_bound_and_decode_times_never_step_back(
    units: list[AccessUnit], segment_seconds: float
) -> None:
    for segment in cut(units, cutter(segment_seconds)):
        end = 0
        for fragment in segment.fragments:
            assert fragment.decode_time_90k >= end
            assert len(fragment.units) == len(fragment.durations_90k)
            assert fragment.data_bytes == sum(len(unit.data) for unit in fragment.units)
            *inner, last = fragment.durations_90k
            assert all(ticks > 0 for ticks in inner) and 0 <= last <= UNIT_SECONDS_MAX * 90_000
            assert all(unit.pts_90k - fragment.units[0].pts_90k < FRAGMENT_SECONDS * 90_000 for unit in fragment.units)
            end = fragment.decode_time_90k + sum(fragment.durations_90k)
        assert segment.closed is not None and segment.closed.end_utc_ns >= segment.opened.start_utc_ns


@given(st.integers(1, 400), st.integers(1, 40), st.sampled_from([2.0, 7.0, 60.0]))
def test_of_a_steady_stream_media_time_is_exact_across_segments(
    pictures: int, gop: int, segment_seconds: float
) -> None:
    segments = cut(steady(pictures, gop), cutter(segment_seconds))
    assert {ticks for segment in segments[:-1] for ticks in segment.durations} <= {TICKS}
    for before, after in pairwise(segments):
        assert before.units[0].pts_90k + before.end_ticks == after.units[0].pts_90k
        assert before.closed is not None and 0 <= after.opened.start_utc_ns - before.closed.end_utc_ns <= 1
    for segment in segments:
        assert segment.end_ticks == sum(segment.durations)


@given(st.integers(1, 30), st.sampled_from([4.0, 10.0, 60.0]))
def test_a_segment_of_steady_groups_never_exceeds_its_length(gop: int, segment_seconds: float) -> None:
    segments = cut(steady(1000, gop), cutter(segment_seconds))
    assert all(sum(segment.durations) <= segment_seconds * 90_000 for segment in segments)
    full = segments[1:-1]
    assert all(sum(segment.durations) > segment_seconds * 90_000 - gop * TICKS for segment in full)


def test_the_first_rotation_comes_at_each_cameras_own_time() -> None:
    lengths = {
        camera: sum(cut(steady(2000, 15), cutter(60, camera))[0].durations) / 90_000
        for camera in ("cam1", "cam2", "cam3", "cam4", "cam5", "cam6")
    }
    assert len(set(lengths.values())) == 6
    assert all(FRAGMENT_SECONDS <= seconds <= 60 for seconds in lengths.values())


def test_a_cut_ends_the_last_picture_at_the_cut_at_the_latest() -> None:
    units = steady(20, 15)
    for late_ns in (0, 1, 30_000_000, 66_666_666, 80_000_000):
        until = units[-1].utc_ns + late_ns
        [segment] = cut(units, until_utc_ns=until)
        assert segment.closed is not None
        assert segment.closed.end_utc_ns <= until
        assert segment.durations[-1] == min(TICKS, late_ns * 9 // 100_000)
        assert segment.units == units


def test_an_open_group_is_written_as_a_short_fragment_at_the_end() -> None:
    [segment] = cut(steady(20, 15))
    assert [len(fragment.units) for fragment in segment.fragments] == [15, 5]
    assert segment.durations == [TICKS] * 20


def test_a_long_group_is_split() -> None:
    [segment] = cut(steady(100, 1000), cutter(60))
    assert [len(fragment.units) for fragment in segment.fragments] == [30, 30, 30, 10]
    assert [fragment.units[0].key for fragment in segment.fragments] == [True, False, False, False]


def test_a_camera_without_key_frames_is_asked_for_one_and_ends_its_run_at_the_hard_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cutter_module, "_SEGMENT_TICKS_HARD", 60 * 90_000)
    under_test = cutter(4)
    overdue = [under_test.overdue for unit in steady(15 * 70, 10_000) if under_test.push(unit) is not None]
    assert not any(overdue[: 15 * 8]) and overdue[15 * 12]
    assert not under_test.recording


def test_a_fragment_too_large_for_memory_is_cut_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutter_module, "FRAGMENT_BYTES_MAX", 1000)
    [segment] = cut([replace(unit, data=bytes(400)) for unit in steady(9, 1000)])
    assert [len(fragment.units) for fragment in segment.fragments] == [3, 3, 3]


def test_a_segment_too_large_for_the_volume_rotates_at_the_next_key_frame() -> None:
    units = [replace(unit, data=bytes(100)) for unit in steady(60, 15)]
    segments = cut(units, cutter(60, bytes_max=1500))
    assert [len(segment.units) for segment in segments] == [15, 15, 15, 15]


def test_a_new_format_at_a_key_frame_continues_the_run_in_a_new_segment() -> None:
    units = steady(15, 15) + [replace(unit, format=FORMATS[1]) for unit in steady(15, 15, start=15)]
    first, second = cut(units)
    assert [(s.opened.run, s.opened.seq, s.opened.format.width) for s in (first, second)] == [(5, 0, 640), (5, 1, 320)]
    assert first.durations == [TICKS] * 15


def test_equal_formats_are_one_format() -> None:
    twin = replace(FORMATS[0])
    [segment] = cut([*steady(15, 15), *[replace(unit, format=twin) for unit in steady(15, 15, start=15)]])
    assert len(segment.units) == 30


def test_a_silence_is_flushed_without_the_last_picture_and_continues_exactly() -> None:
    under_test = cutter()
    units = steady(30, 15)
    commands: list[Command] = [command for unit in units[:20] for command in under_test.push(unit)]
    flushed = under_test.flush()
    assert [len(command.units) for command in flushed if isinstance(command, WriteFragment)] == [4]
    assert under_test.flush() == ()
    commands += flushed
    commands += [command for unit in units[20:] for command in under_test.push(unit)]
    [segment] = segments_of([*commands, *under_test.finish()])
    assert segment.units == units and segment.durations == [TICKS] * 30


def test_a_hole_longer_than_a_picture_may_last_stays_a_hole() -> None:
    hole = 7 * 90_000
    units = [*steady(10, 10), unit(9 * TICKS + hole), unit(10 * TICKS + hole)]
    [segment] = cut(units)
    first, second = segment.fragments
    assert first.durations_90k[-1] == UNIT_SECONDS_MAX * 90_000
    assert second.decode_time_90k == 9 * TICKS + hole
    assert segment.closed is not None
    assert abs(segment.closed.end_utc_ns - T0_NS - ns_of_ticks(11 * TICKS + hole)) <= 1


def test_after_an_abort_a_new_run_begins_at_the_next_key_frame() -> None:
    under_test = cutter()
    units = steady(45, 15)
    for each in units[:20]:
        under_test.push(each)
    under_test.abort()
    [segment] = cut(units[20:], under_test)
    assert (segment.opened.run, segment.opened.seq) == (6, 0)
    assert segment.units == units[30:]


def test_units_before_the_first_key_frame_are_left_out() -> None:
    units: Sequence[AccessUnit] = [unit(n * TICKS) for n in range(5)]
    under_test = cutter()
    assert cut(units, under_test) == [] and not under_test.recording


PLACES = [3, 1, 2]
"""Two B-frames between two others."""


def with_b_frames(groups: int, *, is_open: bool) -> list[AccessUnit]:
    """Groups of a key frame and three times PLACES. Of open groups the key frame overtakes the two before it."""
    shown: list[int] = []
    keys = set()
    for group in range(groups):
        start = group * (12 if is_open else 10)
        keys.add(len(shown))
        shown += [start] if not is_open or not group else [start, start - 2, start - 1]
        shown += [start + step + place for step in (0, 3, 6) for place in PLACES]
    latest_ns, units = 0, []
    for number, place in enumerate(shown):
        latest_ns = max(latest_ns + 1000, T0_NS + ns_of_ticks(place * TICKS))
        units.append(
            replace(
                unit(place * TICKS, key=number in keys),
                utc_ns=latest_ns,
                composition_90k=(place - number) * TICKS,
            )
        )
    return units


def shown_ns(segment: Segment) -> list[int]:
    """When each picture of a segment is shown, as its file says."""
    found = []
    for fragment in segment.fragments:
        time = fragment.decode_time_90k
        offsets = fragment.offsets_90k or [0] * len(fragment.units)
        for ticks, offset in zip(fragment.durations_90k, offsets, strict=True):
            found.append(segment.opened.start_utc_ns + ns_of_ticks(time + offset))
            time += ticks
    return found


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("begin", [0, 1])
def test_b_frames_are_shown_when_they_were_taken_across_fragments_and_segments(is_open: bool, begin: int) -> None:
    units = with_b_frames(40, is_open=is_open)
    units = units[10 * begin :]
    segments = cut(units, cutter(4))
    assert len(segments) > 4
    first_key = segments[0].units[0]
    leading = [one for one in units[:3] if one.pts_90k < first_key.pts_90k]
    assert len(leading) == (2 if is_open and begin else 0), "what cannot be decoded is left out"
    assert [one for segment in segments for one in segment.units] == [one for one in units if one not in leading]
    for segment in segments:
        wanted = [T0_NS + ns_of_ticks(one.pts_90k) for one in segment.units]
        assert shown_ns(segment) == pytest.approx(wanted, abs=12_000)
        assert min(shown_ns(segment)) >= segment.opened.start_utc_ns
        assert segment.fragments[0].decode_time_90k == 0
        lowest = min(min(fragment.offsets_90k, default=0) for fragment in segment.fragments)
        assert segment.fragments[0].delay_90k == -lowest == TICKS
    for before, after in pairwise(segments):
        assert before.closed is not None and abs(after.opened.start_utc_ns - before.closed.end_utc_ns) <= 12_000


@given(st.integers(1, 130), st.integers(-2, 2))
def test_no_picture_shown_at_the_cut_or_later_is_written(number: int, off_us: int) -> None:
    """Labels are those of recorder.ingest.labels: of the latest picture so far."""
    units = with_b_frames(12, is_open=False)
    until = T0_NS + ns_of_ticks(number * TICKS) + off_us * 1000
    segments = cut([one for one in units if one.utc_ns < until], cutter(60), until_utc_ns=until)
    assert all(shown < until for segment in segments for shown in shown_ns(segment))
    assert segments[-1].closed is not None and segments[-1].closed.end_utc_ns <= until
