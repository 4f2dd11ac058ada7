"""The workflow for CI: it is YAML, its steps follow each other as its page says, and its commands exist."""

import shlex
from pathlib import Path
from typing import Any

import yaml

from gate.verify.commands import _parser

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "ci"


def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((FOLDER / "github-actions.yaml").read_text())
    assert workflow[True]["schedule"] and "push" in workflow[True]  # YAML 1.1 reads the key `on` as true
    found: list[dict[str, Any]] = workflow["jobs"]["verify"]["steps"]
    return found


def test_it_installs_the_wheel_then_verifies_then_keeps_report_and_junit_whatever_came_of_it() -> None:
    at = {step.get("name", step.get("uses")): number for number, step in enumerate(steps())}
    assert at["Build and install the wheel"] < at["Verify"] < at["Keep the report"]
    kept = [step for step in steps() if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert [step["with"]["path"] for step in kept] == ["report/", "report/junit.xml"]
    assert all(step["if"] == "always()" for step in kept)


def test_its_commands_are_those_of_the_program() -> None:
    lines = [line for step in steps() for line in step.get("run", "").splitlines() if line.startswith("edge-recorder")]
    assert len(lines) == 2
    for line in lines:
        program, command, *words = shlex.split(line)
        assert (program, command) == ("edge-recorder", "verify")
        _parser().parse_args(words)


def test_every_step_that_has_a_name_is_explained_on_its_page() -> None:
    page = (FOLDER / "README.md").read_text()
    assert all(step["name"].removesuffix(" for whoever reads JUnit") in page for step in steps() if "name" in step)
