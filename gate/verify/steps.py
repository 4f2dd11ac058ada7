"""What can be done and expected in a scenario, one thing a step. Fields of its YAML."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gate.config_fields import Section
from gate.shared_clock.errors import ClockCommandError
from gate.shared_clock.grammar import parse_duration, parse_instant
from gate.verify.given import COUNT_MAX, Months
from gate.verify.matrix import Expected, MatrixName, Row, expected_of
from gate.yaml_file import PlacedError

CROSS_SECONDS_MAX = 60.0
FAULT_SECONDS_MAX = 600.0
LATEST = datetime(2299, 12, 31, tzinfo=UTC)
"""Site time ends there."""


def _instant_text(value: Any) -> Any:
    if isinstance(value, datetime):  # YAML has read it already: quotes keep the offset that was written
        raise ValueError("write the instant in quotes, with its offset from UTC: '2027-01-01T00:00+09:00'")
    return value


def _instant(text: str) -> str:
    try:
        instant = parse_instant(text)
    except ClockCommandError:
        raise ValueError(
            f"{text!r} is no instant of the calendar with its offset from UTC; write it like '2027-01-01T00:00+09:00'"
        ) from None
    if instant > LATEST:
        raise ValueError(f"{text} is beyond the year 2299, where site time ends")
    return text


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except ClockCommandError as error:
        raise ValueError(str(error)) from None
    return text


def _setting(text: str) -> str:
    match text.split():
        case ["restore"]:
            return text
        case ["set", "back" | "ahead", duration]:
            _duration(duration)
            return text
    raise ValueError(f"set back 40d, set ahead 40d or restore is wanted, not {text!r}")


Instant = Annotated[str, BeforeValidator(_instant_text), AfterValidator(_instant)]
Duration = Annotated[str, AfterValidator(_duration)]
Setting = Annotated[str, AfterValidator(_setting)]
FaultKind = Literal[
    "freeze_image", "clock_offset", "clock_step", "loss", "reorder", "duplicates", "frozen", "half_open", "slow",
    "reset", "refused", "reboot", "stale_session", "sd_removed", "onvif_dropped", "event_lost",
]  # fmt: skip
"""Of the simulated cameras' faults, those of which a parameter need not be chosen."""


class Renewal(Section):
    """A licence for each camera, allocated by the partner."""

    months: Months = 12


class Refusable(Section):
    """`refused`: it must be refused, and change nothing."""

    refused: bool = False


class Allocation(Refusable):
    """By the partner, out of its stock into the customer's pool: no camera is named."""

    months: Months = 12
    count: int = Field(1, ge=1, le=COUNT_MAX)


class Assignment(Refusable):
    """By the customer: a licence of so many months out of its pool for a camera."""

    camera: str
    months: Months


class Move(Refusable):
    """振替え: the licence that a camera has now goes to another. `by` proxy: the partner does it, as the customer."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    by: Literal["customer", "proxy"] = "customer"


class Release(Refusable):
    """By the customer: the licence that a camera has now goes back to the pool."""

    camera: str


class Hold(Refusable):
    """By the customer: a camera is left without a licence on purpose, or not any more."""

    camera: str
    held: bool = True


class Fault(Section):
    """Something goes wrong with a simulated camera, for a while."""

    camera: str
    kind: FaultKind
    lasts: Duration = Field("10s", alias="for")

    @model_validator(mode="after")
    def _bounded(self) -> "Fault":
        if parse_duration(self.lasts).total_seconds() > FAULT_SECONDS_MAX:
            raise PlacedError(("for",), f"a fault lasts {FAULT_SECONDS_MAX:g}s at the most, of real time")
        return self


class Assertion(Section):
    """A column of the matrix: every row, or those of `rows`. A row's word goes before the matrix. `camera`: only that
    one is looked at; M9 is the recorder's all the same."""

    column: str = Field(min_length=1, max_length=40)
    camera: str | None = None
    matrix: MatrixName | None = None
    rows: dict[Row, Expected] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_something(self) -> "Assertion":
        if not self.expected:
            raise ValueError("say what is expected: matrix: active, matrix: lapsed, or rows: {M3: stops}")
        return self

    @property
    def expected(self) -> dict[Row, Expected]:
        return expected_of(self.matrix, self.rows)


class Step(Section):
    """Exactly one of these a step."""

    advance: Duration | None = None
    to: Instant | None = None
    to_expiry: Duration | None = Field(None, alias="to-expiry")
    to_end: Duration | None = Field(None, alias="to-end")
    cross: Duration | None = None
    renew: Renewal | None = None
    allocate: Allocation | None = None
    assign: Assignment | None = None
    move: Move | None = None
    release: Release | None = None
    hold: Hold | None = None
    service: Literal["offline", "online"] | None = None
    clock: Setting | None = None
    fault: Fault | None = None
    check: Assertion | None = Field(None, alias="assert")

    @model_validator(mode="after")
    def _one_thing(self) -> "Step":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            known = ", ".join(field.alias or name for name, field in type(self).model_fields.items())
            raise ValueError(f"a step is one of: {known}")
        if self.cross is not None and parse_duration(self.cross).total_seconds() > CROSS_SECONDS_MAX:
            raise PlacedError(("cross",), f"an expiry is crossed in real time: {CROSS_SECONDS_MAX:g}s at the most")
        return self

    @property
    def name(self) -> str:
        """The field's name here."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def moves_time(self) -> bool:
        """Whether the site's clock is stepped, or waited for."""
        return self.name in ("advance", "to", "to_expiry", "to_end", "cross")

    @property
    def needs_service(self) -> bool:
        """Whether somebody does something at the licence service."""
        return self.name in ("renew", "allocate", "assign", "move", "release", "hold")

    @property
    def cameras(self) -> list[tuple[tuple[str, str], str]]:
        """Every camera that it names: the place in the step, and the name."""
        found = [((field, "camera"), getattr(getattr(self, field), "camera", None))
                 for field in ("assign", "release", "hold", "fault", "check")]  # fmt: skip
        if self.move is not None:
            found += [(("move", "from"), self.move.source), (("move", "to"), self.move.target)]
        return [((_alias(field), part), camera) for (field, part), camera in found if camera is not None]


def _alias(field: str) -> str:
    return Step.model_fields[field].alias or field


FAULTS: tuple[str, ...] = get_args(FaultKind)
