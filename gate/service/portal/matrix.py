"""The matrix M1 to M9 for one camera now: what works, and what goes on without a licence. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gate.licence.features import HDMI, Feature
from gate.licence.profile import Profile
from gate.service.operations.licences import Camera


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """`id`: M1 to M9. `always`: it needs no licence."""

    id: str
    works: bool
    always: bool


def matrix_of(profile: Profile, camera: Camera, siblings: Iterable[Camera], now: datetime) -> tuple[MatrixRow, ...]:
    """The rows that apply: a direct camera has no monitor (decision 10). `siblings`: all cameras of its device, for
    what the device as a whole may do (decision 11)."""
    profile = profile.for_kind(camera.kind)
    entitled = _entitled(profile, camera, now)
    quorum = all if profile.device_ops_quorum == "all" else any
    device_entitled = quorum(_entitled(profile, one, now) for one in siblings)
    rows: dict[str, MatrixRow] = {}
    for feature in Feature:
        if camera.kind == "direct" and feature in HDMI:
            continue
        always = feature in profile.continues
        works = always or (device_entitled if feature is Feature.REMOTE_MAINTENANCE else entitled)
        known = rows.get(feature.matrix_id)  # M2 has three features, which stand and fall together
        rows[feature.matrix_id] = MatrixRow(
            id=feature.matrix_id,
            works=works and (known is None or known.works),
            always=always and (known is None or known.always),
        )
    return tuple(rows.values())


def _entitled(profile: Profile, camera: Camera, now: datetime) -> bool:
    if camera.state == "active":
        return True
    return camera.lapsed_at is not None and now < camera.lapsed_at + profile.grace
