"""Where a camera looks: its presets, and which one it has gone to. Its pictures follow (events/programme.py)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from camera_sim.errors import PresetError


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


class Turntable:
    """`look(view)` turns the camera; `settled()`: whether its pictures show what they should."""

    def __init__(self, presets: Sequence[Preset], look: Callable[[int], None], settled: Callable[[], bool]) -> None:
        self.presets = presets
        self.current = presets[0]
        self._look, self._settled = look, settled

    @property
    def moving(self) -> bool:
        return not self._settled()

    def goto(self, token: str) -> None:
        preset = next((preset for preset in self.presets if preset.token == token), None)
        if preset is None:
            known = ", ".join(f"{preset.token} ({preset.name})" for preset in self.presets)
            raise PresetError(f"there is no preset {token!r}; there are: {known}")
        self.current = preset
        self._look(preset.view)
