"""Scenarios: what is given, then what is done and expected, in order. YAML files for people (configs/scenarios/)."""

from datetime import datetime
from pathlib import Path

from pydantic import Field, model_validator

from gate.config_fields import Section
from gate.shared_clock.grammar import parse_instant
from gate.verify.given import Given, unknown_camera
from gate.verify.matrix import MONITOR_ROWS, Expected, Row
from gate.verify.steps import Assertion, Step
from gate.yaml_file import PlacedError, load

STEPS_MAX = 100


class Limits(Section):
    """How late is too late. A machine that is busy with other things may need more."""

    cut_ms: int = Field(250, ge=1, le=60_000)
    late_ms: int = Field(0, ge=0, le=60_000)
    restored_ms: int = Field(1000, ge=1, le=60_000)
    fresh_ms: int = Field(3000, ge=100, le=5_000)
    monitor_pause_ms: int = Field(200, ge=1, le=60_000)


class Scenario(Section):
    """One run of one site."""

    name: str = Field(min_length=1, max_length=80)
    given: Given = Given()
    limits: Limits = Limits()
    steps: tuple[Step, ...] = Field(min_length=1, max_length=STEPS_MAX)

    @property
    def columns(self) -> list[str]:
        """The names of its columns, in order."""
        return [step.check.column for step in self.steps if step.check is not None]

    def expected(self, assertion: Assertion) -> dict[Row, Expected]:
        """What a column expects of the rows that this site has."""
        absent = MONITOR_ROWS if self.given.kind == "direct" else frozenset()
        return {row: word for row, word in assertion.expected.items() if row not in absent}

    def crosses(self, number: int) -> bool:
        """Whether the expiry that step `number` (from 1) approaches is crossed, not only approached."""
        times = (step for step in self.steps[number:] if step.moves_time)
        return next((step.cross is not None for step in times), False)

    @model_validator(mode="after")
    def _can_be_carried_out(self) -> "Scenario":
        course = _Course(self.given)
        for at, step in enumerate(self.steps):
            course.take(at, step)
        course.end()
        return self


class _Course:
    """The steps so far: what the next one may be. Raises PlacedError."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._columns: set[str] = set()
        self._latest: datetime | None = None
        self._before_x = False
        self._crossed_at: int | None = None
        self._service_on = True
        self._clock_right = True

    def take(self, at: int, step: Step) -> None:
        place = ("steps", at)
        for where, camera in step.cameras:
            if camera not in self._given.names:
                raise PlacedError((*place, *where), unknown_camera(camera, self._given.names))
        if step.needs_service and not self._service_on:
            name = type(step).model_fields[step.name].alias or step.name
            raise PlacedError((*place, name), "the licence service is offline here: service: online goes before it")
        self._take_time(at, step)
        if step.service is not None:
            if (step.service == "online") == self._service_on:
                raise PlacedError((*place, "service"), f"the licence service is {step.service} here already")
            self._service_on = step.service == "online"
        if step.clock is not None:
            if (step.clock == "restore") == self._clock_right:
                word = "right" if self._clock_right else "wrong"
                raise PlacedError((*place, "clock"), f"the recorder's clock is {word} here already")
            self._clock_right = step.clock == "restore"
        if step.move is not None and step.move.source == step.move.target:
            raise PlacedError((*place, "move", "to"), "this is the camera it comes from")
        if step.check is not None:
            self._take_column(at, step.check)

    def _take_time(self, at: int, step: Step) -> None:
        if step.to is not None:
            instant = parse_instant(step.to)
            if self._latest is not None and instant < self._latest:
                raise PlacedError(("steps", at, "to"), "this is before an earlier step: site time never goes back")
            self._latest = instant
        if step.cross is not None:
            if not self._before_x:
                raise PlacedError(
                    ("steps", at, "cross"), "there is no to-expiry or to-end before it: jumping over X proves nothing"
                )
            self._crossed_at = at
        if step.moves_time:
            self._before_x = bool(step.to_expiry or step.to_end)

    def _take_column(self, at: int, check: Assertion) -> None:
        place = ("steps", at, "assert")
        if check.column in self._columns:
            raise PlacedError((*place, "column"), f"there is a column {check.column!r} already")
        if self._given.kind == "direct" and (asked := MONITOR_ROWS.intersection(check.rows)):
            raise PlacedError((*place, "rows", min(asked)), "a direct camera has no monitor")
        self._columns.add(check.column)
        self._crossed_at = None

    def end(self) -> None:
        if not self._columns:
            raise PlacedError(("steps",), "nothing is asserted: a scenario needs an assert step")
        if self._crossed_at is not None:
            raise PlacedError(("steps", self._crossed_at, "cross"), "nothing is asserted after it: what did X do?")


def load_scenario(path: Path) -> Scenario:
    """Raises gate.yaml_file.ConfigError with file, line and field."""
    return load(path, Scenario)
