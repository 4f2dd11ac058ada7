"""`edge-recorder licence verify` and `licence rotate`: what an issuer, or anybody who holds a licence file, checks."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.clock import SystemClock
from gate.licence.entitlement import parse_payload
from gate.licence.errors import LicenceError
from gate.signing.check import Check, checked
from gate.signing.envelope import ENVELOPE_BYTES_MAX, read_unverified
from gate.signing.errors import SigningError
from gate.signing.files import read_regular
from gate.signing.identity import sha256_of
from gate.signing.issuer import KEY_SETS_NAME, rotate
from gate.signing.keys import ROOT_KEY_NAME, load_root_key
from gate.signing.trust import Trusted, pinned, with_document

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_verify(commands: "Commands", common: argparse.ArgumentParser) -> None:
    """Adds `verify`; its `act` gives facts whose `exit_status` is 1 where a check failed."""
    parser = commands.add_parser("verify", parents=[common], help="each check of a licence file, and its outcome")
    parser.set_defaults(act=_verify)
    parser.add_argument("file", type=Path, metavar="FILE", help="a licence")
    parser.add_argument("--root-key", type=Path, metavar="FILE", help="default: root.pub beside FILE")
    parser.add_argument("--device", metavar="ID", help="the device it must be for (default: whichever it names)")
    parser.add_argument("--device-key", type=Path, metavar="FILE", help="the device.pub it must be for, if for any")
    parser.add_argument("--after", type=Path, metavar="FILE", help="the licence file that it is to replace")


def add_rotate(commands: "Commands", common: argparse.ArgumentParser) -> None:
    """Adds `rotate`."""
    parser = commands.add_parser("rotate", parents=[common], help="a new signing key and the key set that trusts it")
    parser.set_defaults(act=_rotate)
    parser.add_argument(
        "--key", required=True, type=Path, metavar="DIR", help="the issuer's folder, with the root's key"
    )
    parser.add_argument(
        "--keep-previous", action="store_true", help="go on trusting the keys so far (not for a stolen key)"
    )


def read_licence(path: Path) -> bytes:
    """A licence file's bytes. Raises SigningError."""
    try:
        return read_regular(path, ENVELOPE_BYTES_MAX)[0]
    except OSError as error:
        raise SigningError(f"{path}: {error.strerror or error}") from None


def check_rows(checks: Sequence[Check]) -> list[dict[str, str]]:
    """Checks as JSON values."""
    return [
        {"check": check.name, "outcome": check.outcome, "code": check.code, "problem": check.problem.en}
        for check in checks
    ]


def check_lines(checks: Sequence[Check]) -> list[str]:
    """Checks for people, a line each."""
    words = {"good": "good", "bad": "BAD", "not_reached": "not reached"}
    width = max(len(check.name) for check in checks)
    return [
        f"{check.name:<{width}}  {words[check.outcome]}"
        + (f": {check.problem.en} ({check.code})" if check.code else "")
        for check in checks
    ]


async def _verify(arguments: argparse.Namespace) -> dict[str, Any]:
    content = read_licence(arguments.file)
    root = load_root_key(arguments.root_key or arguments.file.parent / ROOT_KEY_NAME)
    named_device, named_key = _named_in(content)
    device_key = sha256_of(load_root_key(arguments.device_key)) if arguments.device_key else named_key
    trusted = pinned(root, arguments.device or named_device, device_key)
    now = SystemClock().now()
    if arguments.after is not None:
        before = with_document(trusted, read_licence(arguments.after), now)
        if not isinstance(before, Trusted):
            raise SigningError(f"{arguments.after} ({before.code}): {before.problem.en}")
        trusted = before
    accepted, checks = checked(trusted, content, now)
    return {
        "file": str(arguments.file),
        "accepted": accepted is not None,
        "checks": check_rows(checks),
        "exit_status": 0 if accepted else 1,
        "lines": check_lines(checks),
    }


async def _rotate(arguments: argparse.Namespace) -> dict[str, Any]:
    issuer = rotate(arguments.key, keep_previous=arguments.keep_previous)
    newest = issuer.sets[-1]
    return {
        "key_set": newest.version,
        "signing_key": str(issuer.key_path),
        "trusted": " ".join(newest.keys),
        "key_sets": str(arguments.key / KEY_SETS_NAME),
    }


def _named_in(content: bytes) -> tuple[str, str | None]:
    """The device and its key that a file names, unverified; a file that names none fails its own checks."""
    try:
        entitlement = parse_payload(read_unverified(content))
    except (SigningError, LicenceError):
        return "", None
    return entitlement.device_id, entitlement.device_pubkey_sha256
