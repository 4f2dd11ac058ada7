"""Scenarios as tests of somebody else's pytest, in a process of its own; without them the plugin is not noticed.
What it does at a site is in tests/e2e/test_verify_attach.py."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULE = "gate.verify.pytest_plugin"
IS_INSTALLED = any(one.value == MODULE for one in metadata.entry_points(group="pytest11"))
LOADED = () if IS_INSTALLED else ("-p", MODULE)

pytest_plugins = ["pytester"]

ODD = "name: odd\ngiven: {cameras: 9}\nsteps:\n- assert: {column: now, matrix: lapsed}\n"


def test_it_is_named_where_pytest_looks_for_plugins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"edge_recorder_verify": MODULE}


def test_unused_it_collects_nothing_and_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", odd=ODD)
    pytester.runpytest_subprocess(*LOADED, "--collect-only", "-q").stdout.fnmatch_lines(["*no tests collected*"])
    heavy = ["aiohttp", "pydantic", "numpy", "av", "rich", "gate.verify.runner", "gate.verify.jobs"]
    code = f"import sys; import {MODULE}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_mistake_in_a_scenario_is_the_failure_of_its_test_with_line_and_field(pytester: pytest.Pytester) -> None:
    pytester.makefile(".scenario.yaml", odd=ODD)
    result = pytester.runpytest_subprocess(*LOADED)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*odd.scenario.yaml, line 2, given.cameras: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_every_scenario_of_a_named_folder_is_a_test_and_nothing_else_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_other(): assert False")
    folder = pytester.mkdir("scenarios")
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(ODD)
    result = pytester.runpytest_subprocess(*LOADED, "--collect-only", "-q", "--edge-recorder-scenarios", "scenarios")
    result.stdout.fnmatch_lines_random(["scenarios/one.yaml::one", "scenarios/two.yaml::two", "*2 tests collected*"])
    result = pytester.runpytest_subprocess(*LOADED, "--edge-recorder-scenarios", "nowhere")
    result.stderr.fnmatch_lines(["*there is no folder nowhere*"])
