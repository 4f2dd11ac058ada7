"""The site state object: times, licences, the matrix. Pure."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gate.licence.decision import Decision, DenialCode, Denied, Granted
from gate.licence.features import Feature
from gate.licence.profile import REMO, Profile
from recorder.config import DeviceConfig
from recorder.site_state import Moment, last_valid_day, site_state
from recorder.state import CameraState, RecordingState, StateBoard, StreamState

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
UNTIL = datetime(2027, 12, 31, 15, 0, tzinfo=UTC)  # midnight in Tokyo
TOKYO = ZoneInfo("Asia/Tokyo")


class FakeGate:
    """Grants what continues, and everything to the licensed cameras."""

    profile: Profile = REMO

    def __init__(self, *licensed: str) -> None:
        self._licensed = licensed

    def decide(self, feature: Feature, camera: str | None) -> Decision:
        if feature in REMO.continues:
            return Granted(until=None)
        if self._licensed and (camera is None or camera in self._licensed):
            return Granted(until=UNTIL)
        return Denied(code=DenialCode.EXPIRED, feature=feature, camera=camera, since=NOW)


def board() -> StateBoard:
    return StateBoard(
        cameras={
            name: CameraState(
                id=name,
                name=name.upper(),
                streams={"main": StreamState(since=NOW, last_unit_monotonic_ns=4_960_000_000)},
                recording=RecordingState(since=NOW, last_picture=NOW),
            )
            for name in ("cam1", "cam2")
        }
    )


def state(gate: FakeGate, language: str = "en") -> dict[str, object]:
    device = DeviceConfig.model_validate({"id": "rec-1", "data_dir": "/nowhere"})
    moment = Moment(now=NOW, monotonic_ns=5_000_000_000)
    return site_state(device=device, board=board(), gate=gate, moment=moment, language=language)  # type: ignore[arg-type]


def test_a_licensed_camera_tells_its_end_and_its_last_valid_day() -> None:
    licence = state(FakeGate("cam1"))["cameras"][0]["licence"]  # type: ignore[index]
    assert licence == {
        "state": "active",
        "until": "2027-12-31T15:00:00+00:00",
        "last_day": "2027-12-31",
        "denial": None,
    }


def test_a_lapsed_camera_tells_the_problem_of_its_recording_in_the_language_asked_for() -> None:
    licence = state(FakeGate("cam1"), "ja")["cameras"][1]["licence"]  # type: ignore[index]
    assert (licence["state"], licence["until"], licence["last_day"]) == ("lapsed", None, None)
    assert (licence["denial"]["code"], licence["denial"]["feature"]) == ("EXPIRED", "recording")
    assert licence["denial"]["title"] == "ライセンスの有効期限が切れています"
    assert "14:00:00 JST" in licence["denial"]["detail"]


def test_the_age_of_a_stream_is_monotonic_and_null_before_the_first_picture() -> None:
    made = board()
    made.cameras["cam2"].streams["main"].last_unit_monotonic_ns = None
    device = DeviceConfig.model_validate({"id": "rec-1", "data_dir": "/nowhere"})
    moment = Moment(now=NOW, monotonic_ns=5_000_000_000)
    cameras = site_state(device=device, board=made, gate=FakeGate(), moment=moment, language="en")["cameras"]
    assert [camera["streams"]["main"]["age_ms"] for camera in cameras] == [40, None]


def test_the_matrix_has_nine_rows_and_says_what_is_allowed_now() -> None:
    rows = {row["id"]: row for row in state(FakeGate("cam1"))["features"]}  # type: ignore[attr-defined]
    assert list(rows) == [f"M{number}" for number in range(1, 10)]
    assert [name for name, row in rows.items() if row["lapsed"] == "continues"] == ["M1", "M4", "M6", "M7"]
    assert all(row["allowed"] for row in rows.values())
    assert rows["M2"]["denied_cameras"] == ["cam2"]
    assert rows["M9"]["denied_cameras"] == rows["M1"]["denied_cameras"] == []


def test_with_no_licence_only_hdmi_and_the_sd_card_go_on() -> None:
    rows = state(FakeGate())["features"]
    assert [row["id"] for row in rows if row["allowed"]] == ["M1", "M4", "M6", "M7"]  # type: ignore[attr-defined]


@given(st.dates(date(2020, 1, 1), date(2100, 1, 1)))
def test_a_licence_that_ends_at_local_midnight_is_last_valid_on_the_day_before(day: date) -> None:
    until = datetime(day.year, day.month, day.day, tzinfo=TOKYO).astimezone(UTC)
    assert last_valid_day(until, TOKYO) == day - timedelta(days=1)
    assert last_valid_day(until + timedelta(microseconds=1), TOKYO) == day
