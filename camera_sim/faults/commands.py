"""`edge-recorder sim`: makes something happen before a running fleet's cameras, or something wrong with them, through
its control API."""

import argparse
import json
import sys

from camera_sim.control_client import RefusedError, ask
from camera_sim.events import commands as events
from camera_sim.faults.fault import KINDS
from gate.command_parser import CommandParser
from gate.config_fields import PORT_BASE, moved_ports, parse_port_base

URL = "http://127.0.0.1:8080"
_EXAMPLES = """examples:
  edge-recorder sim event cam1 person --seconds 10  # or motion, vehicle, night, dark, …
  edge-recorder sim calm cam1                              # ends it
  edge-recorder sim look cam1 2                            # turns it to its second preset
  edge-recorder sim kinds                                  # all faults there are
  edge-recorder sim fault cam1 loss --for 30s --set share=0.05
  edge-recorder sim fault cam2/sub frozen --for 1m
  edge-recorder sim fault '*' reboot
  edge-recorder sim faults                                 # what is wrong now
  edge-recorder sim clear 3                                # or: clear all"""


def sim(argv: list[str]) -> int:
    """Gives 0, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    url = options.url or moved_ports(URL, options.port_base)
    try:
        return int(options.do(options, url))
    except RefusedError as error:
        print(f"edge-recorder sim: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder sim",
        description="Make events and faults in running simulated cameras (their fleet file needs `control`).",
        epilog=_EXAMPLES,
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--url", help=f"the control API; default {URL}")
    where.add_argument("--port-base", type=parse_port_base, default=PORT_BASE, metavar="N", help="N instead of 8000")
    where.add_argument("--json", action="store_true", help="print facts as JSON")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    events.add_to(commands, where)
    kinds = commands.add_parser("kinds", parents=[where], help="list the kinds of faults")
    kinds.set_defaults(do=_kinds)
    fault = commands.add_parser("fault", parents=[where], help="begin a fault")
    fault.add_argument("scope", metavar="CAMERA", help="cam1, cam1/sub, or * for all")
    fault.add_argument("kind", metavar="KIND", help="one of `edge-recorder sim kinds`")
    fault.add_argument("--for", dest="duration", metavar="TIME", help="how long, like 10s or 2m; else until cleared")
    fault.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="a parameter of the kind")
    fault.add_argument("--seed", type=int, default=0, help="another seed makes another random pattern")
    fault.set_defaults(do=_fault)
    faults = commands.add_parser("faults", parents=[where], help="list what is wrong now")
    faults.set_defaults(do=_faults)
    clear = commands.add_parser("clear", parents=[where], help="end a fault")
    clear.add_argument("number", metavar="ID", help="its number, or all")
    clear.set_defaults(do=_clear)
    return parser


def _kinds(options: argparse.Namespace, _url: str) -> int:
    if options.json:
        rows = {name: {"says": kind.says, "seam": kind.seam} for name, kind in KINDS.items()}
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for name, kind in KINDS.items():
        takes = ", ".join(f"{key}={bounds.default:g}" for key, bounds in kind.parameters.items())
        print(f"{name:<17} {kind.says}" + (f"  ({takes})" if takes else ""))
    return 0


def _fault(options: argparse.Namespace, url: str) -> int:
    params = dict(_pair(text) for text in options.set)
    wish = {"kind": options.kind, "scope": options.scope, "params": params, "seed": options.seed}
    begun = ask("POST", f"{url}/v1/faults", wish | {"duration": options.duration})
    if options.json:
        print(json.dumps(begun, ensure_ascii=False))
    else:
        end = f"for {begun['duration']:g} s" if begun["duration"] is not None else "until cleared"
        print(f"fault {begun['id']}: {begun['kind']} of {begun['scope']}, {end}")
    return 0


def _faults(options: argparse.Namespace, url: str) -> int:
    active = ask("GET", f"{url}/v1/faults")
    if options.json:
        print(json.dumps(active, ensure_ascii=False))
        return 0
    for one in active:
        did = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in one["did"].items())
        print(f"{one['id']:>4}  {one['kind']} of {one['scope']}, since {one['age_seconds']:.0f} s  {did}".rstrip())
    if not active:
        print("nothing is wrong")
    return 0


def _clear(options: argparse.Namespace, url: str) -> int:
    if options.number == "all":
        numbers = [one["id"] for one in ask("GET", f"{url}/v1/faults")]
    elif options.number.isdecimal():
        numbers = [int(options.number)]
    else:
        raise RefusedError(f"the number of a fault or `all` is wanted, not {options.number!r}")
    for number in numbers:
        ask("DELETE", f"{url}/v1/faults/{number}")
    return 0


def _pair(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise RefusedError(f"--set wants NAME=NUMBER, like share=0.05, not {text!r}") from None
