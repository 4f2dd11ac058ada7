"""What a demo site's configuration must name is told before anything starts."""

from pathlib import Path

import pytest
from aiohttp import web

from gate.shipped_configs import write_configs
from gate.yaml_file import ConfigError
from recorder.errors import RecorderError
from recorder.supervisor.site import Site, ask_local


@pytest.mark.parametrize("missing", ["hdmi", "orders"])
def test_a_board_without_what_it_shows_or_orders_is_refused(tmp_path: Path, missing: str) -> None:
    write_configs(tmp_path / "configs")
    demo = tmp_path / "configs" / "demo.yaml"
    lines = demo.read_text().splitlines(keepends=True)
    demo.write_text("".join(line for line in lines if not line.startswith(f"{missing}:")))
    with pytest.raises(ConfigError, match=f"{missing}:"):
        Site(demo, port_base=8000, on_report=lambda kind, content: None)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"detail": "No ONVIF.", "remedy": "Name its address."}, "No ONVIF; Name its address"),
        ({"detail": "カメラがありません。"}, "カメラがありません"),
    ],
)
async def test_a_recorders_problem_is_told_in_one_sentence(tmp_path: Path, problem: dict[str, str], said: str) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response(problem, status=404)

    app = web.Application()
    app.router.add_get("/v1/state", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, tmp_path / "s").start()
    try:
        with pytest.raises(RecorderError, match=f"^{said}$"):
            await ask_local(tmp_path / "s", "/v1/state")
    finally:
        await runner.cleanup()
