"""How cameras of different makers differ over ONVIF: names, topics, quirks. Data, and nothing else.

The topics are those that clients have been taught for such cameras (and those of ONVIF's own topic set); no maker's
name, logo or firmware is copied.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from camera_sim.events.event import EventKind

PersonalityName = Literal["onvif_generic", "ipro", "reolink", "tapo"]
ValueType = Literal["xs:boolean", "xs:string", "xs:int", "tt:ReferenceToken"]
Source = tuple[str, ValueType, str]
"""A simple item: name, type, value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `sources`: what it is about; `item`: the data item, whose value is `values[kind]` while
    something of a kind goes on and `otherwise` while nothing does. A property is told at its beginning and its end, and
    to new subscribers; what is none is told when it begins."""

    name: str
    sources: tuple[Source, ...]
    item: str
    item_type: ValueType
    values: Mapping[EventKind, str]
    otherwise: str
    is_property: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One make of camera. `tells_initial_state`: whether a new subscription begins with the state of all properties."""

    name: PersonalityName
    manufacturer: str
    model: str
    firmware: str
    profile_tokens: tuple[str, str]
    profile_names: tuple[str, str]
    source_token: str
    topics: tuple[Topic, ...]
    media2: bool = True
    subscriptions_max: int = 10
    subscription_seconds_max: int = 3600
    tells_initial_state: bool = True


_MOVEMENT: tuple[EventKind, ...] = ("motion", "person", "vehicle")
_CONFIGURATION: Source = ("VideoSourceConfigurationToken", "tt:ReferenceToken", "VideoSourceConfig_1")
_ANALYTICS: Source = ("VideoAnalyticsConfigurationToken", "tt:ReferenceToken", "VideoAnalyticsConfig_1")


def _boolean(name: str, kinds: tuple[EventKind, ...], *, item: str = "State", sources: tuple[Source, ...]) -> Topic:
    values = MappingProxyType(dict.fromkeys(kinds, "true"))
    return Topic(name=name, sources=sources, item=item, item_type="xs:boolean", values=values, otherwise="false")


def _rule(name: str, kinds: tuple[EventKind, ...], *, item: str, rule: str) -> Topic:
    return _boolean(name, kinds, item=item, sources=(_CONFIGURATION, _ANALYTICS, ("Rule", "xs:string", rule)))


def _line(name: str, kinds: tuple[EventKind, ...], rule: str) -> Topic:
    return Topic(
        name=name,
        sources=(_CONFIGURATION, _ANALYTICS, ("Rule", "xs:string", rule)),
        item="ObjectId",
        item_type="xs:int",
        values=MappingProxyType(dict.fromkeys(kinds, "1")),
        otherwise="0",
        is_property=False,
    )


def _objects(token: str) -> Topic:
    return Topic(
        name="tns1:RuleEngine/ObjectDetection/Object",
        sources=(("VideoSourceToken", "tt:ReferenceToken", token), ("Rule", "xs:string", "ObjectDetection")),
        item="ClassTypes",
        item_type="xs:string",
        values=MappingProxyType({"person": "Human", "vehicle": "Vehicle"}),
        otherwise="",
    )


def _picture_quality(token: str) -> tuple[Topic, ...]:
    source: tuple[Source, ...] = (("Source", "tt:ReferenceToken", token),)
    return (
        _boolean("tns1:VideoSource/GlobalSceneChange/ImagingService", ("moved",), sources=source),
        _boolean("tns1:VideoSource/ImageTooDark/ImagingService", ("dark",), sources=source),
        _boolean("tns1:VideoSource/ImageTooBlurry/ImagingService", ("blurred",), sources=source),
    )


def _motion_alarm(token: str) -> Topic:
    return _boolean("tns1:VideoSource/MotionAlarm", _MOVEMENT, sources=(("Source", "tt:ReferenceToken", token),))


def _cell_motion(rule: str) -> Topic:
    return _rule("tns1:RuleEngine/CellMotionDetector/Motion", _MOVEMENT, item="IsMotion", rule=rule)


def _my_rule(detector: str, kind: EventKind) -> Topic:
    return _boolean(
        f"tns1:RuleEngine/MyRuleDetector/{detector}", (kind,), sources=(("Source", "tt:ReferenceToken", "000"),)
    )


_GENERIC = Personality(
    name="onvif_generic",
    manufacturer="Simulated Cameras",
    model="Generic IP Camera",
    firmware="2.10.4",
    profile_tokens=("Profile_1", "Profile_2"),
    profile_names=("mainStream", "subStream"),
    source_token="VideoSource_1",
    topics=(
        _motion_alarm("VideoSource_1"),
        _cell_motion("MyMotionDetectorRule"),
        _objects("VideoSource_1"),
        _line("tns1:RuleEngine/LineDetector/Crossed", ("person", "vehicle"), "MyLineDetectorRule"),
        *_picture_quality("VideoSource_1"),
    ),
)
_IPRO = Personality(
    name="ipro",
    manufacturer="Simulated Cameras",
    model="Network Camera type P",
    firmware="4.52",
    profile_tokens=("def_profile1", "def_profile2"),
    profile_names=("Profile1", "Profile2"),
    source_token="def_vsource1",
    topics=(
        _motion_alarm("def_vsource1"),
        _objects("def_vsource1"),
        _line("tns1:RuleEngine/LineDetector/Crossed", ("person", "vehicle"), "AI-VMD line 1"),
        _rule(
            "tns1:RuleEngine/FieldDetector/ObjectsInside", ("person", "vehicle"), item="IsInside", rule="AI-VMD area 1"
        ),
        *_picture_quality("def_vsource1"),
    ),
    subscriptions_max=8,
)
_REOLINK = Personality(
    name="reolink",
    manufacturer="Simulated Cameras",
    model="Network Camera type R",
    firmware="v3.1.0.2347",
    profile_tokens=("000", "001"),
    profile_names=("Profile000_MainStream", "Profile001_SubStream"),
    source_token="000",
    topics=(
        _motion_alarm("000"),
        _cell_motion("000"),
        _my_rule("PeopleDetect", "person"),
        _my_rule("VehicleDetect", "vehicle"),
    ),
    subscriptions_max=4,
)
_TAPO = Personality(
    name="tapo",
    manufacturer="Simulated Cameras",
    model="Network Camera type T",
    firmware="1.3.9 Build 231019",
    profile_tokens=("profile_1", "profile_2"),
    profile_names=("mainStream", "minorStream"),
    source_token="raw_vs1",
    topics=(
        _cell_motion("MyMotionDetectorRule"),
        _rule("tns1:RuleEngine/PeopleDetector/People", ("person",), item="IsPeople", rule="MyPeopleDetectorRule"),
        _rule(
            "tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent",
            ("vehicle",),
            item="IsVehicle",
            rule="MyTPSmartEventDetectorRule",
        ),
        _rule("tns1:RuleEngine/LineCrossDetector/LineCross", ("person",), item="IsLineCross", rule="MyLineCrossRule"),
        _rule(
            "tns1:RuleEngine/CellMotionDetector/Tamper",
            ("dark", "blurred", "moved"),
            item="IsTamper",
            rule="MyTamperDetectorRule",
        ),
    ),
    media2=False,
    subscriptions_max=2,
    subscription_seconds_max=600,
    tells_initial_state=False,
)
PERSONALITIES: Mapping[PersonalityName, Personality] = MappingProxyType(
    {one.name: one for one in (_GENERIC, _IPRO, _REOLINK, _TAPO)}
)
