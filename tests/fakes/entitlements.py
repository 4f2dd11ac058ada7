"""Entitlements for tests, with a word for each thing a test wants to differ in."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from gate.licence.entitlement import CameraGrant, Entitlement, Interval
from gate.licence.profile import REMO

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds after NEW_YEAR."""
    return NEW_YEAR + timedelta(seconds=seconds)


def span(start: float, end: float) -> Interval:
    """`[start, end)` in seconds after NEW_YEAR."""
    return Interval(at(start), at(end))


def entitlement(
    cameras: Mapping[str, tuple[Interval, ...]],
    *,
    device_id: str = "rec-1",
    seq: int = 1,
    issued_at: datetime = NEW_YEAR,
    stale_after: datetime | None = None,
    kid: str = "0" * 16,
    profile_sha256: str = REMO.sha256,
) -> Entitlement:
    """An entitlement of the profile `remo` for edge cameras."""
    return Entitlement(
        kid=kid,
        device_id=device_id,
        device_pubkey_sha256=None,
        seq=seq,
        issued_at=issued_at,
        stale_after=stale_after,
        cameras={camera: CameraGrant(kind="edge", intervals=intervals) for camera, intervals in cameras.items()},
        profile="remo",
        profile_sha256=profile_sha256,
    )
