"""Profiles written by people: `configs/profiles/*.yaml`, and one's own."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from gate import yaml_file
from gate.config_fields import Section
from gate.licence.features import Feature
from gate.licence.profile import ExpiryAction, Profile, Quorum

GRACE_DAYS_MAX = 3660


def _feature(value: Any) -> Feature:
    try:
        return Feature(value)
    except ValueError:
        names = ", ".join(feature.value for feature in Feature)
        raise ValueError(f"there is no feature {value!r:.40}; choose from {names}") from None


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    text = str(value)
    if text[:-1].isdecimal() and len(text) <= 10 and text[-1] in units:
        duration = timedelta(**{units[text[-1]]: int(text[:-1])})
        if duration <= timedelta(days=GRACE_DAYS_MAX):
            return duration
    raise ValueError(f"a duration like 30d, 24h or 0d is wanted (at most {GRACE_DAYS_MAX}d), not {value!r:.40}")


FeatureName = Annotated[Feature, BeforeValidator(_feature)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""`30d`, `24h`, `90m`, `10s`."""


class _ProfileSection(Section):
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")
    continues: frozenset[FeatureName]
    survives_stale: frozenset[FeatureName] = frozenset()
    grace: Duration = timedelta(0)
    device_ops_quorum: Quorum = "any"
    sd_recording_on_expiry: ExpiryAction = "stop"


def load_profile(path: Path) -> Profile:
    """The profile in a file. Raises gate.yaml_file.ConfigError naming file, line and field."""
    section = yaml_file.load(path, _ProfileSection)
    return Profile(
        name=section.name,
        continues=section.continues,
        survives_stale=section.survives_stale,
        grace=section.grace,
        device_ops_quorum=section.device_ops_quorum,
        sd_recording_on_expiry=section.sd_recording_on_expiry,
    )
