"""Which topics mean what: data. Names are without prefixes; makers bend the standard topics, and clients learn them.

`item`: the data item that counts. `when`: `true` (it is true), a word (one of the words of the value, as of
ObjectDetection's ClassTypes), or `any` (its coming is all it says: a pulse).
"""

from dataclasses import dataclass

from recorder.events.event import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A topic's data item and the kind of event it stands for."""

    topic: str
    item: str
    kind: EventKind
    when: str = "true"


_IMAGING = ("ImagingService", "AnalyticsService", "RecordingService")
_STANDARD = (
    Meaning(topic="VideoSource/MotionAlarm", item="State", kind="motion"),
    Meaning(topic="RuleEngine/CellMotionDetector/Motion", item="IsMotion", kind="motion"),
    Meaning(topic="RuleEngine/MotionRegionDetector/Motion", item="State", kind="motion"),
    Meaning(topic="RuleEngine/ObjectDetection/Object", item="ClassTypes", kind="person", when="Human"),
    Meaning(topic="RuleEngine/ObjectDetection/Object", item="ClassTypes", kind="vehicle", when="Vehicle"),
    Meaning(topic="RuleEngine/ObjectDetection/Object", item="ClassTypes", kind="animal", when="Animal"),
    Meaning(topic="RuleEngine/ObjectDetection/Object", item="ClassTypes", kind="face", when="Face"),
    Meaning(topic="RuleEngine/LineDetector/Crossed", item="ObjectId", kind="line", when="any"),
    Meaning(topic="RuleEngine/FieldDetector/ObjectsInside", item="IsInside", kind="zone"),
    Meaning(topic="RuleEngine/TamperDetector/Tamper", item="IsTamper", kind="tamper"),
    Meaning(topic="AudioAnalytics/Audio/DetectedSound", item="IsSoundDetected", kind="sound"),
    Meaning(topic="Device/Trigger/DigitalInput", item="LogicalState", kind="input"),
    *(Meaning(topic=f"VideoSource/GlobalSceneChange/{at}", item="State", kind="scene_change") for at in _IMAGING),
    *(Meaning(topic=f"VideoSource/ImageTooDark/{at}", item="State", kind="dark") for at in _IMAGING),
    *(Meaning(topic=f"VideoSource/ImageTooBright/{at}", item="State", kind="bright") for at in _IMAGING),
    *(Meaning(topic=f"VideoSource/ImageTooBlurry/{at}", item="State", kind="blurred") for at in _IMAGING),
)
_MY_RULES: tuple[tuple[str, EventKind], ...] = (
    ("PeopleDetect", "person"),
    ("VehicleDetect", "vehicle"),
    ("DogCatDetect", "animal"),
    ("FaceDetect", "face"),
    ("Package", "package"),
    ("Visitor", "visitor"),
)
_SMART_ITEMS: tuple[tuple[str, EventKind], ...] = (
    ("IsPeople", "person"),
    ("IsVehicle", "vehicle"),
    ("IsPet", "animal"),
    ("IsLineCross", "line"),
    ("IsIntrusion", "zone"),
    ("IsTamper", "tamper"),
)
_SMART_TOPICS = (
    "RuleEngine/CellMotionDetector/Intrusion",
    "RuleEngine/CellMotionDetector/LineCross",
    "RuleEngine/CellMotionDetector/People",
    "RuleEngine/CellMotionDetector/Tamper",
    "RuleEngine/CellMotionDetector/TpSmartEvent",
    "RuleEngine/LineCrossDetector/LineCross",
    "RuleEngine/PeopleDetector/People",
    "RuleEngine/TPSmartEventDetector/TPSmartEvent",
)
MEANINGS: tuple[Meaning, ...] = (
    *_STANDARD,
    *(Meaning(topic=f"RuleEngine/MyRuleDetector/{name}", item="State", kind=kind) for name, kind in _MY_RULES),
    *(Meaning(topic=topic, item=item, kind=kind) for topic in _SMART_TOPICS for item, kind in _SMART_ITEMS),
)
RULED: frozenset[EventKind] = frozenset({"line", "zone"})
"""Kinds that a camera has several of: each of its lines and fields is an event of its own."""
