"""The grammar of `report.json` (`edge-recorder verify --schema` prints it as JSON Schema); pages are made from it.

Instants are ISO 8601 with their offset: `began` and `ended` of the report and of scenarios by the machine's clock, all
others by the site's. Evidence is whatever its probe has found, JSON.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gate.verify.matrix import Expected, Row, Seen, Verdict

FORMAT: Literal["edge-verify/v1"] = "edge-verify/v1"

Passing = Literal["pass", "fail"]
Seconds = Annotated[float, Field(ge=0)]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReportedPart(_Exact):
    """Something a user notices, whether it was there, and what shows it. `faulty`: it was given, but not as it should
    be."""

    name: str
    works: bool
    faulty: bool
    evidence: dict[str, Any]


class ReportedCell(_Exact):
    """One row at one time of the scenario. `reason`: why it was not run."""

    row: Row
    title: str
    column: str
    expected: Expected
    seen: Seen | None
    verdict: Verdict
    began: str
    ended: str
    parts: list[ReportedPart]
    reason: str


class ReportedCheck(_Exact):
    """Something about the crossing itself. `step`: the step in which it was found out, 0 before the first; names that
    end in `_ms` are milliseconds after X, `after_ms` those after the licence."""

    name: str
    row: Row | None
    holds: bool | None
    verdict: Verdict
    text: str
    evidence: dict[str, Any]
    step: int


class ReportedStep(_Exact):
    """A step as it was carried out; `kind` and `argument` as the scenario's file has them, `seconds` of real time."""

    number: int
    kind: str
    argument: Any
    began: str
    ended: str
    seconds: Seconds


class ReportedScreen(_Exact):
    """What a user's browser showed in a column: a picture's file, and when."""

    column: str
    at: str
    picture: str


class ReportedScenario(_Exact):
    """`source`: the scenario's file as it was, seeds of its faults included. `crossings`: each X that was crossed.
    `pictures`: the folder, below the report's, of the pictures that evidence names."""

    scenario: str
    file: str
    source: str
    pictures: str
    given: dict[str, Any]
    limits: dict[str, Any]
    began: str
    ended: str
    seconds: Seconds
    expiry: str | None
    crossings: list[str]
    trouble: str
    verdict: Passing
    steps: list[ReportedStep]
    screens: list[ReportedScreen]
    cells: list[ReportedCell]
    checks: list[ReportedCheck]


class ReportedMachine(_Exact):
    """On what it was made; empty where that could not be found out. `commit`: of the checkout that the verifier ran
    from, if it did; with `+` if files there had been changed. `versions`: of packages and programs by their names."""

    name: str
    system: str
    processor: str
    processors: int
    memory_bytes: int
    python: str
    product: str
    commit: str
    versions: dict[str, str]


class Report(_Exact):
    """Everything that a run of the verifier has found out."""

    format: Literal["edge-verify/v1"]
    verdict: Passing
    began: str
    ended: str
    seconds: Seconds
    machine: ReportedMachine
    scenarios: list[ReportedScenario]
