"""`edge-recorder sim event`, `calm`, `look`: what happens before a camera, and where it looks."""

import argparse
import json
from typing import Any

from camera_sim.control_client import ask
from camera_sim.events.event import KINDS
from camera_sim.events.plan import SECONDS


def add_to(commands: Any, where: argparse.ArgumentParser) -> None:
    """Adds them to the commands of `edge-recorder sim`."""
    event = commands.add_parser("event", parents=[where], help="make something happen before a camera")
    event.add_argument("camera", metavar="CAMERA", help="cam1, or * for all")
    event.add_argument("kind", metavar="KIND", help=", ".join(KINDS))
    event.add_argument(
        "--seconds",
        "--for",
        metavar="TIME",
        default=f"{SECONDS:g}",
        help=f"how long, like 10 or 2m; default {SECONDS:g}",
    )
    event.set_defaults(do=_event)
    calm = commands.add_parser("calm", parents=[where], help="end what happens before a camera")
    calm.add_argument("camera", metavar="CAMERA", help="cam1, or * for all")
    calm.set_defaults(do=_calm)
    look = commands.add_parser("look", parents=[where], help="turn a camera to one of its presets")
    look.add_argument("camera", metavar="CAMERA", help="its id")
    look.add_argument("preset", metavar="PRESET", help="its number in the fleet file, from 1")
    look.set_defaults(do=_look)


def _event(options: argparse.Namespace, url: str) -> int:
    wish = {"camera": options.camera, "kind": options.kind, "seconds": options.seconds}
    begun = ask("POST", f"{url}/v1/events", wish)
    if options.json:
        print(json.dumps(begun))
        return 0
    for one in begun:
        print(f"event {one['id']}: {options.kind} before {one['camera']} for {one['seconds']:g} s")
    return 0


def _calm(options: argparse.Namespace, url: str) -> int:
    ask("DELETE", f"{url}/v1/events/{options.camera}")
    return 0


def _look(options: argparse.Namespace, url: str) -> int:
    gone = ask("POST", f"{url}/v1/ptz", {"camera": options.camera, "preset": options.preset})
    print(json.dumps(gone) if options.json else f"{gone['camera']} looks at {gone['name']}")
    return 0
