"""A report as JUnit's XML, for whoever runs tests. Pure.

A suite a scenario, a case a cell or check. What was not run is an error, never skipped: a skipped case counts as good
in most places.
"""

import json
import re
import xml.etree.ElementTree as ElementTree

from gate.verify.matrix import part_word
from gate.verify.report_schema import Report, ReportedCell, ReportedCheck, ReportedScenario

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot say, in any way (its section 2.2)."""


def as_junit(report: Report) -> bytes:
    """The file."""
    root = ElementTree.Element("testsuites", name="edge-recorder verify", time=f"{report.seconds:.3f}")
    suites = [_suite(root, one, report.machine.name) for one in report.scenarios]
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _suite(root: ElementTree.Element, scenario: ReportedScenario, host: str) -> ElementTree.Element:
    suite = ElementTree.SubElement(root, "testsuite", name=_said(scenario.scenario))
    for cell in scenario.cells:
        name = f"{cell.row} {cell.title}: {cell.expected}"
        _case(suite, f"{scenario.scenario}.{cell.column}", name, cell, cell.reason or _told(cell))
    for check in scenario.checks:
        _case(suite, f"{scenario.scenario}.crossing", check.name, check, check.text)
    if scenario.trouble:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_said(scenario.scenario), name="carried out to its end", time="0"
        )
        ElementTree.SubElement(case, "error", message=_said(scenario.trouble), type="not run")
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")
    suite.set("time", f"{scenario.seconds:.3f}")
    suite.set("timestamp", scenario.began.split(".")[0].split("+")[0])
    suite.set("hostname", _said(host))
    return suite


def _case(suite: ElementTree.Element, place: str, name: str, one: ReportedCell | ReportedCheck, message: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=_said(place), name=_said(name), time="0")
    evidence = _said(json.dumps(one.model_dump(mode="json"), ensure_ascii=False, indent=1))
    if one.verdict == "fail":
        ElementTree.SubElement(case, "failure", message=_said(message), type="fail").text = evidence
    elif one.verdict == "not run":
        ElementTree.SubElement(case, "error", message=_said(message), type="not run").text = evidence
    else:
        ElementTree.SubElement(case, "system-out").text = evidence


def _told(cell: ReportedCell) -> str:
    parts = ", ".join(f"{part.name}: {part_word(part.works, part.faulty)}" for part in cell.parts)
    return f"expected that it {cell.expected}; seen: {parts}"


def _said(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
