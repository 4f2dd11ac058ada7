"""What a lapse stops: the matrix as data. A profile's hash is signed into each entitlement, so an edited one shows."""

import functools
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from gate.licence.entitlement import Kind
from gate.licence.features import HDMI, Feature

Quorum = Literal["any", "all"]
ExpiryAction = Literal["stop", "continue"]
NO_GRACE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`continues`: features that need no licence at any time. `survives_stale`: gated features that an entitlement
    past its `stale_after` still grants (a device cut off from its service goes on with these). `grace`: whole seconds
    after a term's end during which nothing stops. `device_ops_quorum`: whether the device's own functions (M9) need any
    or all of its cameras entitled. `sd_recording_on_expiry`: what a direct camera does with its card when it lapses."""

    name: str
    continues: frozenset[Feature]
    survives_stale: frozenset[Feature]
    grace: timedelta = NO_GRACE
    device_ops_quorum: Quorum = "any"
    sd_recording_on_expiry: ExpiryAction = "stop"

    @property
    def sha256(self) -> str:
        """Hex SHA-256 over `edge-profile/v1`, a newline, and the profile as JSON with sorted keys and values; what has
        its default is left out."""
        return _sha256(self)

    def for_kind(self, kind: Kind) -> "Profile":
        """What holds on a device of that kind, for who signs its entitlement as for the device itself: a direct camera
        records to its own card, which `sd_recording_on_expiry` may keep going."""
        if kind == "edge" or self.sd_recording_on_expiry == "stop":
            return self
        return replace(self, continues=self.continues | {Feature.RECORDING})

    def with_overrides(
        self,
        *,
        grace: timedelta | None = None,
        device_ops_quorum: Quorum | None = None,
        sd_recording_on_expiry: ExpiryAction | None = None,
    ) -> "Profile":
        """The same with what is not None in its place."""
        return replace(
            self,
            grace=self.grace if grace is None else grace,
            device_ops_quorum=device_ops_quorum or self.device_ops_quorum,
            sd_recording_on_expiry=sd_recording_on_expiry or self.sd_recording_on_expiry,
        )


@functools.lru_cache(maxsize=16)
def _sha256(profile: Profile) -> str:
    document: dict[str, Any] = {
        "continues": sorted(feature.value for feature in profile.continues),
        "name": profile.name,
        "survives_stale": sorted(feature.value for feature in profile.survives_stale),
    }
    if profile.grace:
        document["grace_seconds"] = profile.grace // timedelta(seconds=1)
    if profile.device_ops_quorum != "any":
        document["device_ops_quorum"] = profile.device_ops_quorum
    if profile.sd_recording_on_expiry != "stop":
        document["sd_recording_on_expiry"] = profile.sd_recording_on_expiry
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(b"edge-profile/v1\n" + canonical.encode()).hexdigest()


REMO = Profile(
    name="remo",
    continues=frozenset({Feature.HDMI_LIVE, Feature.HDMI_PLAYBACK, Feature.SD_EXPORT, Feature.HDMI_EVENTS}),
    survives_stale=frozenset({Feature.RECORDING}),
)
"""The manual's matrix: HDMI (M1, M4, M7) and the SD card (M6) go on, everything else stops."""

P4_SUMMARY = Profile(
    name="p4_summary",
    continues=frozenset({Feature.HDMI_LIVE, Feature.SD_EXPORT}),
    survives_stale=frozenset({Feature.RECORDING, Feature.HDMI_PLAYBACK, Feature.HDMI_EVENTS}),
)
"""The summary on the manual's page 4, 「HDMI上のライブ画だけ出る」, which contradicts its matrix in M4 and M7."""

GRACE_30D = Profile(
    name="grace_30d",
    continues=frozenset({Feature.SD_EXPORT}),
    survives_stale=frozenset({Feature.RECORDING}) | HDMI,
    grace=timedelta(days=30),
)
"""Everything goes on for 30 days, then all stops; but for the SD card, which anybody can take out."""

RECORDING_SURVIVES = Profile(
    name="recording_survives",
    continues=REMO.continues | {Feature.RECORDING},
    survives_stale=frozenset(),
)
"""The remote side stops, recording goes on."""

PROFILES = {profile.name: profile for profile in (REMO, P4_SUMMARY, GRACE_30D, RECORDING_SURVIVES)}
"""The built-in ones; `configs/profiles` has each as a file to start from."""
