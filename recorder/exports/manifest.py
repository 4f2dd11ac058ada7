"""What an export says of itself: the content of the document `edge-export/v1` that the device signs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gate.licence.clock_evidence import ClockEvidence
from gate.licence.decision import Decision, Granted
from recorder.exports.export import Order, instant_text
from recorder.exports.plan import FilePlan
from recorder.media.access_unit import TIMESCALE
from recorder.timeline import Span

DOCUMENT_TYPE = "edge-export/v1"
GAPS_MAX = 2000
"""More are counted only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """The device that signs. `entitlement`: number and key of the licence document in force, as far as there is one."""

    device: Mapping[str, Any]
    entitlement: Mapping[str, Any] | None
    made_utc_ns: int
    clock: ClockEvidence


def manifest(
    order: Order,
    files: Sequence[tuple[str, FilePlan, str]],
    gaps: Mapping[str, Sequence[Span]],
    decisions: Mapping[str, Decision],
    maker: Maker,
) -> dict[str, Any]:
    """`files`: each with its name and the SHA-256 of its content. `decisions`: on each camera's download."""
    told = [
        {
            "camera": camera,
            "start": instant_text(gap.start_utc_ns),
            "end": instant_text(gap.end_utc_ns),
            "reason": gap.reason,
        }
        for camera, spans in gaps.items()
        for gap in spans
    ]
    return {
        "format": DOCUMENT_TYPE,
        "export": order.id,
        "device": dict(maker.device),
        "asked_at": instant_text(order.asked_utc_ns),
        "asked_by": order.asked_by or None,
        "made_at": instant_text(maker.made_utc_ns),
        "requested": {
            "cameras": list(order.cameras),
            "stream": order.stream,
            "from": instant_text(order.start_utc_ns),
            "to": instant_text(order.end_utc_ns),
        },
        "files": [_file(*file) for file in files],
        "gaps": told[:GAPS_MAX],
        "gaps_left_out": max(len(told) - GAPS_MAX, 0),
        "licence": {
            "cameras": [_licence(camera, decision) for camera, decision in decisions.items()],
            "entitlement": dict(maker.entitlement) if maker.entitlement else None,
        },
        "clock": {
            "source": maker.clock.source.value,
            "doubt": maker.clock.doubt.value if maker.clock.doubt else None,
            "message": maker.clock.text.en,
        },
    }


def _file(name: str, plan: FilePlan, sha256: str) -> dict[str, Any]:
    return {
        "name": name,
        "camera": plan.camera,
        "stream": plan.stream,
        "start": instant_text(plan.start_utc_ns),
        "end": instant_text(plan.end_utc_ns),
        "pictures": plan.pictures,
        "pre_roll_seconds": round(plan.pre_roll_90k / TIMESCALE, 3),
        "video": {"codec": plan.format.codec, "width": plan.format.width, "height": plan.format.height},
        "sound": plan.has_sound,
        "bytes": plan.bytes,
        "sha256": sha256,
    }


def _licence(camera: str, decision: Decision) -> dict[str, Any]:
    if not isinstance(decision, Granted):
        return {"camera": camera, "state": "lapsed", "code": decision.code.value}
    until = decision.until.isoformat() if decision.until else None
    return {"camera": camera, "state": "active", "until": until}
