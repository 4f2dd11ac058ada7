"""`edge-recorder cameras discover`, `presets` and `reboot`: cameras by ONVIF, from a terminal."""

import argparse
import asyncio
import dataclasses
import getpass
import ipaddress
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvloop
from rich.console import Console
from rich.table import Table

from gate.clock import Clock, SystemClock
from gate.command_parser import CommandParser
from gate.yaml_file import ConfigError
from recorder.config import load_config
from recorder.errors import RecorderError
from recorder.ingest.errors import IngestError
from recorder.ingest.onvif.survey import Surveyed, survey
from recorder.ingest.onvif.written import config_text
from recorder.ingest.rtsp.auth import Credentials
from recorder.supervisor.site import ask_local

SECONDS = 4.0
PIPED_COLUMNS = 160
"""Where no terminal says how wide it is."""
_EXAMPLES = """examples:
  edge-recorder cameras discover
  edge-recorder cameras discover --user admin                    # asks for the password
  edge-recorder cameras discover --interface 192.0.2.5 --user admin --write recorder.yaml
  edge-recorder cameras discover --interface 127.0.0.1           # simulated cameras of this machine"""


class _RefusedError(Exception):
    """One sentence."""


def discover(argv: list[str]) -> int:
    """Gives 0, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        credentials = _credentials(options)
        if options.write is not None and options.write.exists():
            raise _RefusedError(f"{options.write} exists already and is not written over: choose another name")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            cameras = runner.run(_find(options.interface, options.seconds, credentials))
        if not cameras:
            where = f" at {options.interface}" if options.interface else ""
            raise _RefusedError(
                f"no camera has answered{where} within {options.seconds:g} s; is this the cameras' network "
                "(--interface), and is ONVIF switched on in them?"
            )
        print(_as_json(cameras)) if options.json else _show(cameras)
        if options.write is not None:
            _write(options.write, cameras, options.user)
    except (_RefusedError, IngestError) as error:
        print(f"edge-recorder cameras discover: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def presets(argv: list[str]) -> int:
    """Lists where a camera can look, or sends it there. Gives 0, or 2 after one sentence on stderr."""
    parser = _camera_parser(
        "presets",
        "List the presets of a running recorder's camera, or turn it to one.",
        "edge-recorder cameras presets cam1\n  edge-recorder cameras presets cam1 --goto 2",
    )
    parser.add_argument("--goto", metavar="TOKEN", help="turn the camera there")
    options = parser.parse_args(argv)
    wish = None if options.goto is None else {"preset": options.goto}
    told = _ask(options, "presets" if wish is None else "preset", wish)
    if told is None:
        return 2
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
    elif wish is not None:
        print(f"{options.camera} turns to preset {options.goto}")
    else:
        for preset in told["presets"]:
            print(f"{preset['token']:<8} {preset['name']}")
        if not told["presets"]:
            print(f"{options.camera} cannot be turned")
    return 0


def reboot(argv: list[str]) -> int:
    """Restarts a camera. Gives 0, or 2 after one sentence on stderr."""
    parser = _camera_parser(
        "reboot", "Restart a running recorder's camera; it is away for a while.", "edge-recorder cameras reboot cam1"
    )
    options = parser.parse_args(argv)
    told = _ask(options, "reboot", {})
    if told is None:
        return 2
    print(json.dumps(told) if options.json else f"{options.camera} restarts")
    return 0


def _camera_parser(name: str, description: str, examples: str) -> argparse.ArgumentParser:
    parser = CommandParser(
        prog=f"edge-recorder cameras {name}",
        description=description,
        epilog=f"examples:\n  {examples}",
    )
    parser.add_argument("camera", help="its id")
    parser.add_argument("--config", type=Path, default=Path("configs/recorder.yaml"), help="default %(default)s")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON (docs/protocols.md)")
    return parser


def _ask(options: argparse.Namespace, what: str, content: object) -> dict[str, Any] | None:
    """The running recorder's answer; None after one sentence on stderr."""
    path = f"/v1/cameras/{quote(options.camera, safe='')}/{what}"
    try:
        socket = load_config(options.config).local.socket
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(ask_local(socket, path, content))
    except (ConfigError, RecorderError) as error:
        print(f"edge-recorder cameras {what}: {error}", file=sys.stderr)
        return None


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder cameras discover",
        description="Find ONVIF cameras on the network, list what they show, and write a recorder's configuration.",
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--interface", type=_address, metavar="ADDRESS", help="of this machine, on the cameras' network"
    )
    parser.add_argument("--seconds", type=_seconds, default=SECONDS, metavar="S", help="how long (default %(default)g)")
    parser.add_argument("--user", help="who the cameras know; the password is asked for, and shown nowhere")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="its first line is the password")
    parser.add_argument("--json", action="store_true", help="print the cameras as JSON")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write a configuration without passwords; a new file"
    )
    return parser


