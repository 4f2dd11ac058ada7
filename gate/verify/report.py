"""The report in a folder: report.html for people, report.json with all evidence, junit.xml for whoever runs tests,
pictures beside them, and the signature over all of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate.verify.authenticity import PAGE_NAME, SIGNATURE_NAME
from gate.verify.junit import as_junit
from gate.verify.matrix import TITLES
from gate.verify.outcome import Outcome
from gate.verify.page import render_page
from gate.verify.report_schema import FORMAT, Report, ReportedMachine
from gate.verify.signature import digest_of, fingerprint, seal, with_seal
from gate.verify.words import Language

JSON_NAME = "report.json"
JUNIT_NAME = "junit.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All scenarios of one call of the verifier. `began` and `ended` by the machine's clock, ISO 8601."""

    outcomes: Sequence[Outcome]
    machine: ReportedMachine
    began: str
    ended: str
    seconds: float

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and all(one.passed for one in self.outcomes)


def as_object(run: Run) -> dict[str, Any]:
    """Everything, for JSON, as report_schema.Report has it."""
    return {
        "format": FORMAT,
        "verdict": "pass" if run.passed else "fail",
        "began": run.began,
        "ended": run.ended,
        "seconds": run.seconds,
        "machine": run.machine.model_dump(),
        "scenarios": [
            asdict(one)
            | {
                "verdict": "pass" if one.passed else "fail",
                "cells": [asdict(cell) | {"verdict": cell.verdict, "title": TITLES[cell.row]} for cell in one.cells],
                "checks": [asdict(check) | {"verdict": check.verdict} for check in one.checks],
            }
            for one in run.outcomes
        ],
    }


def as_json(run: Run) -> str:
    """The text of report.json, in one line."""
    return json.dumps(as_object(run), ensure_ascii=False, default=str)


def write_report(folder: Path, run: Run, key: Ed25519PrivateKey, language: Language) -> None:
    """Writes it beside its pictures, and signs it. The page begins in that language. Raises OSError."""
    content = json.loads(as_json(run))
    report = Report.model_validate(content)
    public = key.public_key().public_bytes_raw()
    pictures = _pictures(folder, report)
    page = render_page(report, pictures, language, key_sha256=fingerprint(public))
    page_seal = seal(key, [digest_of(PAGE_NAME, page)], made_at=report.ended, verdict=report.verdict)
    files = {
        JSON_NAME: (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode(),
        JUNIT_NAME: as_junit(report),
        PAGE_NAME: with_seal(page, page_seal),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digests = [digest_of(name, data) for name, data in (files | pictures).items()]
    (folder / SIGNATURE_NAME).write_bytes(seal(key, digests, made_at=report.ended, verdict=report.verdict))


def _pictures(folder: Path, report: Report) -> dict[str, bytes]:
    """Every picture that evidence names, by its path below the folder; what is not there is left out."""
    found: dict[str, bytes] = {}
    for scenario in report.scenarios:
        for cell in scenario.cells:
            for part in cell.parts:
                for value in part.evidence.values():
                    if not isinstance(value, str) or not value.endswith((".png", ".jpg")) or "/" in value:
                        continue  # what the site under test says of itself leads nowhere else
                    name = f"{scenario.pictures}/{value}"
                    if (folder / name).is_file():
                        found[name] = (folder / name).read_bytes()
        for screen in scenario.screens:
            name = f"{scenario.pictures}/{screen.picture}"
            if (folder / name).is_file():
                found[name] = (folder / name).read_bytes()
    return found
