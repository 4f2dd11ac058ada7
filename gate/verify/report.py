"""The report in a folder: report.json with all evidence, junit.xml for whoever runs tests, pictures beside them."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gate.verify.matrix import TITLES, Cell, Check
from gate.verify.outcome import Outcome

FORMAT = "edge-verify/v1"


def as_object(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "format": FORMAT,
        "verdict": "pass" if outcomes and all(one.passed for one in outcomes) else "fail",
        "scenarios": [
            asdict(one)
            | {
                "verdict": "pass" if one.passed else "fail",
                "cells": [asdict(cell) | {"verdict": cell.verdict, "title": TITLES[cell.row]} for cell in one.cells],
                "checks": [asdict(check) | {"verdict": check.verdict} for check in one.checks],
            }
            for one in outcomes
        ],
    }


def as_junit(outcomes: Sequence[Outcome]) -> bytes:
    """JUnit's XML: a suite a scenario, a case a cell or check. What was not run is an error, never skipped: a skipped
    case counts as good in most places."""
    root = ElementTree.Element("testsuites")
    for outcome in outcomes:
        suite = ElementTree.SubElement(root, "testsuite", name=outcome.scenario, timestamp=outcome.began)
        for cell in outcome.cells:
            title = f"{cell.row} {TITLES[cell.row]}: {cell.expected}"
            _case(suite, f"{outcome.scenario}.{cell.column}", title, cell, cell.reason or _told(cell))
        for check in outcome.checks:
            _case(suite, f"{outcome.scenario}.crossing", check.name, check, check.text)
        if outcome.trouble:
            case = ElementTree.SubElement(suite, "testcase", classname=outcome.scenario, name="carried out to its end")
            ElementTree.SubElement(case, "error", message=outcome.trouble, type="not run")
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("errors", str(len(suite.findall("testcase/error"))))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _case(suite: ElementTree.Element, place: str, name: str, one: Cell | Check, message: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=place, name=name)
    if one.verdict == "fail":
        ElementTree.SubElement(case, "failure", message=message, type="fail").text = _evidence(one)
    elif one.verdict == "not run":
        ElementTree.SubElement(case, "error", message=message, type="not run").text = _evidence(one)
    else:
        ElementTree.SubElement(case, "system-out").text = _evidence(one)


def _told(cell: Cell) -> str:
    parts = ", ".join(f"{part.name}: {'works' if part.works else 'stops'}" for part in cell.parts)
    return f"expected that it {cell.expected}; seen: {parts}"


def _evidence(one: Cell | Check) -> str:
    return json.dumps(asdict(one), ensure_ascii=False, indent=1, default=str)


def write_report(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Raises OSError."""
    text = json.dumps(as_object(outcomes), ensure_ascii=False, indent=1, default=str)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "junit.xml").write_bytes(as_junit(outcomes))
