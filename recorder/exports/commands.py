"""`edge-recorder export verify`: is this file as the device made it?"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gate.client.attestation import AttestationError, read_device_key
from gate.command_parser import CommandParser
from recorder.exports.errors import ExportError
from recorder.exports.verify import Judged, verify_file

_EXAMPLES = """examples:
  edge-recorder export verify cam1_2026-12-24_18-00-00.mp4
  edge-recorder export verify cam1_2026-12-24_18-00-00.mp4 --device-key device.pub
  edge-recorder export verify export.zip --device-key 'EDGE1:…' --json
  edge-recorder export verify copy.mp4 --manifest manifest.json"""


def export(argv: list[str]) -> int:
    """Runs a subcommand. 0 if all is valid; 1 if something is not; 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        key = read_device_key(options.device_key) if options.device_key else None
        judged = verify_file(options.file, options.manifest, key)
    except (AttestationError, ExportError) as error:
        sentence = error.problem.en if isinstance(error, AttestationError) else error
        print(f"edge-recorder export verify: {sentence}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"files": [_as_json(one) for one in judged]}, ensure_ascii=False))
    else:
        for one in judged:
            _show(one)
    return 0 if all(one.verdict == "valid" for one in judged) else 1


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder export",
        description="Footage that was exported from a recorder.",
        epilog=_EXAMPLES,
    )
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    verify = commands.add_parser(
        "verify",
        help="is a file as the device made it?",
        description="Says valid, altered, wrong_device or no_manifest. Needs neither recorder nor network.",
        epilog=_EXAMPLES,
    )
    verify.add_argument("file", type=Path, metavar="FILE", help="an exported MP4, or the ZIP of an export")
    verify.add_argument("--manifest", type=Path, metavar="F", help="the manifest, where it is not in the file itself")
    verify.add_argument(
        "--device-key",
        metavar="KEY",
        help="the device's public key: its device.pub, its hex, or the text of its label or QR code; without it a "
        "signature proves only that nothing was changed since some device signed it",
    )
    verify.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    return parser


def _as_json(judged: Judged) -> dict[str, Any]:
    payload = judged.attested.payload if judged.attested else None
    return {
        "name": judged.name,
        "verdict": judged.verdict,
        "reason": judged.reason.en if judged.reason else None,
        "key_known": judged.attested.key_known if judged.attested else None,
        "key_sha256": judged.attested.key_sha256 if judged.attested else None,
        "entry": judged.entry,
        "manifest": payload,
    }


def _show(judged: Judged) -> None:
    print(f"{judged.name}: {judged.verdict}" + (f" ({judged.reason.en})" if judged.reason else ""))
    if judged.attested is None:
        return
    payload, entry = judged.attested.payload, judged.entry
    device = payload["device"]
    known = "" if judged.attested.key_known else "; which device has this key was not checked (--device-key)"
    print(f"  device {device.get('id', '?')}, key {judged.attested.key_sha256[:16]}…{known}")
    if entry is not None:
        print(f"  camera {entry['camera']}, {entry['start']} to {entry['end']}, {entry['pictures']} pictures")
        gaps = [gap for gap in payload["gaps"] if gap["camera"] == entry["camera"]]
        for gap in gaps[:5]:
            print(f"  no footage {gap['start']} to {gap['end']}: {gap['reason']}")
        if len(gaps) > 5:
            print(f"  … and {len(gaps) - 5} more gaps (--json)")
    by = payload["asked_by"] or "nobody who signed in"
    print(f"  exported {payload['made_at']} by {by}. {payload['clock']['message']}")
