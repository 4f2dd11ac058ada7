"""What an MQTT broker is to hold of a recorder, as topics and payloads; and how Home Assistant finds it. Pure.

1. Everything here is retained: whoever comes later sees how things are.
2. `<topic>/<device>/availability` is the recorder's own, its last will; `…/<camera>/availability` says whether the
   camera's notices are licensed. A lapsed camera's entities are unavailable, and why stands in their attributes
   (`…/<camera>/licence`), which is never gated, like the site state.
3. Of a lapsed camera nothing else is said; what the broker held when it lapsed stays, marked unavailable.
4. Discovery is by entity (`<prefix>/<component>/<node>/<object>/config`), which other programs know, too.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gate.licence.text import Language, Text
from recorder.events.words import KIND_TITLES

ONLINE, OFFLINE = "online", "offline"
CAMERA_KINDS_ALWAYS = ("camera_lost",)
DEVICE_KINDS = ("disk", "clock")

_CLASSES = {
    "motion": "motion", "person": "occupancy", "vehicle": "motion", "animal": "motion", "face": "occupancy",
    "line": "motion", "zone": "occupancy", "sound": "sound", "tamper": "tamper", "scene_change": "problem",
    "dark": "problem", "bright": "problem", "blurred": "problem", "camera_lost": "problem", "disk": "problem",
    "clock": "problem",
}  # fmt: skip
"""Home Assistant's device classes of binary sensors; the other kinds have none."""
_RECORDING = Text(ja="録画", en="Recording")
_LICENCE = Text(ja="ライセンス切れ", en="Licence lapsed")
_DAYS = Text(ja="ライセンス残日数", en="Licence days left")
_RECORDER = Text(ja="エッジレコーダー", en="Edge recorder")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFacts:
    """One camera: whether its notices are licensed, what happens there now, which kinds it is known to tell.
    `licence`: what may be said in any case."""

    name: str
    licensed: bool
    recording: bool
    on: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    last_day: date | None = None
    days_left: int | None = None
    code: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The whole recorder. `on`: of its own troubles."""

    device: str
    version: str
    language: Language
    cameras: Mapping[str, CameraFacts]
    on: frozenset[str] = frozenset()
    wanted: Collection[str] = field(default=())
    """The kinds that are told; empty: all."""

    @property
    def licensed(self) -> bool:
        """Whether any camera's notices are."""
        return any(camera.licensed for camera in self.cameras.values())


class Topics:
    """Where things stand. `discovery`: None where nothing is announced."""

    def __init__(self, *, base: str, discovery: str | None, device: str) -> None:
        self.device = f"{base}/{device}"
        self.node = f"edge_{device}"
        self._discovery = discovery

    @property
    def availability(self) -> str:
        """The recorder's own."""
        return f"{self.device}/availability"

    @property
    def announced(self) -> str | None:
        """All that is announced of this recorder."""
        return f"{self._discovery}/+/{self.node}/+/config" if self._discovery else None

    def camera(self, camera: str, leaf: str) -> str:
        """One of a camera's."""
        return f"{self.device}/cameras/{camera}/{leaf}"

    def camera_of(self, topic: str) -> str | None:
        """Whose it is, if it is one of a camera's."""
        prefix = self.camera("", "").rstrip("/")
        return topic.removeprefix(prefix).split("/")[1] if topic.startswith(f"{prefix}/") else None

    def config(self, component: str, thing: str) -> str | None:
        """Where an entity is announced."""
        return f"{self._discovery}/{component}/{self.node}/{thing}/config" if self._discovery else None


def retained(facts: Facts, topics: Topics) -> dict[str, str]:
    """Everything the broker is to hold, in the order to say it in: what goes offline first, what comes online last."""
    states: dict[str, str] = {}
    availability = {f"{topics.device}/notices": facts.licensed}
    for id, camera in facts.cameras.items():
        availability[topics.camera(id, "availability")] = camera.licensed
        states[topics.camera(id, "licence")] = _licence(camera)
        if camera.licensed:
            states[topics.camera(id, "recording")] = _on(camera.recording)
            states |= {topics.camera(id, kind): _on(kind in camera.on) for kind in _kinds(camera, facts)}
    if facts.licensed:
        states |= {f"{topics.device}/{kind}": _on(kind in facts.on) for kind in _device_kinds(facts)}
    gone = {topic: OFFLINE for topic, online in availability.items() if not online}
    come = {topic: ONLINE for topic, online in availability.items() if online}
    return gone | _announcements(facts, topics) | states | come | {topics.availability: ONLINE}


