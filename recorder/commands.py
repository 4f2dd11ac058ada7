"""`edge-recorder run`, `record`, `status` and `demo`."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import uvloop

from gate.client.errors import LicensingError
from gate.command_parser import CommandParser
from gate.config_fields import PORT_BASE, parse_port_base
from gate.log_output import log_file, start_logging
from gate.sd_notify import SdNotify
from gate.shared_clock.errors import ClockError
from gate.shipped_configs import OWN, write_configs
from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig, load_config, moved
from recorder.errors import RecorderError
from recorder.maintenance.log_ring import LogRing
from recorder.maintenance.upkeep import RESTART_STATUS, Host, Stop


def run(argv: list[str]) -> int:
    """Runs a recorder until SIGINT or SIGTERM. SIGHUP makes it read its cameras from the configuration again. Asked to
    restart it begins anew in its own place; under a supervisor (`--report`, systemd) it ends with RESTART_STATUS."""
    parser = _parser("run", "Run a recorder against any RTSP cameras.", "edge-recorder run configs/recorder.yaml")
    parser.add_argument("config", type=Path, help="its configuration (configs/recorder.yaml explains every field)")
    _add_ports(parser)
    parser.add_argument("--report", action="store_true", help="say on stdout, in JSON lines, when it is ready")
    parser.add_argument("--service", metavar="URL", help="the licence service is reached here, not at licence.url")
    options = parser.parse_args(argv)
    log, stops, sd_notify = LogRing(), list[Stop](), SdNotify(os.environ)

    async def serve(ended: asyncio.Event) -> None:
        from recorder.device import run_device

        stop = Stop(ended)
        stops.append(stop)
        _keep_log(log)

        def load() -> RecorderConfig:
            return _served_by(moved(load_config(options.config), options.port_base), options.service)

        def on_ready(addresses: dict[str, str]) -> None:
            if options.report:
                print(json.dumps({"ready": addresses}), flush=True)
            else:
                watch = addresses.get("remote", "the licence service's portal")
                print(f"recording; watch at {watch}", flush=True)

        reload_wanted = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload_wanted.set)
        host = Host(config_path=options.config, log=log, stop=stop, sd_notify=sd_notify)
        with log_file(load().log):
            await run_device(load, ended, reload_wanted, on_ready, host)

    status = _serve("run", serve, quiet=options.report)
    if status or not any(stop.restart for stop in stops):
        return status
    if not options.report and not sd_notify.wanted:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return RESTART_STATUS


def status(argv: list[str]) -> int:
    """Prints what a running recorder does."""
    parser = _parser("status", "What a running recorder does.", "edge-recorder status configs/recorder.yaml --json")
    parser.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=Path("configs/recorder.yaml"),
        help="the recorder's configuration; default %(default)s",
    )
    parser.add_argument("--json", action="store_true", help="the whole state as one JSON object (docs/protocols.md)")
    options = parser.parse_args(argv)

    async def show(_: asyncio.Event) -> None:
        from recorder.supervisor.site import read_state
        from recorder.supervisor.table import state_table

        state = await read_state(load_config(options.config).local.socket)
        if options.json:
            print(json.dumps(state, ensure_ascii=False))
        else:
            state_table(state)

    return _serve("status", show)


def record(argv: list[str]) -> int:
    """Shows or changes how a camera of a running recorder is recorded."""
    parser = _parser(
        "record",
        "How a camera is recorded: show it, or change it at once; it stays so until it is changed again.",
        "edge-recorder record cam1\n  edge-recorder record cam1 event --pre 5 --post 20\n"
        "  edge-recorder record cam1 schedule --schedule 'mon-fri 08:00-18:00' 'sat 10:00-14:00'",
    )
    parser.add_argument("camera", help="its id")
    parser.add_argument("mode", nargs="?", metavar="MODE", help="continuous, event, schedule or off")
    parser.add_argument("--pre", type=float, metavar="S", help="seconds kept from before an event")
    parser.add_argument("--post", type=float, metavar="S", help="seconds recorded after the last event")
    parser.add_argument("--schedule", nargs="+", metavar="SPAN", help="when to record, in the device's time zone")
    parser.add_argument("--config", type=Path, default=Path("configs/recorder.yaml"), help="default %(default)s")
    parser.add_argument("--json", action="store_true", help="print the settings as JSON (docs/protocols.md)")
    options = parser.parse_args(argv)
    given = {
        "mode": options.mode,
        "pre_event_seconds": options.pre,
        "post_event_seconds": options.post,
        "schedule": options.schedule,
    }
    changes = {field: value for field, value in given.items() if value is not None}

    async def change(_: asyncio.Event) -> None:
        from recorder.supervisor.site import ask_local
        from recorder.supervisor.table import recording_line

        socket = load_config(options.config).local.socket
        settings = await ask_local(socket, f"/v1/cameras/{quote(options.camera, safe='')}/recording", changes or None)
        print(json.dumps(settings, ensure_ascii=False) if options.json else recording_line(settings))

    return _serve("record", change)


def demo(argv: list[str]) -> int:
    """Runs a whole site until Ctrl-C, or for `--duration` seconds after everything is up."""
    parser = _parser(
        "demo",
        "Start simulated cameras, recorder, HDMI monitor and licence service, and print one table of addresses.",
        "edge-recorder demo\n  edge-recorder demo --duration 60 --json\n  edge-recorder demo --port-base 18000\n"
        "  edge-recorder demo --story",
    )
    parser.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=OWN / "demo.yaml",
        help="default %(default)s; where there is no folder configs, it is made first, with copies of ours",
    )
    _add_ports(parser)
    parser.add_argument("--duration", type=float, metavar="S", help="end by itself, S seconds after all is up")
    parser.add_argument("--story", action="store_true", help="the show board plays by itself, round after round")
    parser.add_argument("--json", action="store_true", help="print one line with every address once all is up")
    options = parser.parse_args(argv)

    async def show(ended: asyncio.Event) -> None:
        from recorder.supervisor.demo import run_demo

        if options.config == OWN / "demo.yaml" and not OWN.exists():
            write_configs(OWN)
            print(
                f"{OWN.absolute()} is made: yours to edit; footage and licences go to data beside it", file=sys.stderr
            )
        await run_demo(
            options.config,
            ended,
            port_base=options.port_base,
            duration_seconds=options.duration,
            as_json=options.json,
            story=options.story,
        )

    return _serve("demo", show)


def _served_by(config: RecorderConfig, service: str | None) -> RecorderConfig:
    """With another way to the same licence service, if one is given."""
    licence = config.licence.model_copy(update={"url": service or config.licence.url})
    return config.model_copy(update={"licence": licence})


def _parser(name: str, description: str, examples: str) -> argparse.ArgumentParser:
    return CommandParser(
        prog=f"edge-recorder {name}",
        description=description,
        epilog=f"examples:\n  {examples}",
    )


def _add_ports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port-base",
        type=parse_port_base,
        default=PORT_BASE,
        metavar="N",
        help="move all loopback ports 8000–8999 to the thousand that begins at N (default %(default)s)",
    )


def _keep_log(ring: LogRing) -> None:
    """Everything from INFO on goes into the ring, too; what goes to stderr stays as it is."""
    root = logging.getLogger()
    for handler in root.handlers:
        handler.setLevel(max(handler.level, root.level))
    root.addHandler(ring)
    root.setLevel(min(root.level, logging.INFO))


def _serve(name: str, main: Callable[[asyncio.Event], Awaitable[None]], *, quiet: bool = False) -> int:
    """Runs `main` on uvloop until it returns or a signal sets its event. 0, or 2 after one sentence on stderr.
    `quiet`: only warnings are logged; a supervisor shows the rest in its own way."""
    level = logging.WARNING if quiet else logging.INFO
    start_logging(level)

    async def guarded() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        await main(ended)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(guarded())
    except (ConfigError, ClockError, RecorderError, LicensingError) as error:
        print(f"edge-recorder {name}: {error}", file=sys.stderr)
        return 2
    return 0
