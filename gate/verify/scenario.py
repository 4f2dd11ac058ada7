"""Scenarios: what is given, then what is done and expected, in order. YAML files for people (configs/scenarios/)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gate.config_fields import Section
from gate.shared_clock.errors import ClockCommandError
from gate.shared_clock.grammar import parse_duration, parse_instant
from gate.verify.matrix import Expected, MatrixName, Row, expected_of
from gate.yaml_file import PlacedError, load

STEPS_MAX = 100
CROSS_SECONDS_MAX = 60.0
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


Instant = Annotated[str, BeforeValidator(_instant_text), AfterValidator(_instant)]
Duration = Annotated[str, AfterValidator(_duration)]


class Given(Section):
    """The site before the first step. `profile`: what its recorder believes a lapse stops. `months`: of the licence
    that each camera is given at the first moment."""

    cameras: int = Field(2, ge=1, le=4)
    months: Literal[12, 36, 60] = 12
    profile: Literal["remo", "p4_summary", "grace_30d", "recording_survives"] = "remo"


class Limits(Section):
    """How late is too late. A machine that is busy with other things may need more."""

    cut_ms: int = Field(250, ge=1, le=60_000)
    restored_ms: int = Field(1000, ge=1, le=60_000)
    fresh_ms: int = Field(3000, ge=100, le=5_000)


class Renewal(Section):
    """A licence for each camera, allocated by the partner."""

    months: Literal[12, 36, 60] = 12


class Assertion(Section):
    """A column of the matrix: every row, or those of `rows`. A row's word goes before the matrix."""

    column: str = Field(min_length=1, max_length=40)
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
    cross: Duration | None = None
    renew: Renewal | None = None
    check: Assertion | None = Field(None, alias="assert")

    @model_validator(mode="after")
    def _one_thing(self) -> "Step":
        names = ("advance", "to", "to_expiry", "cross", "renew", "check")
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError("a step is one of: advance, to, to-expiry, cross, renew, assert")
        if self.cross is not None and parse_duration(self.cross).total_seconds() > CROSS_SECONDS_MAX:
            raise PlacedError(("cross",), f"an expiry is crossed in real time: {CROSS_SECONDS_MAX:g}s at the most")
        return self


class Scenario(Section):
    """One run of one site."""

    name: str = Field(min_length=1, max_length=80)
    given: Given = Given()
    limits: Limits = Limits()
    steps: tuple[Step, ...] = Field(min_length=1, max_length=STEPS_MAX)

    @model_validator(mode="after")
    def _can_be_carried_out(self) -> "Scenario":
        before_x, columns, latest = False, set[str](), None
        for at, step in enumerate(self.steps):
            if step.to is not None:
                instant = parse_instant(step.to)
                if latest is not None and instant < latest:
                    raise PlacedError(("steps", at, "to"), "this is before an earlier step: site time never goes back")
                latest = instant
            if step.cross is not None and not before_x:
                raise PlacedError(
                    ("steps", at, "cross"), "there is no to-expiry before it: jumping over X proves nothing"
                )
            if step.check is not None and step.check.column in columns:
                raise PlacedError(("steps", at, "assert", "column"), f"there is a column {step.check.column!r} already")
            if step.check is not None:
                columns.add(step.check.column)
            if step.advance or step.to or step.to_expiry or step.cross:
                before_x = step.to_expiry is not None
        if not columns:
            raise PlacedError(("steps",), "nothing is asserted: a scenario needs an assert step")
        return self


def load_scenario(path: Path) -> Scenario:
    """Raises gate.yaml_file.ConfigError with file, line and field."""
    return load(path, Scenario)