def _address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"an IPv4 address of this machine is wanted, not {text!r}") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0.5 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"0.5 to 60 seconds are wanted, not {text!r}")
    return seconds


def _credentials(options: argparse.Namespace) -> Credentials | None:
    if options.user is None:
        if options.password_file is not None:
            raise _RefusedError("--password-file goes with --user")
        return None
    if options.password_file is None:
        if not sys.stdin.isatty():
            raise _RefusedError("a password cannot be asked for here; give --password-file")
        return Credentials(user=options.user, password=getpass.getpass("Password of the cameras: "))
    try:
        with options.password_file.open(encoding="utf-8") as file:
            return Credentials(user=options.user, password=file.readline(256).rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise _RefusedError(f"{options.password_file}: cannot be read: {reason}") from None


async def _find(interface: str | None, seconds: float, credentials: Credentials | None) -> list[Surveyed]:
    clock: Clock = SystemClock()
    found: list[Surveyed] = []
    live = sys.stderr.isatty()
    console = Console(stderr=True)
    with console.status("looking for cameras") as status:
        async for camera in survey(interface, seconds, credentials, clock):
            found.append(camera)
            status.update(f"looking for cameras: {len(found)} so far")
            if not live:
                print(f"found {camera.host} {camera.name}", file=sys.stderr)
    if not found and interface is None:
        print("simulated cameras on this machine answer to --interface 127.0.0.1", file=sys.stderr)
    return sorted(found, key=lambda camera: (_sortable(camera.host), camera.urn))


def _sortable(host: str) -> tuple[int, str]:
    try:
        return int(ipaddress.IPv4Address(host.partition(":")[0])), host
    except ValueError:
        return 1 << 32, host


def _show(cameras: list[Surveyed]) -> None:
    table = Table(title=f"{len(cameras)} cameras", title_justify="left")
    for heading in ("address", "name", "model", "streams", "presets", "events"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "address")
    for camera in cameras:
        streams = " + ".join(
            f"{one.profile.width}×{one.profile.height} {one.profile.codec.upper()}".strip() for one in camera.streams
        )
        table.add_row(
            camera.host,
            camera.name,
            camera.model,
            streams or camera.problem,
            str(camera.presets) if camera.presets else "–",
            "yes" if camera.events else "–",
        )
    Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS, highlight=False, markup=False).print(table)


def _as_json(cameras: list[Surveyed]) -> str:
    rows = [dataclasses.asdict(camera) for camera in cameras]
    return json.dumps({"cameras": rows}, ensure_ascii=False)


def _write(path: Path, cameras: list[Surveyed], user: str | None) -> None:
    if not any(camera.streams for camera in cameras):
        raise _RefusedError("no camera told a stream, so nothing is written; do they want --user?")
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(config_text(cameras, user), encoding="utf-8")
        load_config(part)  # what is written can be read, whatever cameras call themselves
        os.link(part, path)  # unlike a rename, it never replaces what has come there meanwhile
    except ConfigError as error:
        raise _RefusedError(f"a camera tells of itself what cannot be configured: {error}") from None
    except OSError as error:
        raise _RefusedError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    print(f"{path} written; passwords are yours to add", file=sys.stderr)
