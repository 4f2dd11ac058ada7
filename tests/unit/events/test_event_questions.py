"""What clients may ask of events, and how settings of motion are written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gate.clock import ns_of
from recorder.events.kept import KINDS, Event
from recorder.events.motion_settings import Motion, MotionSettings
from recorder.events.words import KIND_TITLES
from recorder.web.event_form import event_json, parse_filter
from tests.fakes.entitlements import NEW_YEAR

MOTION = TypeAdapter[MotionSettings](Motion)


def test_every_kind_has_a_name_in_both_languages() -> None:
    assert set(KIND_TITLES) == set(KINDS)
    assert all(title.ja and title.en for title in KIND_TITLES.values())


def test_a_question_with_everything_is_understood() -> None:
    query = {"from": "2026-01-01T09:00:00+09:00", "to": "2026-01-01T10:00:00 09:00", "camera": "cam1,cam2"}
    wanted, count = parse_filter(query | {"kind": "person", "before": "7", "limit": "3"}, licensed_only=True)
    assert wanted.start_utc_ns == ns_of(NEW_YEAR) and wanted.end_utc_ns - wanted.start_utc_ns == 3600 * 10**9
    assert (wanted.cameras, wanted.kinds, wanted.number_below, count) == (("cam1", "cam2"), ("person",), 7, 3)
    assert wanted.licensed_only


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "yesterday"}, "from is an instant"),
        ({"to": "2027-01-01T00:00:00"}, "with its offset"),
        ({"from": "2027-01-02T00:00:00Z", "to": "2027-01-01T00:00:00Z"}, "earlier"),
        ({"kind": "unicorn"}, "'unicorn' is none of motion"),
        ({"limit": "0"}, "limit is a number from 1 to 1000"),
        ({"limit": "1001"}, "limit"),
        ({"before": "-1"}, "before"),
        ({"before": "９"}, "before"),
        ({"camera": "a," * 65}, "camera: 64 at most"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(query: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_filter(query, licensed_only=False)


@given(st.dictionaries(st.sampled_from(["from", "to", "kind", "camera", "before", "limit"]), st.text(max_size=40)))
def test_no_question_does_more_than_be_refused(query: dict[str, str]) -> None:
    try:
        wanted, count = parse_filter(query, licensed_only=False)
    except ValueError:
        return
    assert 0 <= wanted.start_utc_ns < wanted.end_utc_ns < 2**63 and 1 <= count <= 1000


def test_an_event_is_told_in_the_language_asked_for() -> None:
    event = Event(
        number=3, camera="cam1", kind="person", source="onvif", start=NEW_YEAR, end=None, detail="", licensed=True
    )
    told = event_json(event, "ja")
    assert (told["id"], told["title"], told["end"]) == (3, "人物", None)
    assert event_json(event, "en")["title"] == "Person"


@pytest.mark.parametrize(
    ("given", "enabled", "zones"),
    [
        (True, True, 0),
        (False, False, 0),
        ({"zones": [[[0, 0], [1, 0], [1, 1]]]}, True, 1),
        ({"enabled": False}, False, 0),
    ],
)
def test_motion_is_written_short_or_long(given: Any, enabled: bool, zones: int) -> None:
    settings = MOTION.validate_python(given)
    assert (settings.enabled, len(settings.zones)) == (enabled, zones)


@pytest.mark.parametrize(
    "given",
    [
        {"sensitivity": 0},
        {"zones": [[[0, 0], [1, 1]]]},
        {"zones": [[[0, 0], [1.5, 0], [1, 1]]]},
        {"zones": [[[0, 0], [0, 0], [1, 1]]]},
        {"sensitivty": 50},
        "yes please",
    ],
)
def test_motion_settings_that_make_no_sense_are_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        MOTION.validate_python(given)
