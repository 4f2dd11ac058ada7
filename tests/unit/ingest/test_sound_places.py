"""Where sound lies beside pictures, and which picture it rides on."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.rtsp.rtp import SenderReport
from recorder.ingest.sound_clock import TRUST_SECONDS, SoundClock
from recorder.ingest.sound_queue import BYTES_MAX, FRAMES_MAX, SoundQueue

RATE = 16_000
FRAME = 1024
NTP = (2_208_988_800 + 1_800_000_000) << 32


def ticks(sound: int) -> int:
    return sound * 90_000 // RATE


def report(seconds: float) -> SenderReport:
    return SenderReport(ssrc=1, ntp=NTP + round(seconds * 2**32), timestamp=0)


def test_without_reports_the_earliest_arrival_says_where_sound_lies() -> None:
    clock = SoundClock(RATE)
    assert clock.pictures_time(0) is None
    for number, delay in enumerate((9000, 3000, 4500, 12_000)):
        clock.heard((number + 1) * FRAME, ticks((number + 1) * FRAME) + 500_000 + delay)
    assert clock.pictures_time(0) == 503_000


def test_the_cameras_reports_say_it_better() -> None:
    clock = SoundClock(RATE)
    clock.heard(FRAME, ticks(FRAME) + 450_000)
    clock.reported(report(10.5), 8000, report(10.0), 400_000)
    # at 10.5 s of the camera's clock: sound 8000, pictures 400000 + 45000
    assert clock.pictures_time(8000) == 445_000


def test_before_its_reports_the_cameras_answer_to_play_says_it() -> None:
    clock = SoundClock(RATE)
    clock.started(8000, 440_000)
    clock.heard(FRAME, ticks(FRAME) + 450_000)
    assert clock.pictures_time(8000) == 440_000
    clock.reported(report(10.5), 8000, report(10.0), 400_000)
    assert clock.pictures_time(8000) == 445_000


def test_reports_that_contradict_arrival_are_not_believed() -> None:
    clock = SoundClock(RATE)
    clock.heard(FRAME, ticks(FRAME) + 500_000)
    clock.reported(report(10 + TRUST_SECONDS + 8), 8000, report(10.0), 400_000)
    assert clock.pictures_time(0) == 500_000
    clock.reported(SenderReport(ssrc=1, ntp=0, timestamp=0), 8000, report(10.0), 400_000)
    assert clock.pictures_time(0) == 500_000


def test_a_jump_of_the_sounds_time_is_followed() -> None:
    clock = SoundClock(RATE)
    clock.heard(FRAME, ticks(FRAME) + 500_000)
    clock.heard(FRAME + 100 * RATE, ticks(2 * FRAME) + 500_000)
    assert clock.pictures_time(FRAME + 100 * RATE) == ticks(2 * FRAME) + 500_000


def test_a_clock_that_drifts_is_followed_window_by_window() -> None:
    clock = SoundClock(RATE)
    for second in range(600):
        clock.heard(second * RATE, second * 90_009)
    found = clock.pictures_time(599 * RATE)
    assert found is not None and 0 <= 599 * 90_009 - found <= 9 * 20


class Steady:
    """A labeller at its best: RTP time is media time, and label."""

    def place_of(self, timestamp: int) -> tuple[int, int] | None:
        return timestamp, timestamp * 100_000 // 9


@given(st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 9000)), max_size=50), st.lists(st.integers(0, 2**31)))
def test_no_frame_ends_after_the_picture_that_it_rides_on(frames: list[tuple[int, int]], labels: list[int]) -> None:
    queue = SoundQueue(Steady())
    for begin, length in frames:
        queue.add(b"x", begin, begin + length)
    ends = {begin: begin + length for begin, length in frames}
    for label in labels:
        for frame in queue.until(label):
            later = [begin + length for begin, length in frames if begin == frame.pts_90k]
            assert min(later) * 100_000 // 9 <= label
    assert len(ends) <= len(frames)


def test_sound_that_no_picture_takes_is_bounded() -> None:
    queue = SoundQueue(Steady())
    for number in range(3 * FRAMES_MAX):
        queue.add(bytes(100), number, number + 1)
    assert len(queue.until(10**12)) == FRAMES_MAX
    for number in range(100):
        queue.add(bytes(8000), number, number + 1)
    assert len(queue.until(10**12)) == BYTES_MAX // 8000
    assert not queue
