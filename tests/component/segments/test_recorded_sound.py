"""Sound on disk: cut with the pictures at an expiry, kept with them before an event, found torn where it is."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from recorder.media.aac import low_complexity_config, sound_format
from recorder.media.access_unit import AccessUnit, SoundFrame, VideoFormat
from recorder.media.fmp4 import parse_fragment_head, walk_boxes
from recorder.segments.mode import RecordingMode
from recorder.segments.recovery import walk_segment
from tests.component.segments.conftest import Index, Opening
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS, access_units

RATE = 16_000
FORMAT = sound_format(low_complexity_config(RATE, 1))
FRAME_TICKS = 1024 * 90_000 // RATE
SECOND = 10**9
SOUND = b"sound" * 20


@cache
def sounding_format() -> VideoFormat:
    return replace(access_units(1)[0].format, sound=FORMAT)


def sounding(pictures: int, *, late_pictures: int = 2) -> list[AccessUnit]:
    """Pictures with sound, each frame of which says which it is and comes some pictures late."""
    units: list[AccessUnit] = []
    pictures_alone, number = access_units(pictures), 0
    for index, unit in enumerate(pictures_alone):
        frames = []
        while (number + 1) * FRAME_TICKS <= pictures_alone[max(index - late_pictures, 0)].pts_90k:
            frames.append(SoundFrame(number.to_bytes(3, "big") + SOUND, number * FRAME_TICKS))
            number += 1
        units.append(replace(unit, format=sounding_format(), sound=tuple(frames)))
    return units


def frames_of(path: Path) -> Iterator[tuple[int, int]]:
    """Number and end (ns after the segment's start) of each frame in a file."""
    content = path.read_bytes()
    boxes = [
        box
        for box in walk_boxes(lambda at, size: content[at : at + size], len(content))
        if box.kind in (b"moof", b"mdat")
    ]
    for moof, mdat in zip(boxes[::2], boxes[1::2], strict=True):
        head = parse_fragment_head(content[moof.offset : moof.offset + moof.size])
        if head.sound is None:
            continue
        at, samples = mdat.body + head.picture_bytes, head.sound.decode_time
        for size, duration in zip(head.sound.frame_bytes, head.sound.durations, strict=True):
            yield int.from_bytes(content[at : at + 3], "big"), (samples + 1024) * SECOND // RATE
            at, samples = at + size, samples + duration
        assert at == mdat.offset + mdat.size


@pytest.mark.parametrize("licensed_seconds", [7.0, 7.31, 7.499999])
async def test_no_sound_that_ends_after_an_expiry_is_on_disk(
    open_site: Opening, index: Index, licensed_seconds: float
) -> None:
    async with open_site(licensed=(0, licensed_seconds)) as site:
        await site.play(sounding(10 * FPS))
        assert site.state() == ("stopped", "licence")
    stored = []
    for row, path in zip(index.segments(), index.files(), strict=True):
        for number, end_ns in frames_of(path):
            assert row.start_utc_ns + end_ns <= EPOCH_NS + licensed_seconds * SECOND
            stored.append(number)
    assert stored == list(range(len(stored))), "none is missing, none is there twice"
    late_seconds = 3 / FPS + 2 * 1024 / RATE
    assert len(stored) * 1024 / RATE > licensed_seconds - late_seconds


async def test_an_events_recording_has_the_sound_from_before_it(open_site: Opening, index: Index) -> None:
    mode = RecordingMode(name="event", pre_event_seconds=3, post_event_seconds=2, schedule=None)
    async with open_site(mode=mode) as site:
        units = sounding(16 * FPS)
        await site.play(units[: 8 * FPS])
        assert site.recorders["cam1"].trigger()
        await site.play(units[8 * FPS :])
    stored = [number for path in index.files() for number, _ in frames_of(path)]
    begin_seconds = (index.segments()[0].start_utc_ns - EPOCH_NS) / SECOND
    assert begin_seconds < 5.1
    assert stored[0] == pytest.approx(begin_seconds * RATE / 1024, abs=1)
    assert stored == list(range(stored[0], stored[0] + len(stored)))
    assert stored[-1] * 1024 / RATE > 9.5


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """A file that ends with a frame of sound."""
    recorded = Recorded(tmp_path / "data", segment_seconds=60)
    recorded.write(sounding(6 * FPS))
    recorded.close()
    [path] = (tmp_path / "data").rglob("*.mp4")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(SOUND) + len(SOUND)])
    return path


def test_a_file_with_sound_is_read_back_whole(segment: Path) -> None:
    walked = walk_segment(segment, unsynced=True)
    assert walked is not None and walked.torn_bytes == 0
    assert walked.format.sound == FORMAT
    assert walked.content.samples > 5 * FPS


@pytest.mark.parametrize("damage", ["cut off", "zeros"])
def test_a_fragment_whose_sound_never_reached_the_disk_is_torn(segment: Path, damage: str) -> None:
    whole = walk_segment(segment, unsynced=True)
    content = bytearray(segment.read_bytes())
    end = len(content)
    start = end - len(SOUND) - 3
    if damage == "zeros":
        content[start:end] = bytes(end - start)
    else:
        del content[end - 1 :]
    segment.write_bytes(content)
    walked = walk_segment(segment, unsynced=True)
    assert whole is not None and walked is not None
    assert len(walked.content.fragments) == len(whole.content.fragments) - 1
    assert walked.torn_bytes > 0
