"""From a camera's notifications to events: rules 1 to 3 of recorder/ingest/onvif/notifications.py."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from recorder.events.event import CameraEvent
from recorder.ingest.onvif.notifications import STATES_MAX, EventStates, Notification, notifications

AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
NOW_NS = 1_800_000_000_000_000_000
CELL, ALARM = "RuleEngine/CellMotionDetector/Motion", "VideoSource/MotionAlarm"
FIELD, OBJECT = "RuleEngine/FieldDetector/ObjectsInside", "RuleEngine/ObjectDetection/Object"
ITEMS = {CELL: "IsMotion", ALARM: "State", FIELD: "IsInside", OBJECT: "ClassTypes"}


def told(topic: str, value: str, rule: str = "r", *, initial: bool = False, age: float = 0.0) -> Notification:
    return Notification(
        topic=topic,
        sources=(("Source", "1"), ("Rule", rule)),
        data=((ITEMS.get(topic, "State"), value),),
        initial=initial,
        camera_time=AT,
        age_seconds=age,
    )


def phases(events: list[CameraEvent]) -> list[tuple[str, str, str]]:
    return [(event.kind, event.rule, event.phase) for event in events]


def test_one_motion_told_by_two_topics_is_one_event_until_both_are_over() -> None:
    states = EventStates("cam1")
    story = [told(CELL, "true"), told(ALARM, "1"), told(CELL, "true"), told(CELL, "false"), told(ALARM, "0")]
    found = [phases(list(states.take([one], NOW_NS))) for one in story]
    assert found == [[("motion", "", "start")], [], [], [], [("motion", "", "end")]]


def test_every_field_is_an_event_of_its_own() -> None:
    states = EventStates("cam1")
    story = [told(FIELD, "true", "a"), told(FIELD, "true", "b"), told(FIELD, "false", "a")]
    assert phases(list(states.take(story, NOW_NS))) == [
        ("zone", "a", "start"),
        ("zone", "b", "start"),
        ("zone", "a", "end"),
    ]


def test_classes_of_objects_begin_and_end_apart() -> None:
    states = EventStates("cam1")
    story = [told(OBJECT, "Human"), told(OBJECT, "Human Vehicle"), told(OBJECT, "Vehicle"), told(OBJECT, "")]
    assert phases(list(states.take(story, NOW_NS))) == [
        ("person", "", "start"),
        ("vehicle", "", "start"),
        ("person", "", "end"),
        ("vehicle", "", "end"),
    ]


def test_a_line_that_is_crossed_is_a_pulse_and_no_state_is_one() -> None:
    states = EventStates("cam1")
    line = Notification(
        topic="RuleEngine/LineDetector/Crossed",
        sources=(("Rule", "gate"),),
        data=(("ObjectId", "7"),),
        initial=False,
        camera_time=AT,
        age_seconds=0.5,
    )
    assert phases(list(states.take([line, line], NOW_NS))) == [("line", "gate", "pulse")] * 2
    assert list(states.end_all(NOW_NS)) == []


def test_labels_are_our_time_less_the_messages_age() -> None:
    states = EventStates("cam1")
    (event,) = states.take([told(CELL, "true", age=1.5)], NOW_NS)
    assert (event.at_utc_ns, event.camera_utc_ns) == (NOW_NS - 1_500_000_000, int(AT.timestamp()) * 10**9)
    (ended,) = states.end_all(NOW_NS + 7)
    assert (ended.at_utc_ns, ended.camera_utc_ns) == (NOW_NS + 7, None)


def test_what_is_not_confirmed_after_a_new_subscription_is_over() -> None:
    states = EventStates("cam1")
    list(states.take([told(CELL, "true"), told(FIELD, "true")], NOW_NS))
    states.doubt()
    assert list(states.take([told(CELL, "true", initial=True)], NOW_NS)) == []
    assert phases(list(states.end_unconfirmed(NOW_NS))) == [("zone", "r", "end")]
    assert phases(list(states.take([told(CELL, "false")], NOW_NS))) == [("motion", "", "end")]


def test_a_camera_that_makes_up_rules_fills_no_memory() -> None:
    states = EventStates("cam1")
    story = [told(FIELD, "true", str(number)) for number in range(2 * STATES_MAX)]
    assert len(list(states.take(story, NOW_NS))) == STATES_MAX


NOTES = st.builds(
    told,
    st.sampled_from([CELL, ALARM, FIELD, OBJECT, "Unknown/Topic"]),
    st.sampled_from(["true", "false", "1", "0", "Human", "Vehicle Human", "", "TRUE"]),
    st.sampled_from(["a", "b"]),
    initial=st.booleans(),
    age=st.floats(0, 60),
)


@given(st.lists(st.one_of(st.lists(NOTES, max_size=4), st.sampled_from(["doubt", "unconfirmed", "all"])), max_size=20))
def test_starts_and_ends_always_alternate(story: list[list[Notification] | str]) -> None:
    states, lasting = EventStates("cam1"), set()
    found: list[CameraEvent] = []
    for step in [*story, "all"]:
        if isinstance(step, list):
            found = list(states.take(step, NOW_NS))
        elif step == "doubt":
            states.doubt()
            found = []
        else:
            found = list(states.end_unconfirmed(NOW_NS) if step == "unconfirmed" else states.end_all(NOW_NS))
        for event in found:
            key = (event.kind, event.rule)
            assert (key in lasting) == (event.phase == "end")
            lasting ^= {key}
            assert event.at_utc_ns <= NOW_NS
    assert lasting == set()


def reply(now: datetime | str, at: datetime | str) -> etree._Element:
    def text(instant: datetime | str) -> str:
        return instant if isinstance(instant, str) else instant.isoformat()

    return etree.fromstring(
        f"<r><CurrentTime>{text(now)}</CurrentTime><NotificationMessage><Topic>x:RuleEngine/y:CellMotionDetector/Motion"
        f'</Topic><Message><Message UtcTime="{text(at)}"><Data><SimpleItem Name="IsMotion" Value="true"/></Data>'
        "</Message></Message></NotificationMessage></r>"
    )


@pytest.mark.parametrize(
    ("now", "at", "age"),
    [
        (AT + timedelta(seconds=2), AT, 2.0),
        (AT, AT + timedelta(seconds=2), 0.0),  # the future
        (AT + timedelta(hours=2), AT, 0.0),  # a clock that was set in between
        ("soon", AT, 0.0),
        (AT, "0001-01-01T00:00:00+14:00", 0.0),
    ],
)
def test_ages_that_cannot_be_are_none(now: datetime | str, at: datetime | str, age: float) -> None:
    (one,) = notifications(reply(now, at))
    assert (one.topic, one.age_seconds, one.initial) == (CELL, age, False)
