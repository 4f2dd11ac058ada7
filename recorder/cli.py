"""`edge-recorder`: one command; its subcommands live with the packages that know them, imported when called."""

import importlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import version

_COMMANDS = {
    "demo": ("recorder.commands", "start cameras, recorder and HDMI monitor together"),
    "run": ("recorder.commands", "run a recorder alone"),
    "doctor": ("recorder.doctor.commands", "what is wrong with a machine or a recorder's configuration"),
    "record": ("recorder.commands", "show or change how a camera is recorded"),
    "status": ("recorder.commands", "what a running recorder does"),
    "device": ("recorder.label.commands", "by what this recorder is registered at its licence service"),
    "events": ("recorder.events.commands", "what has happened at the cameras and in the recorder"),
    "notify": ("recorder.notify.commands", "test remote event notices, or see how they fare"),
    "users": ("recorder.access.commands", "who may sign in at the remote side"),
    "audit": ("recorder.access.commands", "who did what at the remote side"),
    "backup": ("recorder.backup.commands", "a recorder in one file: device, configuration, users, index"),
    "restore": ("recorder.backup.commands", "a recorder out of its backup"),
    "index": ("recorder.maintenance.commands", "check, rebuild or copy the index; protect footage"),
    "export": ("recorder.exports.commands", "check footage that was exported"),
    "cameras": ("camera_sim.commands", "run simulated cameras"),
    "cameras discover": ("recorder.ingest.onvif.commands", "find cameras on the network, and write a configuration"),
    "cameras presets": ("recorder.ingest.onvif.commands", "list a camera's presets, or turn it to one"),
    "cameras reboot": ("recorder.ingest.onvif.commands", "restart a camera"),
    "sim": ("camera_sim.faults.commands", "make faults in simulated cameras"),
    "sd": ("camera_sim.sd_card.commands", "take footage off an SD card"),
    "hdmi": ("hdmi_out.commands", "run the HDMI monitor"),
    "clock": ("gate.shared_clock.commands", "read or step a site's shared clock"),
    "licence": ("gate.commands", "issue, check, install and calculate licences"),
    "verify": ("gate.verify.commands", "prove from outside what an expiry stops and what goes on"),
    "show": ("gate.show.commands", "a running demo on one page for a big screen, with buttons for visitors"),
    "service": ("gate.service.commands", "run the licence service and its portal; accounts, tokens, database"),
    "explain": ("gate.client.commands", "why a feature may or may not run"),
    "configs": ("recorder.command_line.commands", "the configurations that come with the program, to copy and edit"),
    "systemd": ("recorder.systemd.commands", "have systemd run recorder, monitor and licence service"),
    "completion": ("recorder.command_line.commands", "let bash, zsh or fish complete all of this"),
}
Command = Callable[[list[str]], int]


def main(argv: list[str] | None = None) -> int:
    """Runs the subcommand. Gives its exit status: 0, or 2 after one sentence on stderr."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0
    if words[0] in ("-V", "--version"):
        print(f"edge-recorder {version('edge-recorder')}")
        return 0
    name = " ".join(words[:2]) if " ".join(words[:2]) in _COMMANDS else words[0]
    if name not in _COMMANDS:
        print(f"edge-recorder: there is no command {words[0]!r}; `edge-recorder --help` lists them", file=sys.stderr)
        return 2
    try:
        status = _command(name)(words[len(name.split()) :])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def every_command() -> dict[str, tuple[Command, str]]:
    """All commands by their names, with what each is for. Imports every one of them."""
    return {name: (_command(name), text) for name, (_, text) in _COMMANDS.items()}


def _command(name: str) -> Command:
    found: Command = getattr(importlib.import_module(_COMMANDS[name][0]), name.split()[-1])
    return found


def _help() -> str:
    width = max(map(len, _COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {text}" for name, (_, text) in _COMMANDS.items())
    return (
        f"usage: edge-recorder COMMAND …\n\n{rows}\n\n`edge-recorder COMMAND --help` has options and examples; "
        "`--version` is this program's."
    )


if __name__ == "__main__":
    sys.exit(main())
