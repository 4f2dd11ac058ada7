"""What a scenario begins with: cameras, who has which licences, what the rules are. Fields of its YAML."""

from typing import Literal

from pydantic import Field, model_validator

from gate.config_fields import Section
from gate.yaml_file import PlacedError

Months = Literal[12, 36, 60]
Kind = Literal["edge", "direct"]
CAMERAS_MAX = 4
COUNT_MAX = 100


class Stock(Section):
    """So many licences of a term that the partner has in stock, of the site's kind: exactly, no more."""

    months: Months
    count: int = Field(ge=0, le=COUNT_MAX)


class AutoAssign(Section):
    """`respect_hold`: cameras that are held without a licence are left alone when others lapse."""

    respect_hold: bool = False


class Given(Section):
    """The site before the first step. `kind` direct: a camera that is its own recorder, without a monitor. `months`: of
    the licence that each camera has from the first moment, but for what `licences` says of single ones. `profile`: what
    its recorder believes a lapse stops."""

    kind: Kind = "edge"
    cameras: int = Field(2, ge=1, le=CAMERAS_MAX)
    months: Months = 12
    licences: dict[str, Months | Literal["none"]] = Field(default_factory=dict)
    stock: tuple[Stock, ...] = ()
    auto_assign: AutoAssign = AutoAssign()
    profile: Literal["remo", "p4_summary", "grace_30d", "recording_survives"] = "remo"

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras' ids, in the order of their registration."""
        return tuple(f"cam{number}" for number in range(1, self.cameras + 1))

    @model_validator(mode="after")
    def _fits(self) -> "Given":
        if self.kind == "direct" and self.cameras != 1:
            raise PlacedError(("kind",), "a direct camera is one camera: write cameras: 1 beside it")
        for camera in self.licences:
            if camera not in self.names:
                raise PlacedError(("licences", camera), unknown_camera(camera, self.names))
        months = [one.months for one in self.stock]
        for at, one in enumerate(months):
            if one in months[:at]:
                raise PlacedError(("stock", at, "months"), f"the stock of {one} months is told already")
        return self


def unknown_camera(camera: str, names: tuple[str, ...]) -> str:
    """The sentence for a camera that there is not."""
    return f"there is no camera {camera!r}; there are: {', '.join(names)}"
