"""What a lapse stops: the matrix as data. A profile's hash is signed into each entitlement, so an edited one shows."""

import functools
import hashlib
import json
from dataclasses import dataclass

from gate.licence.features import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`continues`: features that need no licence at any time. `survives_stale`: gated features that an entitlement
    past its `stale_after` still grants (a device cut off from its service goes on with these)."""

    name: str
    continues: frozenset[Feature]
    survives_stale: frozenset[Feature]

    @property
    def sha256(self) -> str:
        """Hex SHA-256 over `edge-profile/v1`, a newline, and the profile as JSON with sorted keys and values."""
        return _sha256(self)


@functools.lru_cache(maxsize=16)
def _sha256(profile: Profile) -> str:
    document = {
        "continues": sorted(feature.value for feature in profile.continues),
        "name": profile.name,
        "survives_stale": sorted(feature.value for feature in profile.survives_stale),
    }
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(b"edge-profile/v1\n" + canonical.encode()).hexdigest()


REMO = Profile(
    name="remo",
    continues=frozenset({Feature.HDMI_LIVE, Feature.HDMI_PLAYBACK, Feature.SD_EXPORT, Feature.HDMI_EVENTS}),
    survives_stale=frozenset({Feature.RECORDING}),
)
"""The manual's matrix: HDMI (M1, M4, M7) and the SD card (M6) go on, everything else stops."""
