"""R21: direct cameras have a licence kind of their own; a licence of the other kind covers nothing."""

from dataclasses import replace

import pytest

from gate.licence.decision import DenialCode, Denied, Granted, decide, licensed_until
from gate.licence.denials import problem
from gate.licence.explanation import Question, explain
from gate.licence.features import Feature
from gate.licence.profile import REMO
from tests.fakes.entitlements import at, entitlement, span

EDGE = entitlement({"cam1": (span(0, 100),), "cam2": (span(0, 100),)})
MIXED = replace(EDGE, cameras={**EDGE.cameras, "cam2": replace(EDGE.cameras["cam2"], kind="direct")})
GATED = [feature for feature in Feature if feature not in REMO.continues]


@pytest.mark.parametrize("feature", GATED)
def test_a_licence_of_the_other_kind_denies_with_its_own_code(feature: Feature) -> None:
    decision = decide(MIXED, REMO, feature, "cam2", at(1))
    assert isinstance(decision, Denied) and decision.code is DenialCode.WRONG_KIND
    assert isinstance(decide(MIXED, REMO, feature, "cam1", at(1)), Granted)
    assert isinstance(decide(MIXED, REMO, feature, "cam2", at(1), kind="direct"), Granted)
    assert problem(decision, "en")["code"] == "WRONG_KIND"


def test_hdmi_goes_on_whatever_the_kind() -> None:
    assert decide(MIXED, REMO, Feature.HDMI_LIVE, "cam2", at(1)) == Granted(until=None)


def test_the_device_itself_counts_licences_of_its_kind_only() -> None:
    only_direct = replace(MIXED, cameras={"cam2": MIXED.cameras["cam2"]})
    assert isinstance(decide(only_direct, REMO, Feature.REMOTE_MAINTENANCE, None, at(1)), Denied)
    assert isinstance(decide(MIXED, REMO, Feature.REMOTE_MAINTENANCE, None, at(1)), Granted)


def test_a_licence_of_the_other_kind_never_expires_here() -> None:
    assert licensed_until(MIXED, REMO, "cam2", at(1)) is None
    assert licensed_until(MIXED, REMO, "cam2", at(1), kind="direct") == at(100)


def test_the_explanation_breaks_at_the_binding() -> None:
    question = Question(feature=Feature.RECORDING, camera="cam2", at=at(1))
    broken = [link.name for link in explain(question, MIXED, REMO, None).chain if link.holds is False]
    assert broken[0] == "binding"
