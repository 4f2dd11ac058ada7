"""`edge-recorder show`: the show board of a running demo."""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import uvloop

from gate.clock import SystemClock
from gate.command_parser import CommandParser
from gate.config_fields import PORT_BASE, parse_port_base
from gate.show.app import ShowApp
from gate.show.config import ShowConfig, load_config
from gate.show.errors import ShowError
from gate.yaml_file import ConfigError

_EXAMPLES = """examples:
  edge-recorder demo                      starts the board, too: http://127.0.0.1:8680/
  edge-recorder demo --story              it plays by itself, round after round
  edge-recorder show configs/show.yaml    the board alone, beside a demo that runs without one
"""


def show(argv: list[str]) -> int:
    """Runs the board until SIGINT or SIGTERM. 0, or 2 after one sentence on stderr."""
    parser = CommandParser(
        prog="edge-recorder show",
        description="The show board: a running demo on one page for a big screen, with buttons for visitors.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("config", type=Path, nargs="?", default=Path("configs/show.yaml"), help="default %(default)s")
    parser.add_argument("--story", action="store_true", help="begin with the story: it plays by itself")
    parser.add_argument("--port-base", type=parse_port_base, default=PORT_BASE, metavar="N", help="N instead of 8000")
    parser.add_argument("--report", action="store_true", help="print its address as a line of JSON once it works")
    options = parser.parse_args(argv)
    level = logging.WARNING if options.report else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        config = load_config(options.config, options.port_base)
        if options.story:
            config = config.model_copy(update={"story": True})
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(config, report=options.report))
    except (ConfigError, ShowError) as error:
        print(f"edge-recorder show: {error}", file=sys.stderr)
        return 2
    return 0


async def _run(config: ShowConfig, *, report: bool) -> None:
    def on_ready(address: str) -> None:
        print(json.dumps({"ready": {"show": address}}) if report else f"show board: {address}", flush=True)

    clock = SystemClock()
    serving = asyncio.ensure_future(ShowApp(config, clock).run(on_ready))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        pass
    finally:
        clock.close()
