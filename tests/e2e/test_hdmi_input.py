"""The HDMI monitor of a whole site, operated by the command line, while its recorder is killed and comes back."""

import json
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.crossing import family, hdmi_status, until
from tests.e2e.demo_site import DemoSite, run_command, running_demo

UP_SECONDS, BACK_SECONDS = 20.0, 30.0


def recorder_of(site: DemoSite) -> psutil.Process:
    """The process that records."""
    return next(
        process for process in map(psutil.Process, family(site)) if {"-m", "recorder"} <= set(process.cmdline())
    )


async def test_a_single_camera_is_shown_on_order_and_again_after_the_recorder_was_killed(tmp_path: Path) -> None:
    async with running_demo(tmp_path) as site:
        config = str(tmp_path / "configs" / "hdmi.yaml")

        async def order(*words: str) -> dict[str, Any]:
            answer: dict[str, Any] = json.loads(await run_command("hdmi", *words, "--config", config, "--json"))
            return answer

        async def live() -> bool:
            status = await hdmi_status(site)
            return list(status["cameras"]) == ["cam2"] and status["cameras"]["cam2"]["state"] == "live"

        async def lost() -> bool:
            return (await hdmi_status(site))["cameras"]["cam2"]["state"] == "no_signal"

        await until(site, UP_SECONDS, lambda: _wall(site))
        assert await order("key", "right", "right", "ok") == {"view": "camera", "camera": "cam2"}
        await until(site, UP_SECONDS, live)
        recorder_of(site).kill()
        await until(site, BACK_SECONDS, lost)
        assert (await order("status"))["view"] == "camera"
        await until(site, BACK_SECONDS, live)
        assert await order("key", "back") == {"view": "wall", "camera": ""}


async def _wall(site: DemoSite) -> bool:
    cameras = (await hdmi_status(site))["cameras"]
    return len(cameras) == 2 and all(camera["state"] == "live" for camera in cameras.values())
