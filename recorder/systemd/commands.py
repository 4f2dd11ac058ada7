"""`edge-recorder systemd`: units for recorder, monitor and licence service."""

import argparse
import json
import os
import sys
from pathlib import Path

from gate.command_parser import CommandParser
from gate.yaml_file import ConfigError
from recorder.systemd.errors import SystemdError
from recorder.systemd.places import make_folders, plan_unit
from recorder.systemd.systemctl import Systemctl
from recorder.systemd.units import NAMES, Part, UnitPlan, unit_text

_EXAMPLES = """examples:
  edge-recorder systemd install --recorder recorder.yaml --print       the units, nothing is changed
  sudo edge-recorder systemd install --recorder recorder.yaml --hdmi hdmi.yaml --run-as edge
  edge-recorder systemd install --user --recorder recorder.yaml   in your own systemd
  edge-recorder systemd status
  sudo edge-recorder systemd uninstall            footage and configurations stay

The log: journalctl -u edge-recorder. docs/how-to/run-as-a-service.md has the whole way.
"""


def systemd(argv: list[str]) -> int:
    """Runs `edge-recorder systemd ARGV`. Exit status 0, 1 if a unit does not run, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        status: int = options.act(options)
    except (SystemdError, ConfigError) as error:
        print(f"edge-recorder systemd {options.command}: {error}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder systemd",
        description="Have systemd run recorder, HDMI monitor and licence service: started with the machine, watched, "
        "started again, and kept to their own folders.",
        epilog=_EXAMPLES,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    texts = {
        "install": (_install, "write the units, and start them now and with the machine"),
        "uninstall": (_uninstall, "end what runs, and take our units away; nothing else"),
        "status": (_status, "what runs, since when, and how often it was started again"),
    }
    for name, (act, text) in texts.items():
        made = commands.add_parser(name, help=text)
        made.set_defaults(act=act)
        made.add_argument("--user", action="store_true", help="of your own systemd, not of the machine's")
        made.add_argument("--json", action="store_true", help="print one JSON object")
        if name == "install":
            for part, what in (
                ("recorder", "the recorder"),
                ("hdmi", "the monitor"),
                ("service", "the licence service"),
            ):
                made.add_argument(f"--{part}", type=Path, metavar="CONFIG", help=f"{what}, by its configuration")
            made.add_argument(
                "--run-as", metavar="NAME", help="the user it runs as (default: the configuration's owner)"
            )
            made.add_argument("--print", action="store_true", dest="only_print", help="show the units, change nothing")
    return parser


def _install(options: argparse.Namespace) -> int:
    configs: dict[Part, Path | None] = {"recorder": options.recorder, "hdmi": options.hdmi, "service": options.service}
    plans = [
        plan_unit(part, config, own=options.user, run_as=options.run_as)
        for part, config in configs.items()
        if config is not None
    ]
    if not plans:
        raise SystemdError("name what is to run: --recorder CONFIG, --hdmi CONFIG, --service CONFIG, one or more")
    if options.only_print:
        _show(options, {NAMES[plan.part]: unit_text(plan) for plan in plans}, _printed(plans))
        return 0
    systemctl = Systemctl(own=options.user, environ=os.environ)
    systemctl.check_may_write()
    written = []
    for plan in plans:
        make_folders(plan)
        written.append(str(systemctl.write(plan.part, unit_text(plan))))
    systemctl.start([plan.part for plan in plans])
    own = " --user" if options.user else ""
    name = NAMES[plans[0].part]
    lines = [*written, f"started: edge-recorder systemd status{own}; the log: journalctl{own} -f -u {name}"]
    lines += ["so that they run while nobody is signed in: loginctl enable-linger"] if options.user else []
    _show(options, {"units": written}, "\n".join(lines))
    return 0


def _printed(plans: list[UnitPlan]) -> str:
    return "\n".join(f"# {NAMES[plan.part]}\n{unit_text(plan)}" for plan in plans).rstrip("\n")


def _uninstall(options: argparse.Namespace) -> int:
    systemctl = Systemctl(own=options.user, environ=os.environ)
    parts = systemctl.installed()
    if parts:
        systemctl.check_may_write()
    for part in parts:
        systemctl.remove(part)
    names = [NAMES[part] for part in parts]
    _show(options, {"removed": names}, f"taken away: {', '.join(names)}" if names else "there are no units of ours")
    return 0


def _status(options: argparse.Namespace) -> int:
    systemctl = Systemctl(own=options.user, environ=os.environ)
    states = {NAMES[part]: systemctl.state(part) for part in systemctl.installed()}
    lines = [
        f"{name}: {state['ActiveState']} ({state['SubState']}) since {state['ActiveEnterTimestamp'] or 'never'}, "
        f"started again {state['NRestarts']} times"
        for name, state in states.items()
    ]
    _show(options, states, "\n".join(lines) or "there are no units of ours: edge-recorder systemd install")
    return 0 if states and all(state["ActiveState"] == "active" for state in states.values()) else 1


def _show(options: argparse.Namespace, facts: object, text: str) -> None:
    print(json.dumps(facts, ensure_ascii=False) if options.json else text)
