"""`motion` of a camera in the configuration, as people write it: `true`, `false`, or an object with its fields."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from gate.config_fields import Section

ZONES_MAX = 16
CORNERS_MAX = 32

Share = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[Share, Share]
Zone = Annotated[tuple[Corner, ...], Field(min_length=3, max_length=CORNERS_MAX)]


def short_form(value: Any) -> Any:
    """`true` for `{enabled: true}`; an object without `enabled` means it."""
    if isinstance(value, Mapping):
        return {"enabled": True, **value}
    return value if isinstance(value, MotionSettings) else {"enabled": value}


class MotionSettings(Section):
    """`sensitivity`: 1 (only what is large and clear) to 100. `zones`: polygons in shares of width and height from the
    upper left corner; motion counts only there, everywhere without any."""

    enabled: bool = False
    sensitivity: int = Field(70, ge=1, le=100)
    zones: Annotated[tuple[Zone, ...], Field(max_length=ZONES_MAX)] = ()

    @model_validator(mode="after")
    def _zones_have_an_area(self) -> "MotionSettings":
        for number, zone in enumerate(self.zones, start=1):
            if len(set(zone)) < 3:
                raise ValueError(f"zone {number} has fewer than three different corners")
        return self


Motion = Annotated[MotionSettings, BeforeValidator(short_form)]
"""The field's type."""
