"""An explanation is the decision and the whole chain behind it; never the one without the other."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.clock_evidence import ClockDoubt, ClockEvidence, ClockSource
from gate.licence.decision import DenialCode, Denied, Granted, decide
from gate.licence.entitlement import Entitlement, Interval
from gate.licence.explanation import Explanation, Question, as_json, explain
from gate.licence.features import Feature
from gate.licence.profile import GRACE_30D, PROFILES, RECORDING_SURVIVES, REMO, Profile
from gate.licence.profile_difference import differences
from tests.fakes.entitlements import at, entitlement, span

TOKYO = ZoneInfo("Asia/Tokyo")
LINKS = ["feature", "profile", "binding", "licence", "interval", "clock"]
SET_BACK = ClockEvidence(source=ClockSource.WALL, now=at(5), doubt=ClockDoubt.SET_BACK)


def asked(
    seconds: float, feature: Feature = Feature.RECORDING, camera: str | None = "cam1", **changes: object
) -> Explanation:
    given_entitlement = changes.pop("entitlement", entitlement({"cam1": (span(0, 10), span(20, 30))}))
    profile = changes.pop("profile", REMO)
    question = Question(feature=feature, camera=camera, at=at(seconds))
    return explain(question, given_entitlement, profile, changes.pop("clock", None), TOKYO)  # type: ignore[arg-type]


def broken(explanation: Explanation) -> list[str]:
    return [link.name for link in explanation.chain if link.holds is False]


def stale(seconds: float) -> Entitlement:
    return entitlement({"cam1": (span(0, 100),)}, stale_after=at(seconds))


@pytest.mark.parametrize(
    ("explanation", "code", "links"),
    [
        (asked(15), DenialCode.EXPIRED, ["interval"]),
        (asked(5, camera="cam2"), DenialCode.NOT_LICENSED, ["binding", "interval"]),
        (asked(5, entitlement=None), DenialCode.UNREGISTERED, ["binding", "licence", "interval"]),
        (asked(-5), DenialCode.CLOCK_UNTRUSTED, ["interval", "clock"]),
        (asked(5, clock=SET_BACK), DenialCode.CLOCK_UNTRUSTED, ["clock"]),
        (asked(5, profile=GRACE_30D), DenialCode.NOT_LICENSED, ["profile"]),
        (asked(50, Feature.REMOTE_LIVE, entitlement=stale(40)), DenialCode.STALE, ["licence"]),
    ],
    ids=["expired", "another camera", "unregistered", "not yet issued", "clock set back", "profile edited", "stale"],
)
def test_a_denial_names_the_links_that_do_not_hold(
    explanation: Explanation, code: DenialCode, links: list[str]
) -> None:
    assert isinstance(explanation.decision, Denied) and explanation.decision.code is code
    assert broken(explanation) == links


def test_a_grant_has_no_broken_link() -> None:
    explanation = asked(5)
    assert explanation.decision == Granted(since=at(0), until=at(10)) and broken(explanation) == []
    assert isinstance(asked(50, entitlement=stale(40)).decision, Granted), "recording outlives staleness"


@pytest.mark.parametrize("feature", sorted(REMO.continues, key=lambda feature: feature.value))
def test_what_continues_needs_no_other_link(feature: Feature) -> None:
    explanation = asked(10**9, feature, entitlement=None, clock=SET_BACK)
    assert explanation.decision == Granted(until=None) and broken(explanation) == []
    assert [link.holds for link in explanation.chain] == [True, True, None, None, None, None]


@given(
    feature=st.sampled_from(Feature),
    camera=st.sampled_from(["cam1", "cam2", "cam3", None]),
    seconds=st.integers(-10, 60),
    spans=st.lists(st.tuples(st.integers(0, 25), st.integers(1, 25)), max_size=4),
    stale_seconds=st.none() | st.integers(0, 50),
    issued=st.integers(-5, 5),
    profile=st.sampled_from(list(PROFILES.values())),
    signed_for=st.sampled_from(list(PROFILES.values())),
    clock=st.sampled_from([None, SET_BACK, replace(SET_BACK, doubt=None)]),
    registered=st.booleans(),
)
def test_a_feature_is_granted_exactly_where_no_link_is_broken(
    feature: Feature,
    camera: str | None,
    seconds: int,
    spans: list[tuple[int, int]],
    stale_seconds: int | None,
    issued: int,
    profile: Profile,
    signed_for: Profile,
    clock: ClockEvidence | None,
    registered: bool,
) -> None:
    made = entitlement(
        {"cam1": tuple(span(start, start + length) for start, length in spans), "cam2": (span(5, 40),)},
        issued_at=at(issued),
        stale_after=None if stale_seconds is None else at(stale_seconds),
        profile_sha256=signed_for.sha256,
    )
    explanation = asked(
        seconds, feature, camera, entitlement=made if registered else None, profile=profile, clock=clock
    )
    trusted = clock is None or clock.doubt is None
    decided = decide(made if registered else None, profile, feature, camera, at(seconds), clock_trusted=trusted)
    assert explanation.decision == decided
    assert isinstance(decided, Granted) == (broken(explanation) == [])
    assert [link.name for link in explanation.chain] == LINKS


@pytest.mark.parametrize("language", ["ja", "en"])
def test_as_json_it_has_texts_facts_and_the_problem(language: str) -> None:
    told = json.loads(json.dumps(as_json(asked(15), language, TOKYO)))  # type: ignore[arg-type]
    assert told["decision"] == {"granted": False, "code": "EXPIRED", "since": at(10).isoformat()}
    assert told["problem"]["code"] == "EXPIRED"
    assert [link["link"] for link in told["chain"]] == LINKS and all(link["text"] for link in told["chain"])
    interval = told["chain"][4]
    assert interval["ended"] == [at(0).isoformat(), at(10).isoformat()] and interval["coming"] is not None
    assert "2026-01-01 09:00:10 JST" in interval["text"]


class TestDifferences:
    def between(self, feature: Feature, other: Profile, seconds: float = 0) -> list[tuple[datetime, datetime | None]]:
        question = Question(feature=feature, camera="cam1", at=at(seconds))
        made = entitlement({"cam1": (span(0, 10), span(20, 30))})
        return [(one.start, one.end) for one in differences(question, made, REMO, other)]

    def test_recording_that_survives_differs_in_every_lapse(self) -> None:
        assert self.between(Feature.RECORDING, RECORDING_SURVIVES) == [(at(10), at(20)), (at(30), None)]
        assert self.between(Feature.REMOTE_LIVE, RECORDING_SURVIVES) == []

    def test_grace_differs_for_its_length(self) -> None:
        grace = timedelta(days=30)
        assert self.between(Feature.REMOTE_LIVE, GRACE_30D) == [(at(10), at(20)), (at(30), at(30) + grace)]

    def test_it_says_who_grants(self) -> None:
        question = Question(feature=Feature.HDMI_LIVE, camera="cam1", at=at(0))
        made = entitlement({"cam1": (span(0, 10),)})
        (only,) = differences(question, made, REMO, GRACE_30D)
        assert only.start == at(10) + timedelta(days=30) and only.end is None
        assert isinstance(only.first, Granted) and isinstance(only.second, Denied)

    def test_a_profile_does_not_differ_from_itself(self) -> None:
        assert self.between(Feature.RECORDING, REMO, -100) == []

    @given(ends=st.lists(st.integers(1, 200), min_size=1, max_size=8, unique=True), feature=st.sampled_from(Feature))
    def test_at_any_moment_they_differ_exactly_within_a_difference(self, ends: list[int], feature: Feature) -> None:
        made = entitlement({"cam1": tuple(Interval(at(end * 86_400 - 9), at(end * 86_400)) for end in ends)})
        question = Question(feature=feature, camera="cam1", at=at(0))
        found = differences(question, made, REMO, GRACE_30D)
        for moment in (at(end * 86_400 + offset) for end in ends for offset in (-10, -5, 0, 86_400 * 29, 86_400 * 31)):
            if moment < at(0):
                continue
            granted = [
                isinstance(decide(replace(made, profile_sha256=p.sha256), p, feature, "cam1", moment), Granted)
                for p in (REMO, GRACE_30D)
            ]
            inside = any(one.start <= moment and (one.end is None or moment < one.end) for one in found)
            assert inside == (granted[0] != granted[1])
