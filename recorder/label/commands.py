"""`edge-recorder device`: who this recorder is to its licence service, and by what it is registered there."""

import json
import sys
from pathlib import Path
from typing import Any

import segno

from gate.client.errors import LicensingError
from gate.client.registration import Registration, open_registration
from gate.command_parser import CommandParser
from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig, load_config
from recorder.licence_source import maker_of

_EXAMPLES = """examples:
  edge-recorder device show            id, serial number, registration code and its QR code
  edge-recorder device show configs/recorder.yaml --json
"""


def device(argv: list[str]) -> int:
    """Exit status 0, or 2 after one sentence on stderr."""
    parser = CommandParser(
        prog="edge-recorder device",
        description="By what this recorder is registered at its licence service. Whoever gives the code first owns it.",
        epilog=_EXAMPLES,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print id, serial number, registration code and QR code")
    show.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=Path("configs/recorder.yaml"),
        help="the recorder's configuration; default %(default)s",
    )
    show.add_argument("--json", action="store_true", help="print one JSON object, without the picture")
    options = parser.parse_args(argv)
    try:
        config = load_config(options.config)
        registration = open_registration(config.device.data_dir, maker_of(config))
    except (ConfigError, LicensingError) as error:
        print(f"edge-recorder device: {error}", file=sys.stderr)
        return 2
    facts = _facts(config, registration)
    if options.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _print(facts)
    return 0


def _facts(config: RecorderConfig, registration: Registration) -> dict[str, Any]:
    label = registration.label
    return {
        "name": config.device.id,
        "device": registration.device,
        "serial": label.serial,
        "model": label.model,
        "kind": label.kind,
        "made_on": label.made_on.isoformat() if label.made_on else None,
        "code": registration.shown_code,
        "qr": registration.text,
        "service": config.licence.url,
    }


def _print(facts: dict[str, Any]) -> None:
    segno.make(facts["qr"], error="m").terminal(compact=True)
    service = facts["service"] or "none (licence: mode: file)"
    print(f"registration code  {facts['code']}")
    print(f"device             {facts['device']} ({facts['name']}, {facts['model']}, {facts['kind']})")
    print(f"serial number      {facts['serial']}{', made on ' + facts['made_on'] if facts['made_on'] else ''}")
    print(f"licence service    {service}")
