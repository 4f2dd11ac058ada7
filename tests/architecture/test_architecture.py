"""The walls of the house: who may import whom, how large a part may grow, who may read time."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gate", "recorder", "camera_sim", "hdmi_out")
MODULE_LINES_MAX = 320
FUNCTION_LINES_MAX = 70

ANYONE = {
    "gate.cancelled",
    "gate.clock",
    "gate.command_parser",
    "gate.config_fields",
    "gate.database_copy",
    "gate.log_output",
    "gate.own_origin",
    "gate.peer",
    "gate.quick_end",
    "gate.shared_clock",
    "gate.shipped_configs",
    "gate.sd_notify",
    "gate.static_files",
    "gate.steady_memory",
    "gate.yaml_file",
}
"""Leaves that know nothing of licences."""
ALLOWED = {
    "gate.cancelled": set(),
    "gate.wall_steps": set(),
    "gate.clock": {"gate.wall_steps"},
    "gate.yaml_file": set(),
    "gate.command_parser": set(),
    "gate.config_fields": set(),
    "gate.database_copy": set(),
    "gate.log_output": {"gate.config_fields", "gate.yaml_file"},
    "gate.own_origin": set(),
    "gate.peer": {"gate.clock"},
    "gate.quick_end": set(),
    "gate.shipped_configs": {"gate.yaml_file"},
    "gate.sd_notify": {"gate.clock"},
    "gate.static_files": set(),
    "gate.steady_memory": set(),
    "gate.shared_clock": {"gate.clock", "gate.config_fields", "gate.yaml_file"},
    "gate.licence": set(),
    "gate.profile_file": {"gate.licence"},
    "gate.rules_file": {"gate.licence", "gate.profile_file"},
    "gate.signing": {"gate.licence"},
    "gate.uplink": set(),
    "gate.sign_in": set(),
    "gate.client": {"gate.licence", "gate.profile_file", "gate.signing", "gate.uplink"},
    "gate.commands": {"gate.licence", "gate.signing", "gate.client"},
    "gate.service": {
        "gate.licence",
        "gate.profile_file",
        "gate.rules_file",
        "gate.signing",
        "gate.uplink",
        "gate.sign_in",
    },
    "gate.verify": set(),
    "gate.show": set(),
    "recorder": {"gate.client", "gate.licence", "gate.sign_in"},
    "camera_sim": set(),
    "hdmi_out": set(),
}
"""First-party packages each part may import, besides itself and (but for the pure ones) ANYONE."""
PURE = {"gate.licence"}
COMMANDS = re.compile(r"^(gate|camera_sim|hdmi_out|recorder)(\.\w+)*\.commands$")


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names) if module in PACKAGES else [module]


def part_of(module: str) -> str | None:
    """The part a first-party module belongs to, by the longest name."""
    fitting = [part for part in ALLOWED if module == part or module.startswith(part + ".")]
    return max(fitting, key=len, default=None)


ALL = list(modules())


@pytest.mark.parametrize(("module", "path"), ALL, ids=[name for name, _ in ALL])
def test_imports_follow_the_architecture(module: str, path: Path) -> None:
    part = part_of(module)
    if module in PACKAGES:
        return
    assert part is not None, f"{module} belongs to no part: give it a place in ALLOWED"
    allowed = ALLOWED[part] | {part} | (set() if part in PURE else ANYONE)
    for target in imports(path):
        if target.split(".")[0] in PACKAGES:
            assert part_of(target) in allowed, f"{module} may not import {target}"


def test_the_pure_core_of_licences_imports_the_standard_library_only() -> None:
    outside = {"anyio", "aiohttp", "asyncio", "cryptography", "pydantic", "socket", "pathlib", "os", "time"}
    for module, path in ALL:
        if part_of(module) in PURE:
            assert not outside & {name.split(".")[0] for name in imports(path)}, module


def test_nobody_but_the_command_line_imports_commands() -> None:
    for module, path in ALL:
        if module.endswith((".cli", ".__main__")) or COMMANDS.match(module):
            continue
        assert not [target for target in imports(path) if COMMANDS.match(target)], module


@pytest.mark.parametrize(("module", "path"), ALL, ids=[name for name, _ in ALL])
def test_modules_and_functions_stay_small(module: str, path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= MODULE_LINES_MAX, f"{module} is too long: split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, f"{module}.{node.name} is too long"


def test_packages_hold_no_code_in_their_init() -> None:
    for module, path in ALL:
        if path.name == "__init__.py":
            body = ast.parse(path.read_text()).body
            assert len(body) == 1 and isinstance(body[0], ast.Expr), f"{module}: a docstring, nothing else"


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "const", "constants", "common", "manager", "misc"}
    assert not [module for module, _ in ALL if drawers & set(module.split("."))]


def test_time_is_read_in_the_clock_alone() -> None:
    """Ruff sees direct calls (TID251); this sees what it cannot: the loop's clock and its raw timers, and escapes."""
    forbidden = re.compile(r"\.time\(\)|\bcall_at\(|\bcall_later\(|import time\b|from time import")
    for module, path in ALL:
        if module != "gate.clock":
            found = forbidden.search(path.read_text())
            assert found is None, f"{module}: {found and found[0]!r}: go through gate.clock"


def test_frames_are_reached_only_under_a_lease() -> None:
    """The hub's two doors ask for a lease by type; nobody else keeps or publishes units."""
    hub = ast.parse((ROOT / "recorder/hub.py").read_text())
    doors = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.walk(hub)
        if isinstance(node, ast.FunctionDef) and node.name in ("attach", "subscribe")
    }
    assert set(doors) == {"attach", "subscribe"}
    assert all("lease" in arguments for arguments in doors.values())
    for module, path in ALL:
        text = path.read_text()
        if module != "recorder.hub":
            assert "._gop" not in text and "._sinks" not in text and "._subscriptions" not in text, module
        if not module.startswith("gate.client"):
            assert not re.search(r"\bLease\(", text), f"{module} makes itself a lease: ask the gate"
        if ".publish(" in text:
            publishers = ("recorder.ingest", "recorder.hub", "recorder.notify")  # the last: MQTT messages
            assert module.startswith(publishers), f"{module} publishes units"
