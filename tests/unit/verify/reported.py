"""A run as the verifier would have seen it, of two scenarios: one as it should be, one with every kind of trouble."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from gate.verify.matrix import Cell, Check, Expected, Part, Row, expected_of
from gate.verify.outcome import Outcome, StepDone
from gate.verify.report import Run
from gate.verify.report_schema import ReportedMachine

X = "2027-12-31T15:00:00.000+00:00"
BEFORE, AFTER, RESTORED = "2027-12-31T14:59:52+00:00", "2027-12-31T15:00:01+00:00", "2027-12-31T15:00:08+00:00"
MACHINE = ReportedMachine(
    name="bench-1",
    system="Debian GNU/Linux 12, Linux 6.1, x86_64",
    processor="a processor",
    processors=2,
    memory_bytes=8_000_000_000,
    python="3.11.2",
    product="1.0.0",
    commit="0123456789ab",
    versions={"aiohttp": "3.14.5", "ffmpeg": "5.1"},
)


def part_of(row: Row, works: bool) -> Part:
    """With evidence as that row's probe gives it, but for its pictures."""
    evidence: dict[str, Any] = {"age_ms": 41} if works else {"status": 403, "denial": "EXPIRED"}
    if row == "M2" and not works:
        evidence |= {"close": 4403}
    return Part(name="live picture" if row == "M2" else "snapshot", works=works, evidence=evidence)


def column(name: str, expected: Mapping[Row, Expected], began: str) -> list[Cell]:
    """All as expected; M1 with a picture."""
    cells = []
    for row, word in expected.items():
        part = part_of(row, word == "works")
        if row == "M1":
            part = replace(part, evidence={**part.evidence, "picture": f"{name.replace(' ', '-')}-M1.png"})
        cells.append(Cell(row=row, column=name, expected=word, seen=word, began=began, ended=began, parts=[part]))
    return cells


def crossed(name: str = "lapse and restore") -> Outcome:
    """A crossing as it should be."""
    steps = [
        ("assert", {"column": "term", "matrix": "active"}, BEFORE),
        ("cross", "1s", BEFORE),
        ("assert", {"column": "after X", "matrix": "lapsed"}, AFTER),
        ("renew", {"months": 12}, AFTER),
        ("assert", {"column": "restored", "matrix": "active"}, RESTORED),
    ]
    cut = {"last_media_ms": -62.9, "newest_picture_ms": -64.8, "closed_ms": 22.0, "close": 4403}
    formula = {"found": [X], "formula": [X]}
    checks = [
        Check(name="term of the first licences", row=None, holds=True, text="as the formula says", evidence=formula),
        Check(name="live view of cam1", row="M2", holds=True, text="it is cut at X", evidence=cut, step=2),
        Check(
            name="recording of cam1", row="M3", holds=True, text="it ends at X: last picture -65 ms",
            evidence={"last_picture_ms": -64.8}, step=3,
        ),
        Check(name="live view is back", row="M2", holds=True, text="at once", evidence={"after_ms": 111.7}, step=4),
    ]  # fmt: skip
    return Outcome(
        scenario=name,
        file=f"{name}.yaml",
        source=f"name: {name}\n",
        pictures=name.replace(" ", "_"),
        began="2026-11-22T23:48:58.000+00:00",
        ended="2026-11-22T23:49:36.000+00:00",
        seconds=38.2,
        expiry=X,
        crossings=[X],
        steps=[
            StepDone(number=at, kind=kind, argument=argument, began=began, ended=began, seconds=1.5)
            for at, (kind, argument, began) in enumerate(steps, 1)
        ],
        cells=[
            *column("term", expected_of("active", {}), BEFORE),
            *column("after X", expected_of("lapsed", {}), AFTER),
            *column("restored", expected_of("active", {}), RESTORED),
        ],
        checks=checks,
    )


def troubled() -> Outcome:
    """Recording went on, live view stopped in part, one row could not be looked at, and it ended early."""
    outcome = crossed("bad day")
    for at, cell in enumerate(outcome.cells):
        if cell.column == "after X" and cell.row == "M3":
            outcome.cells[at] = replace(cell, seen="works", parts=[part_of("M3", True)])
        elif cell.column == "after X" and cell.row == "M2":
            outcome.cells[at] = replace(cell, seen="mixed", parts=[part_of("M2", True), part_of("M2", False)])
        elif cell.column == "after X" and cell.row == "M4":
            reason = "the monitor's picture cannot be decoded"
            outcome.cells[at] = replace(cell, seen=None, parts=[], reason=reason)
    outcome.checks[2] = replace(outcome.checks[2], holds=False, evidence={"last_picture_ms": 1734.0})
    outcome.checks[3] = replace(outcome.checks[3], holds=None, text="not within 15 s", evidence={})
    outcome.trouble = "no camera has a licence that could expire <script>alert(1)</script>"
    return outcome


def run_of(*outcomes: Outcome) -> Run:
    return Run(
        outcomes=outcomes,
        machine=MACHINE,
        began="2026-11-22T23:48:50.000+00:00",
        ended="2026-11-22T23:49:40.000+00:00",
        seconds=50.0,
    )


def draw_pictures(folder: Path, outcome: Outcome) -> None:
    """The pictures that its evidence names."""
    (folder / outcome.pictures).mkdir(parents=True)
    for at, cell in enumerate(outcome.cells):
        for part in cell.parts:
            if name := part.evidence.get("picture"):
                picture = np.full((540, 960, 3), (40, 60 + at, 90), np.uint8)
                cv2.putText(picture, cell.column, (60, 300), cv2.FONT_HERSHEY_SIMPLEX, 3, (230, 230, 230), 4)
                cv2.imwrite(str(folder / outcome.pictures / name), picture)
