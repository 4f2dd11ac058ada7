"""The report says the same as the run: what was not run is never good."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from gate.verify.matrix import Cell, Check, Part
from gate.verify.outcome import Outcome
from gate.verify.report import as_object, write_report


def outcome(*cells: Cell, checks: tuple[Check, ...] = (), trouble: str = "") -> Outcome:
    return Outcome(scenario="odd", file="odd.yaml", cells=list(cells), checks=list(checks), trouble=trouble)


PART = Part(name="snapshot", works=True, evidence={"age_ms": 41})
GOOD = Cell(row="M2", column="term", expected="works", seen="works", began="a", ended="b", parts=[PART])
BAD = Cell(row="M3", column="after X", expected="stops", seen="works", began="a", ended="b", parts=[PART])
UNSEEN = Cell(row="M9", column="after X", expected="stops", seen=None, began="a", ended="b", reason="no answer")


def test_a_failed_cell_is_a_failure_and_one_not_run_an_error_never_skipped(tmp_path: Path) -> None:
    checks = (Check(name="cut", row="M2", holds=False, text="too late"),)
    write_report(tmp_path, [outcome(GOOD, BAD, UNSEEN, checks=checks)])
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "1")
    assert [found.get("message") for found in suite.findall("testcase/error")] == ["no answer"]
    assert not suite.findall("testcase/skipped")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["verdict"] == report["scenarios"][0]["verdict"] == "fail"
    verdicts = {cell["row"]: cell["verdict"] for cell in report["scenarios"][0]["cells"]}
    assert verdicts == {"M2": "pass", "M3": "fail", "M9": "not run"}
    assert report["scenarios"][0]["cells"][0]["parts"][0]["evidence"] == {"age_ms": 41}


def test_a_run_passes_only_without_trouble_and_with_cells() -> None:
    assert as_object([outcome(GOOD)])["verdict"] == "pass"
    assert as_object([outcome(GOOD), outcome(UNSEEN)])["verdict"] == "fail"
    assert as_object([outcome(GOOD, trouble="the site ended")])["verdict"] == "fail"
    assert as_object([outcome()])["verdict"] == as_object([])["verdict"] == "fail"