def _announcements(facts: Facts, topics: Topics) -> dict[str, str]:
    entities: dict[str | None, dict[str, Any]] = {}
    language = facts.language
    recorder = {"identifiers": [topics.node], "name": f"{_RECORDER.in_language(language)} {facts.device}",
                "model": "edge-recorder", "sw_version": facts.version}  # fmt: skip

    def add(component: str, thing: str, device: dict[str, Any], state: str, seen: list[str], **more: Any) -> None:
        entities[topics.config(component, thing)] = {
            "unique_id": f"{topics.node}_{thing}",
            "state_topic": state,
            "availability": [{"topic": topic} for topic in (topics.availability, *seen)],
            "availability_mode": "all",
            "device": device,
            "origin": {"name": "edge-recorder", "sw": facts.version},
        } | {name: value for name, value in more.items() if value is not None}

    for kind in _device_kinds(facts):
        add("binary_sensor", kind, recorder, f"{topics.device}/{kind}", [f"{topics.device}/notices"],
            name=_title(kind, language), device_class=_CLASSES[kind], entity_category="diagnostic")  # fmt: skip
    for id, camera in facts.cameras.items():
        device = {
            "identifiers": [f"{topics.node}_{id}"],
            "name": camera.name,
            "model": "camera",
            "via_device": topics.node,
        }
        licence, licensed = topics.camera(id, "licence"), [topics.camera(id, "availability")]
        why = {"json_attributes_topic": licence}
        for kind in _kinds(camera, facts):
            category = "diagnostic" if kind == "camera_lost" else None
            add("binary_sensor", f"{id}_{kind}", device, topics.camera(id, kind), licensed, **why,
                name=_title(kind, language), device_class=_CLASSES.get(kind), entity_category=category)  # fmt: skip
        add("binary_sensor", f"{id}_recording", device, topics.camera(id, "recording"), licensed, **why,
            name=_RECORDING.in_language(language), device_class="running")  # fmt: skip
        add("binary_sensor", f"{id}_licence", device, licence, [], **why, name=_LICENCE.in_language(language),
            device_class="problem", entity_category="diagnostic",
            value_template="{{ 'ON' if value_json.state == 'lapsed' else 'OFF' }}")  # fmt: skip
        add("sensor", f"{id}_licence_days", device, licence, [], **why, name=_DAYS.in_language(language),
            device_class="duration", unit_of_measurement="d", entity_category="diagnostic",
            value_template="{{ value_json.days_left }}")  # fmt: skip
    return {topic: _json(entity) for topic, entity in entities.items() if topic is not None}


def _licence(camera: CameraFacts) -> str:
    return _json(
        {
            "state": "active" if camera.licensed else "lapsed",
            "last_day": camera.last_day.isoformat() if camera.last_day else None,
            "days_left": camera.days_left,
            "code": camera.code,
            "reason": camera.reason,
        }
    )


def _kinds(camera: CameraFacts, facts: Facts) -> list[str]:
    known = camera.kinds | camera.on | set(CAMERA_KINDS_ALWAYS)
    return [kind for kind in KIND_TITLES if kind in known and kind != "licence" and _wanted(kind, facts)]


def _device_kinds(facts: Facts) -> list[str]:
    return [kind for kind in DEVICE_KINDS if _wanted(kind, facts)]


def _wanted(kind: str, facts: Facts) -> bool:
    return not facts.wanted or kind in facts.wanted


def _title(kind: str, language: Language) -> str:
    return KIND_TITLES[kind].in_language(language)


def _on(is_on: bool) -> str:
    return "ON" if is_on else "OFF"


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
