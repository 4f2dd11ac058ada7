"""`edge-recorder demo`: licence on the first start, progress while it comes up, one table of addresses."""

import asyncio
import json
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from gate.config_fields import beside
from recorder.supervisor.orders import Orders
from recorder.supervisor.site import Site
from recorder.supervisor.stage import Stage
from recorder.supervisor.table import address_table


async def run_demo(
    config: Path,
    ended: asyncio.Event,
    *,
    port_base: int,
    duration_seconds: float | None,
    as_json: bool,
    story: bool = False,
) -> None:
    """Runs until `ended`, or for the duration after all is up. Raises RecorderError, ConfigError or ClockError."""
    console = Console(stderr=True)
    progress = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                        console=console, transient=True)  # fmt: skip
    bars: dict[str, Any] = {}

    sign_ins: list[dict[str, str]] = []

    def on_report(kind: str, content: Any) -> None:
        if kind == "sign_ins":
            sign_ins[:] = content
        if kind == "progress":
            what = str(content["what"])
            if what not in bars:
                bars[what] = progress.add_task(what, total=1.0)
            progress.update(bars[what], completed=content["done"], visible=content["done"] < 1)

    site = Site(config, port_base=port_base, on_report=on_report, story=story)
    with progress if console.is_terminal else nullcontext():
        async with AsyncExitStack() as stack:
            clock = await stack.enter_async_context(site.running())
            if await _first(site.wait_ready(), ended) is None:
                return
            if site.config.orders is not None:
                orders = Orders(beside(config, site.config.orders), Stage(site, lambda: _up(site, sign_ins)).orders)
                await stack.enter_async_context(orders.taken())
            if as_json:
                print(json.dumps(_up(site, sign_ins), ensure_ascii=False), flush=True)
            else:
                address_table(site.addresses, sign_ins, site.recorder, site.recorder_path)
            await _first(clock.sleep(duration_seconds) if duration_seconds is not None else None, ended)


def _up(site: Site, sign_ins: list[dict[str, str]]) -> dict[str, Any]:
    facts = {
        "device": site.recorder.device.id,
        "cameras": [camera.id for camera in site.recorder.cameras],
        "data_dir": str(site.recorder.device.data_dir),
        "local": str(site.recorder.local.socket),
        "licence": str(site.recorder.licence.path) if site.recorder.licence.path is not None else None,
        "pids": {name: child.pid for name, child in site.children.items()},
    }
    return {"addresses": site.addresses, "site": facts, "sign_ins": sign_ins}


async def _first(waiting: Any, ended: asyncio.Event) -> Any:
    """The result of `waiting`, or None as soon as `ended` is set."""
    end = asyncio.ensure_future(ended.wait())
    work = asyncio.ensure_future(waiting) if waiting is not None else None
    tasks = [task for task in (end, work) if task is not None]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work is not None and work.done() else None
    finally:
        for task in tasks:
            task.cancel()
