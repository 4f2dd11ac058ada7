"""Where a camera looks: its presets, and which one it has gone to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """`token` is what protocols call it (`1`, `2`, …); `view` is the scene's."""

    token: str
    name: str
    view: int


class Ptz(Protocol):
    """What a service that controls one camera (ONVIF PTZ) asks for. A camera without presets has none of it."""

    @property
    def presets(self) -> Sequence[Preset]:
        """All there are, in the order of the fleet file; never empty."""

    @property
    def current(self) -> Preset:
        """Where it looks, or where it is going."""

    @property
    def moving(self) -> bool:
        """Whether its pictures do not show `current` yet."""

    def goto(self, token: str) -> None:
        """Goes there; the pictures follow at the next key frame at which they can. Raises PresetError."""
