"""The one decision: may this feature run for this camera now? A pure function of evidence and time."""

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gate.licence.entitlement import Entitlement, Interval, Kind, common, merged
from gate.licence.features import Feature
from gate.licence.profile import NO_GRACE, Profile


class DenialCode(enum.Enum):
    """Why not. Values are stable."""

    EXPIRED = "EXPIRED"
    """A licence has covered this camera; none covers it now."""
    NOT_LICENSED = "NOT_LICENSED"
    """No licence has covered this camera yet, or the entitlement was made for another profile."""
    UNREGISTERED = "UNREGISTERED"
    """The device has no entitlement at all."""
    WRONG_KIND = "WRONG_KIND"
    REVOKED = "REVOKED"
    """The licence that covered this camera last was ended before its term, by hand."""
    STALE = "STALE"
    """The entitlement is past its `stale_after`: the device must hear from its service again."""
    CLOCK_UNTRUSTED = "CLOCK_UNTRUSTED"
    """The clock says a time before the entitlement was issued, or has been tampered with."""
    REPLAYED = "REPLAYED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Yes, in `[since, until)`; None: without limit, whatever the clock or the entitlement."""

    until: datetime | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No, and why. `since`: when it stopped, where that is known."""

    code: DenialCode
    feature: Feature
    camera: str | None
    since: datetime | None = None


Decision = Granted | Denied


def decide(
    entitlement: Entitlement | None,
    profile: Profile,
    feature: Feature,
    camera: str | None,
    now: datetime,
    *,
    clock_trusted: bool = True,
    kind: Kind = "edge",
) -> Decision:
    """Whether the feature may run at `now`. `camera` None asks for the device itself (M9): any entitled camera will do,
    or all of them, as the profile says. A profile's grace counts as part of each term. `kind` is the device's: a
    licence of the other kind (R21) covers nothing on it.

    A camera that is both out of term and stale is EXPIRED: a licence is what it needs first.
    """
    if feature in profile.continues:
        return Granted(until=None)
    if entitlement is None:
        return Denied(code=DenialCode.UNREGISTERED, feature=feature, camera=camera)
    if now < entitlement.issued_at or not clock_trusted:
        return Denied(code=DenialCode.CLOCK_UNTRUSTED, feature=feature, camera=camera)
    if entitlement.profile_sha256 != profile.sha256:
        return Denied(code=DenialCode.NOT_LICENSED, feature=feature, camera=camera)
    grant = entitlement.cameras.get(camera) if camera is not None else None
    if grant is not None and grant.kind != kind:
        return Denied(code=DenialCode.WRONG_KIND, feature=feature, camera=camera)
    spans = entitled_spans(entitlement, profile, camera, kind)
    current = next((span for span in spans if span.start <= now < span.end), None)
    if current is None:
        ended = max((span.end for span in spans if span.end <= now), default=None)
        revoked = grant.revoked_at if grant is not None else None
        if revoked is not None and revoked <= now and (ended is None or ended < revoked):
            return Denied(code=DenialCode.REVOKED, feature=feature, camera=camera, since=revoked)
        code = DenialCode.EXPIRED if ended else DenialCode.NOT_LICENSED
        return Denied(code=code, feature=feature, camera=camera, since=ended)
    since, stale_after = max(current.start, entitlement.issued_at), entitlement.stale_after
    if stale_after is None or feature in profile.survives_stale:
        return Granted(until=current.end, since=since)
    if stale_after <= now:
        return Denied(code=DenialCode.STALE, feature=feature, camera=camera, since=stale_after)
    return Granted(until=min(current.end, stale_after), since=since)


def licence_of(
    entitlement: Entitlement | None,
    profile: Profile,
    camera: str,
    now: datetime,
    *,
    clock_trusted: bool = True,
    kind: Kind = "edge",
) -> Decision:
    """Whether a licence covers the camera at `now`, whatever the profile lets go on without one: neither what continues
    nor staleness nor grace counts. A denial names a feature that needs a licence, recording if it does."""
    plain = replace(profile, continues=frozenset(), survives_stale=frozenset(Feature), grace=NO_GRACE)
    if entitlement is not None:
        fits = entitlement.profile_sha256 == profile.sha256
        entitlement = replace(entitlement, profile_sha256=plain.sha256 if fits else "")
    gated = (feature for feature in (Feature.RECORDING, *Feature) if feature not in profile.continues)
    feature = next(gated, Feature.RECORDING)
    return decide(entitlement, plain, feature, camera, now, clock_trusted=clock_trusted, kind=kind)


def licensed_until(
    entitlement: Entitlement | None, profile: Profile, camera: str, now: datetime, kind: Kind = "edge"
) -> datetime | None:
    """X of the camera's licence, abutting renewals included; None if none of the device's kind covers `now`. Neither
    staleness nor grace counts."""
    if entitlement is None or now < entitlement.issued_at or entitlement.profile_sha256 != profile.sha256:
        return None
    grant = entitlement.cameras.get(camera)
    if grant is None or grant.kind != kind:
        return None
    return next((span.end for span in entitlement.spans(camera) if span.start <= now < span.end), None)


def next_change(entitlement: Entitlement | None, now: datetime, grace: timedelta = timedelta(0)) -> datetime | None:
    """The nearest instant after `now` at which time alone may change a decision, under a profile of that grace; None:
    never."""
    if entitlement is None:
        return None
    changes = {entitlement.issued_at}
    if entitlement.stale_after is not None:
        changes.add(entitlement.stale_after)
    for camera in entitlement.cameras:
        for span in entitlement.spans(camera):
            changes.update((span.start, span.end, span.end + grace))
    return min((instant for instant in changes if instant > now), default=None)


def entitled_spans(
    entitlement: Entitlement, profile: Profile, camera: str | None, kind: Kind = "edge"
) -> tuple[Interval, ...]:
    """When licences of that kind cover the camera (None: the device itself), the profile's grace included, in order."""
    named = entitlement.cameras if camera is None else [camera]
    fitting = [one for one in named if (grant := entitlement.cameras.get(one)) is not None and grant.kind == kind]
    each = [_with_grace(entitlement.spans(one), profile.grace) for one in fitting]
    if camera is None and profile.device_ops_quorum == "all":
        return common(each) if len(fitting) == len(entitlement.cameras) else ()
    return each[0] if len(each) == 1 else merged(span for spans in each for span in spans)


def _with_grace(spans: tuple[Interval, ...], grace: timedelta) -> tuple[Interval, ...]:
    if not grace:
        return spans
    return merged(Interval(span.start, span.end + grace) for span in spans)
