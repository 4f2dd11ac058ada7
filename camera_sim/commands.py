"""`edge-recorder cameras`: runs a fleet of simulated cameras."""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import uvloop

from camera_sim.config import FleetConfig, load_fleet
from camera_sim.errors import ListenError
from camera_sim.fleet import Fleet, serve
from camera_sim.progress import Bar, Lines, Reports, follow
from gate.clock import Clock
from gate.command_parser import CommandParser
from gate.config_fields import PORT_BASE, parse_port_base
from gate.log_output import start_logging
from gate.shared_clock.client import open_clock
from gate.shared_clock.errors import ClockError
from gate.steady_memory import keep_memory_steady
from gate.yaml_file import ConfigError

_EXAMPLES = """examples:
  edge-recorder cameras configs/fleet.yaml
  edge-recorder cameras configs/fleet.yaml --port-base 18000     # RTSP on 18554 instead of 8554
  ffplay -rtsp_transport tcp rtsp://127.0.0.1:8554/cam1/main"""


def cameras(argv: list[str]) -> int:
    """Serves until SIGINT or SIGTERM. Gives 0, or 2 after one sentence on stderr."""
    parser = CommandParser(
        prog="edge-recorder cameras",
        description="Run a fleet of simulated RTSP cameras.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("config", type=Path, help="the fleet (configs/fleet.yaml explains every field)")
    parser.add_argument("--port-base", type=parse_port_base, default=PORT_BASE, metavar="N", help="N instead of 8000")
    parser.add_argument("--report", action="store_true", help="say on stdout, in JSON lines, how far it is")
    options = parser.parse_args(argv)
    level = logging.WARNING if options.report else logging.INFO
    start_logging(level)
    keep_memory_steady()
    try:
        config = load_fleet(options.config, options.port_base)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(config, report=options.report))
    except (ConfigError, ListenError, ClockError, OSError) as error:
        print(f"edge-recorder cameras: {error}", file=sys.stderr)
        return 2
    return 0


async def _run(config: FleetConfig, *, report: bool) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with open_clock(config.clock.mode, config.clock.socket, "cameras") as clock, serve(config, clock) as fleet:
        if report:
            control = {"control": fleet.control_url} if fleet.control_url else {}
            print(json.dumps({"ready": {"rtsp": fleet.base_url} | control}), flush=True)
        else:
            for url in fleet.urls.values():
                print(url, flush=True)
        await _follow_until(fleet, clock, ended, report=report)


async def _follow_until(fleet: Fleet, clock: Clock, ended: asyncio.Event, *, report: bool) -> None:
    display = Reports() if report else Bar() if sys.stderr.isatty() else Lines(clock)
    tasks = [
        asyncio.create_task(work, name=name)
        for name, work in (
            ("progress", follow(fleet.workshop, display, clock)),
            ("told to end", ended.wait()),
            ("failed", fleet.over.wait()),  # leaving the fleet then raises why
        )
    ]
    try:
        await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
