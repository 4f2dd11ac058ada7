"""`edge-recorder clock`: reads, steps, serves and resets a site's clock."""

import argparse
import asyncio
import json
import shutil
import signal
import socket as socketlib
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gate.command_parser import CommandParser
from gate.config_fields import ClockSection, beside
from gate.shared_clock.controller import command
from gate.shared_clock.errors import ClockError
from gate.shared_clock.server import STATE_NAME, ClockServer
from gate.yaml_file import ConfigError, load

_EXAMPLES = """\
examples:
  edge-recorder clock --config configs/recorder.yaml show
  edge-recorder clock --socket run/clock.sock advance 30d
  edge-recorder clock --config configs/recorder.yaml to 2027-01-01T00:00+09:00
  edge-recorder clock --config configs/recorder.yaml to-expiry cam1 --before 10s
  edge-recorder clock --config configs/recorder.yaml next-event
  edge-recorder clock --config configs/recorder.yaml wrong back 40d recorder  a fault
  edge-recorder clock --config configs/recorder.yaml right recorder
  edge-recorder clock --config configs/recorder.yaml serve     host the clock without a recorder
  edge-recorder clock --config configs/recorder.yaml reset     wipe the site and return to real time
"""


class _Device(BaseModel):
    data_dir: Path


class _Licence(BaseModel):
    path: Path | None = None


class _Local(BaseModel):
    socket: Path


class _Site(BaseModel):
    """The part of a recorder's configuration that its clock needs."""

    device: _Device
    clock: ClockSection = ClockSection()
    licence: _Licence
    local: _Local


def clock(argv: list[str]) -> int:
    """The command's entry. Exit status 0, or 2 after one sentence on stderr."""
    parser = CommandParser(
        prog="edge-recorder clock",
        description="Read or step the clock of a site that runs in `clock: {mode: shared}`.",
        epilog=_EXAMPLES,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--config", type=Path, help="the recorder's configuration, which names the clock's socket")
    where.add_argument("--socket", type=Path, help="the clock's socket itself")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    parser.add_argument("--yes", action="store_true", help="for reset: do it")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="see the examples")
    options = parser.parse_args(argv)
    words: list[str] = options.words or ["show"]
    try:
        site = _load_site(options.config) if options.config else None
        if words[0] in ("serve", "reset"):
            if site is None:
                parser.error(f"{words[0]} needs --config")
            if words[0] == "reset":
                return _reset(site, sure=options.yes or "--yes" in words)
            return _serve(_socket_of(site), site.device.data_dir / STATE_NAME)
        socket = _socket_of(site) if site else options.socket
        return _step(socket, " ".join(words), as_json=options.json)
    except (ClockError, ConfigError) as error:
        print(f"edge-recorder clock: {error}", file=sys.stderr)
        return 2


def _load_site(file: Path) -> _Site:
    site = load(file, _Site)
    return _Site(
        device=_Device(data_dir=beside(file, site.device.data_dir)),
        clock=site.clock.beside(file),
        licence=_Licence(path=beside(file, site.licence.path) if site.licence.path is not None else None),
        local=_Local(socket=beside(file, site.local.socket)),
    )


def _socket_of(site: _Site) -> Path:
    if site.clock.socket is None:
        raise ConfigError("this site runs on the machine's own clock (clock: {mode: system}), which is not stepped")
    return site.clock.socket


def _step(socket: Path, text: str, *, as_json: bool) -> int:
    def show_progress(progress: dict[str, Any]) -> None:
        print(f"  {progress['now']}  ({progress['steps']} steps)", file=sys.stderr)

    done = asyncio.run(command(socket, text, show_progress))
    if as_json:
        print(json.dumps(done))
        return 0
    print(f"site time {done['now']}, {done['offset_ns'] / 86_400e9:.3f} days ahead of the machine")
    for camera, instant in done["expiries"].items():
        print(f"  {camera} expires {instant}")
    for process, seconds in done["wrong_seconds"].items():
        print(
            f"  the clock of {process} is wrong: {abs(seconds) / 86_400:g} days {'ahead' if seconds > 0 else 'behind'}"
        )
    if done["late"]:
        print(f"  did not finish their due work in time: {', '.join(done['late'])}")
    return 0


def _serve(socket: Path, state: Path) -> int:
    async def serve() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        async with ClockServer(socket, state).serving():
            print(f"clock server at {socket}; Ctrl-C ends it", flush=True)
            await ended.wait()

    asyncio.run(serve())
    return 0


def _reset(site: _Site, *, sure: bool) -> int:
    data_dir, licence, state = site.device.data_dir, site.licence.path, site.device.data_dir / STATE_NAME
    for socket in (_socket_of(site), site.local.socket):
        if _answers(socket):
            raise ConfigError(f"the site is running ({socket} answers): stop it before its clock is reset")
    if data_dir.exists() and not state.exists():
        raise ConfigError(f"{data_dir} has no {STATE_NAME}: it is not the data of a site on a shared clock")
    if licence is not None and licence.exists() and not licence.is_file():
        raise ConfigError(f"{licence} is no file: reset deletes the licence only where it is one")
    others = [*site.clock.site_data, *([licence] if licence is not None else [])]
    if not sure:
        names = " and ".join(str(path) for path in (data_dir, *others) if path.exists()) or "nothing"
        raise ConfigError(f"reset deletes {names} for good; say `reset --yes` to do it")
    try:
        for other in others:
            shutil.rmtree(other) if other.is_dir() and not other.is_symlink() else other.unlink(missing_ok=True)
        for path in sorted(data_dir.iterdir(), key=lambda path: path == state) if data_dir.exists() else ():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()  # the offset comes last
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be deleted: {error.strerror}; the reset can be repeated") from None
    print("the site is wiped; it will start at the machine's time, without a licence (a demo issues itself a new one)")
    return 0


def _answers(path: Path) -> bool:
    with socketlib.socket(socketlib.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
