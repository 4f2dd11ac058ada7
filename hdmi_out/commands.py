"""`edge-recorder hdmi`, and the same as `python -m hdmi_out`."""

import json
import logging
import os
import sys
from pathlib import Path

import uvloop

from gate.command_parser import CommandParser
from gate.config_fields import PORT_BASE, parse_port_base
from gate.log_output import log_file, start_logging
from gate.sd_notify import SdNotify
from gate.shared_clock.client import open_clock
from gate.shared_clock.errors import ClockError
from gate.yaml_file import ConfigError
from hdmi_out.config import HdmiConfig, load_config
from hdmi_out.errors import DisplayError, StartError
from hdmi_out.monitor import run
from hdmi_out.remote_control import ORDERS, give_orders

_EXAMPLES = """examples:
  edge-recorder hdmi configs/hdmi.yaml
  edge-recorder hdmi configs/hdmi.yaml --port-base 18000    preview at http://127.0.0.1:18650/

orders to a running monitor (`edge-recorder hdmi key --help`):
  edge-recorder hdmi key right ok
  edge-recorder hdmi show playback cam1
  edge-recorder hdmi status --json
"""


def hdmi(argv: list[str]) -> int:
    """Runs the monitor until SIGTERM, SIGINT or a closed window, or gives orders to one that runs; 2 if it cannot."""
    if argv and argv[0] in ORDERS:
        return give_orders(argv)
    parser = CommandParser(
        prog="edge-recorder hdmi",
        description="The HDMI monitor of a recorder, on a screen, in a window, or over HTTP on loopback.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="the configuration, a YAML file")
    parser.add_argument("--port-base", type=parse_port_base, default=PORT_BASE, metavar="N", help="N instead of 8000")
    parser.add_argument("--report", action="store_true", help="print its addresses as a line of JSON once it works")
    options = parser.parse_args(argv)
    level = logging.WARNING if options.report else logging.INFO
    start_logging(level)
    try:
        config = load_config(options.config, options.port_base)
        with log_file(config.log):
            uvloop.run(_run(config, report=options.report))
    except (ConfigError, StartError, DisplayError, ClockError) as error:
        print(f"edge-recorder hdmi: {error}", file=sys.stderr)
        return 2
    return 0


async def _run(config: HdmiConfig, *, report: bool) -> None:
    def ready(addresses: dict[str, str]) -> None:
        if report:
            print(json.dumps({"ready": addresses}), flush=True)
        else:
            for address in addresses.values():
                print(f"HDMI monitor: {address}", flush=True)

    async with open_clock(config.clock.mode, config.clock.socket, "hdmi") as clock:
        await run(config, clock, ready, SdNotify(os.environ))
