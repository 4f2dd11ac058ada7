"""The matrix M1 to M9, as the manual has it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.decision import Denied, Granted, decide, licensed_until, next_change
from gate.licence.entitlement import Entitlement, Interval, common, merged
from gate.licence.features import Feature
from gate.licence.profile import GRACE_30D, P4_SUMMARY, PROFILES, RECORDING_SURVIVES, REMO, Profile
from tests.fakes.entitlements import NEW_YEAR, entitlement

MATRIX = {"M1": "○", "M2": "×", "M3": "×", "M4": "○", "M5": "×", "M6": "○", "M7": "○", "M8": "×", "M9": "×"}


@pytest.mark.parametrize(("matrix_id", "sign"), MATRIX.items())
def test_remo_is_the_manuals_matrix(matrix_id: str, sign: str) -> None:
    features = [feature for feature in Feature if feature.matrix_id == matrix_id]
    assert features
    assert {feature in REMO.continues for feature in features} == {sign == "○"}


def test_m2_has_live_control_and_download() -> None:
    m2 = {feature.value for feature in Feature if feature.matrix_id == "M2"}
    assert m2 == {"remote_live", "remote_control", "remote_download"}


def test_every_feature_has_a_name_in_both_languages() -> None:
    names = [feature.title for feature in Feature]
    assert all(name.ja and name.en for name in names)
    assert len({name.ja for name in names}) == len({name.en for name in names}) == len(Feature) == 11


def test_an_edited_profile_has_another_hash() -> None:
    softer = replace(REMO, continues=REMO.continues | {Feature.RECORDING})
    stricter = replace(REMO, survives_stale=frozenset())
    assert len({REMO.sha256, softer.sha256, stricter.sha256, replace(REMO, name="other").sha256}) == 4


def test_the_hash_of_remo_is_the_one_that_stands_in_issued_licences() -> None:
    assert REMO.sha256 == "243c87d0dca9340a57bee2300ba23880d21c03f060c6e6babc4f686ce8d7b39a"


DAY = timedelta(days=1)
X = NEW_YEAR + 100 * DAY


def lapsing(profile: Profile, **cameras: datetime) -> Entitlement:
    """Cameras that are entitled from the new year until the instants given."""
    spans = {camera: (Interval(NEW_YEAR, end),) for camera, end in cameras.items()}
    return entitlement(spans, profile_sha256=profile.sha256)


def allowed(profile: Profile, when: datetime, camera: str | None = "cam1") -> set[Feature]:
    document = lapsing(profile, cam1=X)
    return {feature for feature in Feature if isinstance(decide(document, profile, feature, camera, when), Granted)}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_under_every_profile_all_goes_on_to_the_last_microsecond_of_a_licence(profile: Profile) -> None:
    assert allowed(profile, X - timedelta(microseconds=1)) == set(Feature)


@pytest.mark.parametrize(
    ("profile", "signs"),
    [
        (REMO, MATRIX),
        (
            P4_SUMMARY,
            {"M1": "○", "M2": "×", "M3": "×", "M4": "×", "M5": "×", "M6": "○", "M7": "×", "M8": "×", "M9": "×"},
        ),
        (RECORDING_SURVIVES, MATRIX | {"M3": "○"}),
        (GRACE_30D, dict.fromkeys(MATRIX, "○")),
    ],
    ids=lambda value: value.name if isinstance(value, Profile) else "",
)
def test_what_goes_on_at_the_end_is_the_profiles_matrix(profile: Profile, signs: dict[str, str]) -> None:
    going_on = allowed(profile, X)
    assert {feature.matrix_id for feature in going_on} == {row for row, sign in signs.items() if sign == "○"}


def test_under_grace_everything_goes_on_for_30_days_then_all_stops_but_the_card() -> None:
    assert allowed(GRACE_30D, X + 30 * DAY - timedelta(microseconds=1)) == set(Feature)
    assert allowed(GRACE_30D, X + 30 * DAY) == {Feature.SD_EXPORT}
    document = lapsing(GRACE_30D, cam1=X)
    ended = decide(document, GRACE_30D, Feature.HDMI_LIVE, "cam1", X + 31 * DAY)
    assert isinstance(ended, Denied) and ended.since == X + 30 * DAY
    assert licensed_until(document, GRACE_30D, "cam1", X) is None, "the licence itself has ended"
    assert next_change(document, X, GRACE_30D.grace) == X + 30 * DAY


def test_a_renewal_within_the_grace_leaves_no_gap() -> None:
    spans = (Interval(NEW_YEAR, X), Interval(X + 20 * DAY, X + 200 * DAY))
    document = entitlement({"cam1": spans}, profile_sha256=GRACE_30D.sha256)
    granted = decide(document, GRACE_30D, Feature.RECORDING, "cam1", X - DAY)
    assert granted == Granted(since=NEW_YEAR, until=X + 230 * DAY)


def test_a_quorum_of_all_with_grace_ends_with_the_first_camera_and_its_grace() -> None:
    profile = replace(GRACE_30D, device_ops_quorum="all")
    document = lapsing(profile, cam1=X, cam2=X + 90 * DAY)
    granted = decide(document, profile, Feature.REMOTE_MAINTENANCE, None, NEW_YEAR)
    assert granted == Granted(since=NEW_YEAR, until=X + 30 * DAY)


def test_no_camera_is_not_all_cameras() -> None:
    profile = replace(REMO, device_ops_quorum="all")
    assert isinstance(decide(lapsing(profile), profile, Feature.REMOTE_MAINTENANCE, None, X), Denied)


@given(spans=st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=4), min_size=1, max_size=3))
def test_common_time_is_the_time_that_all_have(spans: list[list[tuple[int, int]]]) -> None:
    each = [merged(Interval(NEW_YEAR + a * DAY, NEW_YEAR + (a + n) * DAY) for a, n in one) for one in spans]
    shared = common(each)
    for day in range(45):
        instant = NEW_YEAR + day * DAY
        inside = [any(span.start <= instant < span.end for span in one) for one in each]
        assert all(inside) == any(span.start <= instant < span.end for span in shared)


def test_grace_quorum_and_card_stand_in_the_hash() -> None:
    variants = [
        REMO,
        replace(REMO, grace=DAY),
        replace(REMO, grace=2 * DAY),
        replace(REMO, device_ops_quorum="all"),
        replace(REMO, sd_recording_on_expiry="continue"),
    ]
    assert len({profile.sha256 for profile in variants}) == len(variants)
