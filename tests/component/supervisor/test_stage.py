"""When a site that began anew is ready for the next visitor."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from gate.clock import SystemClock
from gate.shipped_configs import write_configs
from recorder.config import load_config
from recorder.supervisor import stage
from recorder.supervisor.site import Site
from recorder.supervisor.stage import Stage, all_moved


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        ({"cam1": 5}, {"cam1": 6}, True),
        ({"cam1": 5}, {"cam1": 5}, False),
        ({"cam1": 5, "cam2": 9}, {"cam1": 6, "cam2": 9}, False),
        ({}, {"cam1": 1}, True),
        ({"cam1": 90_000}, {"cam1": 3}, True),
        ({"cam1": 5}, {}, False),
    ],
    ids=["moved", "stands", "one stands", "not seen before", "a monitor that was started anew", "no camera is live"],
)
def test_every_camera_has_to_move(before: Mapping[str, int], now: Mapping[str, int], moved: bool) -> None:
    assert all_moved(before, now) is moved


class BareSite:
    """A site without monitor, service and cable, that runs at once."""

    cable = None
    children: Mapping[str, Any] = {}
    addresses: Mapping[str, str] = {}

    def __init__(self, folder: Path) -> None:
        write_configs(folder / "configs")
        self.recorder = load_config(folder / "configs" / "recorder.yaml")
        self.recorder.device.data_dir.mkdir(parents=True)
        self.clock = SystemClock()
        self.clock_server = self

    async def start_over(self) -> set[str]:
        return set()

    async def ensure_licence(self) -> None:
        pass

    async def hdmi_status(self) -> Mapping[str, Any]:
        return {"cameras": {}}


async def test_a_site_without_a_monitor_waits_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def runs(_: Path) -> Mapping[str, Any]:
        return {"cameras": [], "features": []}

    monkeypatch.setattr(stage, "read_state", runs)
    monkeypatch.setattr(stage, "NEXT_SECONDS_MAX", 5.0)
    site = BareSite(tmp_path)
    done = await Stage(cast(Site, site), dict).next_visitor()
    assert "licensed" in done["parts"]
    site.clock.close()
