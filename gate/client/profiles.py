"""A profile by its name, or from a file of one's own."""

from pathlib import Path

from gate.config_fields import beside
from gate.licence.profile import PROFILES, Profile
from gate.profile_file import load_profile
from gate.yaml_file import ConfigError


def profile_place(text: str, config: Path) -> str:
    """A configuration's `profile`: a built-in name as it is, a path relative to the configuration made absolute."""
    return text if text in PROFILES else str(beside(config, Path(text)))


def open_profile(place: str) -> Profile:
    """A built-in profile, or the one in a YAML file. Raises gate.yaml_file.ConfigError."""
    if place in PROFILES:
        return PROFILES[place]
    if not Path(place).exists():
        raise ConfigError(f"{place}: no such profile; choose from {', '.join(sorted(PROFILES))}, or give a file's path")
    return load_profile(Path(place))
