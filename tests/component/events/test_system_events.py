"""What happens to the recorder itself becomes events, once each."""

from datetime import timedelta
from typing import get_args

import pytest

from gate.client.gate import Gate
from gate.clock import SimulatedClock
from gate.licence.clock_evidence import ClockDoubt
from gate.licence.decision import DenialCode
from gate.licence.profile import RECORDING_SURVIVES
from recorder.events.system import LOST_SECONDS, NEVER_SEEN_SECONDS, SystemWatch
from recorder.events.words import detail_in
from recorder.state import CameraState, RecordingState, StateBoard, StreamPhase, StreamState
from tests.fakes.entitlements import NEW_YEAR, at, entitlement, span


class Ears:
    """Takes system events."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str | None, str, str]] = []

    def begin_system(self, camera: str | None, kind: str, detail: str) -> None:
        self.heard.append(("begin", camera, kind, detail))

    def end_system(self, camera: str | None, kind: str, detail: str) -> None:
        self.heard.append(("end", camera, kind, detail))

    def take(self) -> list[tuple[str, str | None, str, str]]:
        heard, self.heard = self.heard, []
        return heard


class Site:
    def __init__(self) -> None:
        self.clock = SimulatedClock(NEW_YEAR)
        self.gate = Gate(clock=self.clock, device_id="rec-1", cameras=["cam1"])
        self.gate.install(entitlement({"cam1": (span(-1000, 1000),)}, issued_at=at(-1000)))
        self.stream = StreamState(phase="streaming", since=NEW_YEAR, units=1)
        camera = CameraState(
            id="cam1", name="", streams={"main": self.stream}, recording=RecordingState(since=NEW_YEAR)
        )
        self.board = StateBoard(cameras={"cam1": camera})
        self.ears = Ears()
        self.watch = SystemWatch(board=self.board, gate=self.gate, clock=self.clock, events=self.ears)

    def look(self) -> list[tuple[str, str | None, str, str]]:
        self.watch.run_once()
        return self.ears.take()


@pytest.fixture
def site() -> Site:
    return Site()


def test_while_all_is_well_nothing_is_told(site: Site) -> None:
    assert site.look() == []


async def test_a_camera_is_lost_after_seconds_and_comes_back(site: Site) -> None:
    site.stream.phase, site.stream.message = "stalled", "no picture for 10 s"
    site.stream.since = site.clock.now()
    assert site.look() == [], "a reconnect is no event"
    await site.clock.advance(LOST_SECONDS)
    assert site.look() == [("begin", "cam1", "camera_lost", "stalled")]
    site.stream.phase, site.stream.message = "refused", "connection refused"
    assert site.look() == [], "other words, the same event"
    site.stream.phase, site.stream.since = "streaming", site.clock.now()
    assert site.look() == [("end", "cam1", "camera_lost", "stalled")]


async def test_a_camera_that_has_not_come_yet_has_more_time(site: Site) -> None:
    site.stream.phase, site.stream.units = "connecting", 0
    await site.clock.advance(NEVER_SEEN_SECONDS - 1)
    assert site.look() == []
    await site.clock.advance(1)
    assert site.look() == [("begin", "cam1", "camera_lost", "connecting")]


def test_a_recorder_without_any_licence_has_lost_none(site: Site) -> None:
    site.gate.install(None)
    assert site.look() == []


def test_a_disk_in_trouble_is_told_with_its_words(site: Site) -> None:
    site.board.storage.message = "the disk is full"
    assert site.look() == [("begin", None, "disk", "the disk is full")]
    site.board.storage.message = ""
    assert site.look() == [("end", None, "disk", "the disk is full")]


async def test_a_lapse_and_its_end_are_told_for_the_camera(site: Site) -> None:
    await site.clock.advance(timedelta(seconds=1001).total_seconds())
    assert site.look() == [("begin", "cam1", "licence", "EXPIRED")]
    site.gate.install(entitlement({"cam1": (span(-1000, 5000),)}, seq=2, issued_at=at(-1000)))
    assert site.look() == [("end", "cam1", "licence", "EXPIRED")]


async def test_a_lapse_is_told_also_where_recording_goes_on_without_a_licence(site: Site) -> None:
    site.gate = Gate(clock=site.clock, device_id="rec-1", cameras=["cam1"], profile=RECORDING_SURVIVES)
    sha256 = RECORDING_SURVIVES.sha256
    site.gate.install(entitlement({"cam1": (span(-1000, 1000),)}, issued_at=at(-1000), profile_sha256=sha256))
    site.watch = SystemWatch(board=site.board, gate=site.gate, clock=site.clock, events=site.ears)
    assert site.look() == []
    await site.clock.advance(1001)
    assert site.look() == [("begin", "cam1", "licence", "EXPIRED")]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("camera_lost", phase) for phase in get_args(StreamPhase) if phase not in ("streaming", "off")]
    + [("licence", code.value) for code in DenialCode]
    + [("clock", doubt.value) for doubt in ClockDoubt],
)
def test_every_code_of_the_recorders_own_events_has_words_in_both_languages(kind: str, code: str) -> None:
    words = {detail_in(kind, code, "ja"), detail_in(kind, code, "en")}
    assert len(words) == 2 and code not in words
    assert detail_in(kind, "written by an older version", "ja") == "written by an older version"


def test_a_camera_that_is_taken_out_ends_what_lasted(site: Site) -> None:
    site.stream.phase, site.stream.since = "stalled", NEW_YEAR - timedelta(minutes=1)
    assert len(site.look()) == 1
    site.board.cameras.clear()
    assert site.look() == [("end", "cam1", "camera_lost", "stalled")]
