"""The dashboard and the alert rules in docs/ ask for nothing that a recorder does not tell."""

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from gate.client.uplink_status import UplinkStatus
from gate.clock import SystemClock
from recorder.config import MetricsConfig
from recorder.events.sources import open_bus
from recorder.metrics.families import Sources
from recorder.metrics.loop_lag import LoopLag
from recorder.metrics.server import serve_metrics
from recorder.storage import open_storage
from tests.fakes.remote_site import FileStatus, RemoteSite, config_of

DOCS = Path(__file__).resolve().parents[3] / "docs"
DASHBOARD, RULES = DOCS / "grafana" / "edge-recorder.json", DOCS / "prometheus" / "alerts.yml"
RULES_TEST = Path(__file__).resolve().parents[2] / "testdata" / "alerts_test.yml"
OURS = re.compile(r"\b((?:edge_recorder|process)_\w+)(\{[^}]*\})?")
BY_PROMETHEUS = {"instance", "job"}


@pytest_asyncio.fixture
async def told(tmp_path: Path) -> AsyncIterator[dict[str, set[str]]]:
    """What a recorder with everything tells: the labels of each sample, by its name."""
    clock = SystemClock()
    site = RemoteSite(clock=clock, config=config_of(tmp_path, cameras=2))
    site.entitle(clock.now() + timedelta(days=10))
    camera = site.board.cameras["cam1"]
    camera.streams["main"].last_unit_monotonic_ns, camera.streams["main"].clock_skew_ms = clock.monotonic_ns(), 10
    camera.recording.phase, camera.recording.reason = "stopped", "licence"
    camera.recording.last_picture = site.board.storage.oldest = clock.now()
    status = UplinkStatus(
        url="https://licence.example",
        device="d",
        serial="s",
        phase="connected",
        since=clock.now(),
        registered=True,
        stale_after=clock.now(),
    )
    config = site.config.model_copy(update={"metrics": MetricsConfig(listen="127.0.0.1:0")})
    async with (
        open_storage(
            config.storage,
            data_dir=tmp_path / "data",
            camera_ids=["cam1", "cam2"],
            clock=clock,
            board=site.board,
            language="en",
        ) as storage,
        open_bus(
            catalog=storage.catalog, gate=site.gate, board=site.board, clock=clock, trigger=lambda *_: None
        ) as bus,
    ):
        served = replace(site.parts, config=config, catalog=storage.catalog, bus=bus, licence=FileStatus(status=status))
        shelves = storage.volumes.disks.shelves
        sources = Sources(served=served, shelves=shelves, lag=LoopLag(clock))
        async with serve_metrics(sources) as addresses, ClientSession(addresses["metrics"]) as session:
            for place in ("livez", "readyz", "healthz"):
                async with session.get(place) as answer:
                    assert answer.status == 200, place
            async with session.get("metrics", headers={"Accept": "text/plain"}) as answer:
                text = await answer.text()
    clock.close()
    yield {
        sample.name: set(sample.labels) for family in text_string_to_metric_families(text) for sample in family.samples
    }


def questions() -> Iterator[tuple[str, str, str]]:
    """Who asks, what is asked, and what is said of the answer."""
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"], ""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]
    for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"], json.dumps(rule["annotations"])


def test_every_metric_and_label_that_is_asked_for_is_told(told: dict[str, set[str]]) -> None:
    asked = list(questions())
    assert len(asked) > 30
    for who, expression, said in asked:
        metrics = OURS.findall(expression)
        known = BY_PROMETHEUS.union(*(told.get(name, set()) for name, _ in metrics))
        for name, selector in metrics:
            assert name in told, f"{who}: nobody tells {name}"
            labels = set(re.findall(r"(\w+)\s*[=!]~?\s*\"", selector))
            assert labels <= told[name] | BY_PROMETHEUS, f"{who}: {name} has no {labels - told[name]}"
        shown = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", said))
        assert shown <= known, f"{who}: shows {shown - known}"


def test_the_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells


def test_every_alert_says_what_to_do() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    assert {"RecorderDown", "LicenceEndsSoon", "CameraOffline", "DiskAtItsFloor", "PacketsLost"} <= {
        rule["alert"] for rule in rules
    }
    assert all(rule["annotations"]["summary"] and rule["annotations"]["action"] for rule in rules)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool: apt install prometheus")
def test_alerts_fire_when_they_should_by_prometheus_itself() -> None:
    done = subprocess.run(["promtool", "test", "rules", str(RULES_TEST)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
