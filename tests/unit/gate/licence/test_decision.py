"""The one decision: what is granted and denied, from when to when, and why."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.decision import DenialCode, Denied, Granted, decide, licence_of, licensed_until, next_change
from gate.licence.entitlement import Entitlement, Interval, merged
from gate.licence.features import Feature
from gate.licence.profile import PROFILES, REMO, Profile
from tests.fakes.entitlements import at, entitlement, span

GATED = [feature for feature in Feature if feature not in REMO.continues]
HDMI_AND_SD = sorted(REMO.continues, key=lambda feature: feature.value)

small_spans = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda pair: span(pair[0], pair[0] + pair[1])), max_size=6
).map(tuple)


def denied(code: DenialCode, feature: Feature, camera: str | None = "cam1", since: datetime | None = None) -> Denied:
    return Denied(code=code, feature=feature, camera=camera, since=since)


@pytest.mark.parametrize("feature", GATED)
def test_a_gated_feature_runs_up_to_the_very_end_of_the_licence(feature: Feature) -> None:
    document = entitlement({"cam1": (span(0, 100),)})
    before = at(100) - timedelta(microseconds=1)
    assert decide(document, REMO, feature, "cam1", before) == Granted(since=at(0), until=at(100))
    assert decide(document, REMO, feature, "cam1", at(100)) == denied(DenialCode.EXPIRED, feature, since=at(100))


@pytest.mark.parametrize("feature", HDMI_AND_SD)
@pytest.mark.parametrize(
    "document",
    [
        None,
        entitlement({"cam1": (span(0, 1),)}),
        entitlement({"cam1": (span(0, 1),)}, issued_at=at(10**6)),
        entitlement({}, profile_sha256="f" * 64),
    ],
    ids=["unregistered", "expired", "clock wrong", "profile edited"],
)
def test_hdmi_and_sd_go_on_whatever_the_entitlement_and_the_clock(
    feature: Feature, document: Entitlement | None
) -> None:
    assert decide(document, REMO, feature, "cam1", at(500)) == Granted(until=None)


@pytest.mark.parametrize("feature", GATED)
def test_a_device_without_entitlement_is_unregistered(feature: Feature) -> None:
    assert decide(None, REMO, feature, "cam1", at(0)) == denied(DenialCode.UNREGISTERED, feature)


def test_a_camera_that_no_licence_ever_covered_is_not_licensed() -> None:
    document = entitlement({"cam1": (span(0, 100),), "cam2": (), "cam3": (span(50, 60),)})
    for camera in ("cam2", "cam3", "cam9"):
        assert decide(document, REMO, Feature.RECORDING, camera, at(10)) == denied(
            DenialCode.NOT_LICENSED, Feature.RECORDING, camera
        )


def test_expired_since_the_last_licence_ended_even_if_another_lies_ahead() -> None:
    document = entitlement({"cam1": (span(0, 10), span(20, 30), span(90, 99))})
    assert decide(document, REMO, Feature.RECORDING, "cam1", at(40)) == denied(
        DenialCode.EXPIRED, Feature.RECORDING, since=at(30)
    )


def test_a_renewal_that_abuts_or_overlaps_moves_the_end() -> None:
    document = entitlement({"cam1": (span(20, 30), span(0, 10), span(10, 21))})
    assert decide(document, REMO, Feature.RECORDING, "cam1", at(5)) == Granted(since=at(0), until=at(30))


def test_cameras_are_decided_each_for_itself() -> None:
    document = entitlement({"cam1": (span(0, 10),), "cam2": (span(0, 20),)})
    assert isinstance(decide(document, REMO, Feature.REMOTE_LIVE, "cam1", at(15)), Denied)
    assert isinstance(decide(document, REMO, Feature.REMOTE_LIVE, "cam2", at(15)), Granted)


def test_the_device_itself_is_served_while_any_camera_is_entitled() -> None:
    document = entitlement({"cam1": (span(0, 10),), "cam2": (span(5, 20),), "cam3": (span(30, 40),)})
    feature = Feature.REMOTE_MAINTENANCE
    assert decide(document, REMO, feature, None, at(2)) == Granted(since=at(0), until=at(20))
    assert decide(document, REMO, feature, None, at(25)) == denied(DenialCode.EXPIRED, feature, None, since=at(20))


def test_a_clock_before_the_issue_is_not_trusted() -> None:
    document = entitlement({"cam1": (span(0, 100),)}, issued_at=at(50))
    assert decide(document, REMO, Feature.RECORDING, "cam1", at(49)) == denied(
        DenialCode.CLOCK_UNTRUSTED, Feature.RECORDING
    )
    assert decide(document, REMO, Feature.RECORDING, "cam1", at(50)) == Granted(since=at(50), until=at(100))


def test_a_stale_entitlement_stops_the_remote_side_but_not_recording() -> None:
    document = entitlement({"cam1": (span(0, 100),)}, stale_after=at(60))
    assert decide(document, REMO, Feature.REMOTE_LIVE, "cam1", at(59)) == Granted(since=at(0), until=at(60))
    assert decide(document, REMO, Feature.REMOTE_LIVE, "cam1", at(60)) == denied(
        DenialCode.STALE, Feature.REMOTE_LIVE, since=at(60)
    )
    assert decide(document, REMO, Feature.RECORDING, "cam1", at(60)) == Granted(since=at(0), until=at(100))


def test_expired_and_stale_is_expired() -> None:
    document = entitlement({"cam1": (span(0, 10),)}, stale_after=at(60))
    assert decide(document, REMO, Feature.REMOTE_LIVE, "cam1", at(70)) == denied(
        DenialCode.EXPIRED, Feature.REMOTE_LIVE, since=at(10)
    )


def test_an_entitlement_for_another_profile_grants_nothing_gated() -> None:
    document = entitlement({"cam1": (span(0, 100),)}, profile_sha256="a" * 64)
    assert decide(document, REMO, Feature.RECORDING, "cam1", at(1)) == denied(
        DenialCode.NOT_LICENSED, Feature.RECORDING
    )
    assert licensed_until(document, REMO, "cam1", at(1)) is None


def test_licensed_until_is_the_end_of_the_licence_alone() -> None:
    document = entitlement({"cam1": (span(0, 10), span(10, 30))}, stale_after=at(5))
    assert licensed_until(document, REMO, "cam1", at(7)) == at(30)
    assert licensed_until(document, REMO, "cam1", at(30)) is None
    assert licensed_until(document, REMO, "cam2", at(7)) is None
    assert licensed_until(None, REMO, "cam1", at(7)) is None


@given(intervals=small_spans)
def test_merging_changes_nothing_about_any_instant(intervals: tuple[Interval, ...]) -> None:
    spans = merged(intervals)
    assert all(one.end < two.start for one, two in itertools.pairwise(spans))
    for second in range(72):
        inside = any(interval.start <= at(second) < interval.end for interval in intervals)
        assert inside == any(interval.start <= at(second) < interval.end for interval in spans)


@given(
    cam1=small_spans,
    cam2=small_spans,
    issued=st.integers(0, 40),
    stale=st.none() | st.integers(0, 90),
    now=st.integers(0, 90),
)
def test_no_decision_changes_before_the_next_change(
    cam1: tuple[Interval, ...], cam2: tuple[Interval, ...], issued: int, stale: int | None, now: int
) -> None:
    document = entitlement(
        {"cam1": cam1, "cam2": cam2}, issued_at=at(issued), stale_after=None if stale is None else at(stale)
    )
    change = next_change(document, at(now))
    assert change is None or change > at(now)
    last_quiet = at(200) if change is None else change - timedelta(microseconds=1)
    for feature in (Feature.RECORDING, Feature.REMOTE_LIVE):
        for camera in ("cam1", "cam2", None):
            assert decide(document, REMO, feature, camera, at(now)) == decide(
                document, REMO, feature, camera, last_quiet
            )


@given(intervals=small_spans, issued=st.integers(0, 40), stale=st.none() | st.integers(0, 90), now=st.integers(0, 90))
def test_a_grant_holds_for_all_of_its_span_and_ends_with_it(
    intervals: tuple[Interval, ...], issued: int, stale: int | None, now: int
) -> None:
    document = entitlement({"cam1": intervals}, issued_at=at(issued), stale_after=None if stale is None else at(stale))
    for feature in (Feature.RECORDING, Feature.REMOTE_LIVE):
        granted = decide(document, REMO, feature, "cam1", at(now))
        if isinstance(granted, Granted):
            assert granted.since is not None and granted.until is not None
            assert granted.since <= at(now) < granted.until
            assert decide(document, REMO, feature, "cam1", granted.since) == granted
            assert isinstance(decide(document, REMO, feature, "cam1", granted.until), Denied)


def test_nothing_changes_by_time_where_nothing_is_entitled() -> None:
    assert next_change(None, at(0)) is None
    assert next_change(entitlement({"cam1": (span(0, 10),)}), datetime(2030, 1, 1, tzinfo=UTC)) is None


@given(small_spans, st.integers(-5, 80), st.sampled_from(sorted(PROFILES.values(), key=lambda each: each.name)))
def test_what_a_licence_itself_says_is_the_same_under_every_profile(
    spans: tuple[Interval, ...], second: int, profile: Profile
) -> None:
    remo = entitlement({"cam1": spans})
    other = entitlement({"cam1": spans}, profile_sha256=profile.sha256)
    says = licence_of(other, profile, "cam1", at(second))
    plain = decide(remo, REMO, Feature.RECORDING, "cam1", at(second))
    if isinstance(plain, Denied):
        assert isinstance(says, Denied) and (says.code, says.since) == (plain.code, plain.since)
        assert says.feature not in profile.continues
    else:
        assert says == plain
    assert licence_of(other, profile, "cam1", at(second), clock_trusted=False) == denied(
        DenialCode.CLOCK_UNTRUSTED, Feature.REMOTE_LIVE if Feature.RECORDING in profile.continues else Feature.RECORDING
    )


def test_a_licence_signed_for_another_profile_covers_nothing() -> None:
    document = entitlement({"cam1": (span(0, 100),)}, profile_sha256="f" * 64)
    for profile in PROFILES.values():
        says = licence_of(document, profile, "cam1", at(50))
        assert isinstance(says, Denied) and says.code is DenialCode.NOT_LICENSED
