"""`edge-recorder hdmi key|show|point|status`: gives orders to a running monitor over its socket."""

import argparse
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gate.command_parser import CommandParser
from gate.yaml_file import ConfigError
from hdmi_out.config import load_config
from hdmi_out.errors import StartError
from hdmi_out.views.keys import Key

ORDERS = ("key", "show", "point", "status")
ANSWER_SECONDS_MAX = 5.0
ANSWER_BYTES_MAX = 1 << 20

_EXAMPLES = """examples:
  edge-recorder hdmi key right ok                 the keys of a remote control, one after the other
  edge-recorder hdmi key menu
  edge-recorder hdmi show camera cam1
  edge-recorder hdmi show playback cam1 --at 2026-12-24T18:00+09:00
  edge-recorder hdmi show wall
  edge-recorder hdmi point 0.5 0.4                press there: from the left, from the top, 0 to 1
  edge-recorder hdmi status --json
"""


def give_orders(argv: Sequence[str]) -> int:
    """Gives the orders and prints where they led. 0, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        path = load_config(options.config).command_socket
        answer = {"error": "no order was given"}
        for order in options.orders(options):
            answer = _ask(path, order)
            if "error" in answer:
                raise StartError(str(answer["error"]))
    except (ConfigError, StartError) as error:
        print(f"edge-recorder hdmi {options.order}: {error}", file=sys.stderr)
        return 2
    print(json.dumps(answer, ensure_ascii=False) if options.json else _line(answer))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder hdmi",
        description="Gives orders to the running monitor, as its keys would.",
        epilog=_EXAMPLES,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=Path("configs/hdmi.yaml"), help="of the monitor")
    common.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    commands = parser.add_subparsers(dest="order", required=True, metavar="ORDER")

    def add(name: str, text: str, orders: Any) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=text,
            description=f"{text[:1].upper()}{text[1:]}.",
            parents=[common],
            epilog=_EXAMPLES,
        )
        command.set_defaults(orders=orders)
        return command

    key = add("key", "press keys", lambda given: [{"key": name} for name in given.keys])
    key.add_argument("keys", nargs="+", choices=[str(key) for key in Key], metavar="KEY", help=", ".join(Key))
    show = add("show", "go to a view", lambda given: [{"show": _place(given)}])
    show.add_argument("view", metavar="VIEW", help="wall, camera, tour, playback, events, …")
    show.add_argument("camera", nargs="?", metavar="CAMERA", help="which one it is about")
    show.add_argument("--at", metavar="INSTANT", help="2026-12-24T18:00+09:00, with its offset")
    point = add("point", "press on the picture", lambda given: [{"point": [given.x, given.y], "press": not given.move}])
    point.add_argument("x", type=float, help="from the left, 0 to 1")
    point.add_argument("y", type=float, help="from the top, 0 to 1")
    point.add_argument("--move", action="store_true", help="only move there")
    add("status", "what the monitor shows", lambda given: [{"status": True}])
    return parser


def _place(given: argparse.Namespace) -> dict[str, str]:
    fields = {"view": given.view, "camera": given.camera, "at": given.at}
    return {name: value for name, value in fields.items() if value}


def _ask(path: Path, order: dict[str, object]) -> dict[str, Any]:
    """One order and its answer. Raises StartError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(ANSWER_SECONDS_MAX)
        try:
            sock.connect(str(path))
            sock.sendall(json.dumps(order).encode() + b"\n")
            with sock.makefile("rb") as lines:
                line = lines.readline(ANSWER_BYTES_MAX)
        except OSError as error:
            raise StartError(f"no monitor answers at {path} ({error}); is it running?") from None
    if not line:
        raise StartError(f"the monitor at {path} gave no answer; its log says why, a new start helps")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _line(answer: dict[str, Any]) -> str:
    if "frames" not in answer:
        return " ".join(part for part in (answer["view"], answer["camera"]) if part)
    rows = [
        f"view      {answer['view']} {answer['camera']}".rstrip(),
        f"sink      {answer['sink']}, {answer['fps']} fps",
    ]
    rows += [f"{camera:<9} {seen['state']}, {seen['pictures']} pictures" for camera, seen in answer["cameras"].items()]
    return "\n".join(rows)
