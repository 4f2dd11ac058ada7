"""What a device is told: from the state of the ledger to the cameras of its entitlement.

For each camera: its last interval that ended by expiry, the one that runs, and all that are known to follow, automatic
assignments included (`forecast`). An interval that was cut by hand is not told: what was released is "not licensed",
not "expired", and no grace begins with it. Where a revocation cut it, that moment is told.
"""

from datetime import datetime

from gate.licence.assignment import forecast
from gate.licence.entitlement import CameraGrant, Entitlement, Interval, merged
from gate.licence.profile import Profile
from gate.licence.rules import Rules
from gate.licence.state import Camera, State


def grants_for(
    state: State, device: str, now: datetime, rules: Rules, *, since: datetime | None = None
) -> dict[str, CameraGrant]:
    """Every camera of the device by its id, also those without a licence (they count for the quorum `all`). `since`:
    when the job of automatic assignment last ran; a device that asks while the job is late is told what it will do.
    Raises KeyError for a device that is not registered."""
    ahead = forecast(state, now, rules, customer=state.devices[device].customer, since=since)
    return {
        key.camera: CameraGrant(
            kind=ahead.cameras[key].kind,
            intervals=_intervals(ahead.cameras[key], now),
            revoked_at=_revoked_at(ahead, ahead.cameras[key], now),
        )
        for key in ahead.devices[device].cameras
    }


def entitlement_for(
    state: State,
    device: str,
    now: datetime,
    rules: Rules,
    *,
    kid: str,
    seq: int,
    since: datetime | None = None,
    profile: Profile | None = None,
    stale_after: datetime | None = None,
    device_pubkey_sha256: str | None = None,
) -> Entitlement:
    """The whole document for a device, to be signed. `profile`: a user's own; else the one the rules name. `since`:
    as in `grants_for`."""
    effective = rules.effective_profile(profile).for_kind(state.devices[device].kind)
    return Entitlement(
        kid=kid,
        device_id=device,
        device_pubkey_sha256=device_pubkey_sha256,
        seq=seq,
        issued_at=now,
        stale_after=stale_after,
        cameras=grants_for(state, device, now, rules, since=since),
        profile=effective.name,
        profile_sha256=effective.sha256,
    )


def _intervals(camera: Camera, now: datetime) -> tuple[Interval, ...]:
    past = [one for one in camera.coverage if one.ends <= now and not one.cut]
    told = past[-1:] + [one for one in camera.coverage if one.ends > now]
    return merged(Interval(one.starts, one.ends) for one in told)


def _revoked_at(state: State, camera: Camera, now: datetime) -> datetime | None:
    cut = [one for one in camera.coverage if one.cut and one.ends <= now]
    if not cut or state.licences[cut[-1].licence].revoked_at != cut[-1].ends:
        return None
    return cut[-1].ends
