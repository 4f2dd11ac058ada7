"""A site that runs already, judged from outside: as it is now, and by scenarios as far as its file allows them."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from gate.shared_clock.controller import command
from gate.verify.attach import attached_site
from gate.yaml_file import ConfigError
from tests.e2e.demo_site import CONFIGS, DemoSite, run_command, running_demo, scenes_drawn

ROWS = [f"M{number}" for number in range(1, 10)]
BUSY = {"cut_ms": 5000, "restored_ms": 10_000, "fresh_ms": 5000, "monitor_pause_ms": 5000}
TOKEN = "EDGE_SERVICE_TOKEN"
PLUGIN = "gate.verify.pytest_plugin"
LOADED = () if any(one.value == PLUGIN for one in metadata.entry_points(group="pytest11")) else ("-p", PLUGIN)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    status: int
    scenarios: list[dict[str, Any]]
    said: str

    def column(self, name: str) -> dict[str, tuple[str | None, str]]:
        cells = [cell for one in self.scenarios for cell in one["cells"] if cell["column"] == name]
        return {cell["row"]: (cell["seen"], cell["verdict"]) for cell in sorted(cells, key=lambda one: one["row"])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    site: DemoSite
    token: str

    def file(self, **changes: Any) -> Path:
        """The shipped file, but for addresses and these sections."""
        addresses, folder = self.site.addresses, self.site.root / "attach"
        folder.mkdir(exist_ok=True)
        content = yaml.safe_load((CONFIGS / "attach.yaml").read_text())
        content["recorder"] |= {
            "url": addresses["remote"],
            "footage": str(self.site.root / "data" / "rec-1" / "media"),
            "local": addresses["local"],
        }
        content["monitor"]["url"] = addresses["hdmi"]
        content["cameras"] = {
            "rtsp": f"{addresses['rtsp']}/{{camera}}/sub",
            "card": str(self.site.root / "data" / "sd" / "cam1"),
            "loop_seconds": 10,
        }
        content["clock"]["socket"] = addresses["clock"]
        for name, change in changes.items():
            content[name] = content[name] | change if isinstance(change, dict) and name in content else change
        file = folder / "site.yaml"
        file.write_text(yaml.safe_dump(content))
        return file

    async def verify(self, *words: str, token: str | None = None, **changes: Any) -> Verified:
        """`edge-recorder verify --attach`."""
        file = self.file(**changes)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "recorder.cli", "verify", *words, "--attach", str(file), "--json", "--language", "en",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, TOKEN: token or self.token},
        )  # fmt: skip
        try:
            out, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.communicate()
        assert process.returncode is not None
        scenarios = json.loads(out)["scenarios"] if out else []
        return Verified(status=process.returncode, scenarios=scenarios, said=(out + errors).decode())

    def scenario(self, *steps: dict[str, Any]) -> str:
        """Its file."""
        file = self.site.root / "scenario.yaml"
        file.write_text(yaml.safe_dump({"name": "attached", "limits": BUSY, "steps": list(steps)}))
        return str(file)

    @property
    def service(self) -> dict[str, Any]:
        customer = self.site.sign_ins["customer"]["email"]
        return {"url": self.site.addresses["portal"], "token": {"env": TOKEN}, "customer": customer}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attached(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attached]:
    """A running demo of one camera, with footage."""
    async with running_demo(tmp_path_factory.mktemp("attach"), cameras=1, service=True) as site:
        config = str(site.root / "configs" / "service.yaml")
        partner = site.sign_ins["partner"]["email"]
        words = ("service", "token", config, "--email", partner, "--name", "verify", "--json")
        token = json.loads(await run_command(*words))["token"]
        media = site.root / "data" / "rec-1" / "media" / "cam1"
        async with site.clock.timeout(60):
            while not media.is_dir():
                await site.clock.sleep(0.1)
        await scenes_drawn(site)
        yield Attached(site=site, token=token)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"recorder": {"url": "http://127.0.0.1:1"}}, "recorder.url: no recorder answers there"),
    ({"recorder": {"device": "rec-9"}}, "recorder.device: the recorder there is rec-1"),
    ({"recorder": {"local": "/nowhere.sock"}}, "recorder.local: no recorder answers at the socket"),
    ({"recorder": {"footage": "/nowhere"}}, "recorder.footage: there is no folder"),
    ({"recorder": {"user": "admin", "password": {"env": TOKEN}}}, "recorder.user: it refuses the sign-in: "),
    ({"monitor": {"url": "http://127.0.0.1:1"}}, "monitor.url: no preview"),
    ({"cameras": {"ids": ["cam7"]}}, "cameras.ids: the recorder has no camera cam7; it has cam1"),
    ({"clock": {"socket": "/nowhere.sock"}}, "clock.socket: the site's clock: no clock server"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said.partition(":")[0] for _, said in WRONG])
async def test_what_is_not_there_is_told_by_line_and_field(
    attached: Attached, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], said: str
) -> None:
    monkeypatch.setenv(TOKEN, attached.token)
    file = attached.file(**change)
    with pytest.raises(ConfigError) as refused:
        async with attached_site(file, tmp_path):
            pass
    assert said in str(refused.value) and str(refused.value).startswith(f"{file}, line ")


async def test_a_wrong_token_of_the_service_is_told_before_anything_is_judged_and_never_shown(
    attached: Attached,
) -> None:
    found = await attached.verify(token="wrong-token-0123456789", service=attached.service)
    assert found.status == 2 and found.scenarios == []
    assert "service.token: the licence service does not know it" in found.said
    assert "wrong-token-0123456789" not in found.said


async def test_on_the_machines_clock_the_present_is_judged_and_the_rest_is_not_run(attached: Attached) -> None:
    scenario = attached.scenario({"advance": "62d"}, {"assert": {"column": "term", "matrix": "active"}})
    found = await attached.verify(scenario, clock="system", recorder={"url": attached.site.addresses["remote"]})
    told = json.dumps(found.scenarios, indent=1)
    assert found.column("now (active)") == dict.fromkeys(ROWS, ("works", "pass")), told
    assert found.column("term") == dict.fromkeys(ROWS, (None, "not run")), told
    assert "which nobody can step" in found.scenarios[1]["trouble"] and found.status == 1


async def test_a_running_site_is_crossed_where_its_file_allows_it_and_a_licence_brings_it_back(
    attached: Attached,
) -> None:
    rows = {"M3": "works", "M5": "works"}
    await command(Path(attached.site.addresses["clock"]), "to-expiry --before 2h")  # a year takes its time
    scenario = attached.scenario(
        {"to-expiry": "12s"}, {"cross": "1s"},
        {"assert": {"column": "after X", "rows": {"M2": "stops", "M3": "stops", "M5": "stops"}}},
        {"renew": {"months": 12}}, {"assert": {"column": "restored", "rows": rows}},
    )  # fmt: skip
    found = await attached.verify(scenario, service=attached.service, allow=["clock", "licences"])
    told = json.dumps(found.scenarios, indent=1)
    assert found.column("after X") == dict.fromkeys(("M2", "M3", "M5"), ("stops", "pass")), told
    assert found.column("restored") == dict.fromkeys(("M3", "M5"), ("works", "pass")), told
    assert {check["verdict"] for check in found.scenarios[0]["checks"]} == {"pass"}, told
    assert found.status == 0 and attached.token not in found.said


async def test_scenarios_are_tests_of_pytest_whose_failure_is_the_red_cells_with_their_evidence(
    attached: Attached, tmp_path: Path
) -> None:
    site_file = attached.file(clock="system")
    for name, word in (("right", "works"), ("wrong", "stops")):
        step = {"assert": {"column": "now", "rows": {"M3": word}}}
        scenario = {"name": name, "limits": BUSY, "steps": [step]}
        (tmp_path / f"{name}.scenario.yaml").write_text(yaml.safe_dump(scenario))
    (tmp_path / "test_own.py").write_text(
        "from pathlib import Path\n"
        "def test_own(edge_recorder_verify):\n"
        "    outcome = edge_recorder_verify(Path(__file__).parent / 'right.scenario.yaml')\n"
        "    assert outcome.passed and outcome.cells[0].row == 'M3'\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", *LOADED, "-p", "no:randomly", "-p", "no:cacheprovider", str(tmp_path),
        "--edge-recorder-attach", str(site_file), "--edge-recorder-report", str(tmp_path / "report"),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    out, _ = await process.communicate()
    told = out.decode()
    assert "1 failed, 2 passed" in told, told
    assert "now, M3 recording to the edge storage: expected that it stops; fail" in told
    assert "cam1 recorded works: " in told and '"newest_picture"' in told
    assert (tmp_path / "report" / "wrong.scenario" / "report.html").is_file()
