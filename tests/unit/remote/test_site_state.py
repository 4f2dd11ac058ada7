"""The site state object: times, licences, the matrix. Pure."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gate.licence.clock_evidence import ClockEvidence, ClockSource
from gate.licence.decision import Decision, decide
from gate.licence.entitlement import CameraGrant, Entitlement, Interval, Kind
from gate.licence.features import Feature
from gate.licence.profile import GRACE_30D, RECORDING_SURVIVES, REMO, Profile
from recorder.config import DeviceConfig
from recorder.site_state import Moment, last_valid_day, site_state
from recorder.state import CameraState, RecordingState, StateBoard, StreamState

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
UNTIL = datetime(2027, 12, 31, 15, 0, tzinfo=UTC)  # midnight in Tokyo
TOKYO = ZoneInfo("Asia/Tokyo")


class FakeGate:
    """The pure core at NOW: the licensed cameras until UNTIL, the licences of the others have ended at NOW."""

    kind: Kind = "edge"

    def __init__(self, *licensed: str, profile: Profile = REMO) -> None:
        self.profile = profile
        grants = {
            camera: CameraGrant(
                kind="edge", intervals=(Interval(NOW - timedelta(days=90), UNTIL if camera in licensed else NOW),)
            )
            for camera in ("cam1", "cam2")
        }
        self.entitlement = Entitlement(
            kid="0" * 16,
            device_id="rec-1",
            device_pubkey_sha256=None,
            seq=1,
            issued_at=NOW - timedelta(days=90),
            stale_after=None,
            cameras=grants,
            profile=profile.name,
            profile_sha256=profile.sha256,
        )

    def decide(self, feature: Feature, camera: str | None) -> Decision:
        return decide(self.entitlement, self.profile, feature, camera, NOW)

    def evidence(self) -> ClockEvidence:
        return ClockEvidence(source=ClockSource.WALL, now=NOW)


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
        "grace_until": None,
        "denial": None,
    }


def test_a_lapsed_camera_tells_the_problem_of_its_recording_in_the_language_asked_for() -> None:
    licence = state(FakeGate("cam1"), "ja")["cameras"][1]["licence"]  # type: ignore[index]
    assert (licence["state"], licence["until"], licence["last_day"]) == ("lapsed", None, None)
    assert (licence["denial"]["code"], licence["denial"]["feature"]) == ("EXPIRED", "recording")
    assert licence["denial"]["title"] == "ライセンスの有効期限が切れています"
    assert "14:00:00 JST" in licence["denial"]["detail"]


def test_a_licence_that_has_ended_is_lapsed_although_recording_goes_on_without_one() -> None:
    told = state(FakeGate("cam1", profile=RECORDING_SURVIVES))
    active, lapsed = (camera["licence"] for camera in told["cameras"])  # type: ignore[attr-defined]
    assert (active["state"], active["last_day"]) == ("active", "2027-12-31")
    assert (lapsed["state"], lapsed["denial"]["code"], lapsed["denial"]["since"]) == ("lapsed", "EXPIRED", iso(NOW))
    assert lapsed["denial"]["feature"] == "remote_live", "what is said to have stopped has stopped"
    rows = {row["id"]: row for row in told["features"]}  # type: ignore[attr-defined]
    assert (rows["M3"]["lapsed"], rows["M3"]["denied_cameras"]) == ("continues", [])
    assert rows["M2"]["denied_cameras"] == ["cam2"]


def test_in_its_grace_a_licence_is_lapsed_and_nothing_has_stopped() -> None:
    told = state(FakeGate("cam1", profile=GRACE_30D))
    licence = told["cameras"][1]["licence"]  # type: ignore[index]
    assert (licence["state"], licence["grace_until"]) == ("lapsed", iso(NOW + timedelta(days=30)))
    assert "goes on" in licence["denial"]["detail"] and "stopped" not in licence["denial"]["detail"]
    assert not [row for row in told["features"] if row["denied_cameras"]]  # type: ignore[attr-defined]


def test_the_site_says_until_when_a_recorder_shows_itself() -> None:
    made, device = board(), DeviceConfig.model_validate({"id": "rec-1", "data_dir": "/nowhere"})
    moment, version = Moment(now=NOW, monotonic_ns=5_000_000_000), made.version
    made.identify(NOW + timedelta(seconds=20))
    told = site_state(device=device, board=made, gate=FakeGate(), moment=moment, language="en")
    assert told["device"]["identify_until"] == iso(NOW + timedelta(seconds=20)) and made.version > version


def iso(instant: datetime) -> str:
    return instant.isoformat()


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
