"""`edge-recorder licence`: issue, show, check and install licence files, rotate their keys, reckon a term."""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gate.client.commands import add_install
from gate.client.profiles import open_profile
from gate.command_parser import CommandParser
from gate.licence.entitlement import YEARS, Entitlement, parse_payload
from gate.licence.errors import LicenceError
from gate.licence.profile import REMO
from gate.licence.term import MONTHS_MAX, Term, first_instant, last_day_of, renewal_of, term_of
from gate.shared_clock.client import open_clock
from gate.shared_clock.errors import ClockError
from gate.signing.commands import add_rotate, add_verify, read_licence
from gate.signing.envelope import key_sets_in, open_sealed, read_unverified
from gate.signing.errors import KeyBusyError, SigningError
from gate.signing.identity import sha256_of
from gate.signing.issue import Request, issue
from gate.signing.issuer import open_issuer
from gate.signing.key_set import open_key_set, set_zero
from gate.signing.keys import ROOT_KEY_NAME, load_root_key
from gate.yaml_file import ConfigError

BUSY_TRIES_MAX = 50
BUSY_SECONDS = 0.1

_SPAN = re.compile(r"\+(\d{1,6})([smhd])")
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

_EXAMPLES = """examples:
  edge-recorder licence issue --device rec-1 --camera cam1 --camera cam2 --months 12 --out lic.json
  edge-recorder licence issue --device rec-1 --camera cam1 --until +90d --out a.json --clock a.sock
  edge-recorder licence issue --device rec-1 --camera cam1 --months 12 --out licence.json
  edge-recorder licence show licence.json
  edge-recorder licence verify licence.json --root-key root.pub --device rec-1
  edge-recorder licence install licence.json --config configs/recorder.yaml
  edge-recorder licence rotate --key issuer/
  edge-recorder licence term --allocated 2026-05-31 --months 12 --previous-last-day 2026-05-31
"""


def licence(argv: list[str]) -> int:
    """Runs `edge-recorder licence ARGV`. Exit status 0, 1 where a licence fails a check, or 2 after one sentence on
    stderr."""
    arguments = _parser().parse_args(argv)
    try:
        facts = asyncio.run(arguments.act(arguments))
    except (SigningError, LicenceError, ClockError, ConfigError, _UsageError) as error:
        print(f"edge-recorder licence {arguments.command}: {error}", file=sys.stderr)
        return 2
    status, lines = facts.pop("exit_status", 0), facts.pop("lines", None)
    print(json.dumps(facts, ensure_ascii=False) if arguments.json else "\n".join(lines or _lines(facts)))
    return int(status)


class _UsageError(Exception):
    """Arguments that make no sense together."""


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder licence",
        description="Issue, show, check and install licence files, rotate their keys, reckon a term.",
        epilog=_EXAMPLES,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--time-zone", type=_zone, default="Asia/Tokyo", help="of dates (default Asia/Tokyo)")
    common.add_argument("--json", action="store_true", help="print the facts as one JSON object")

    issuing = commands.add_parser("issue", parents=[common], help="make or replace a licence file")
    issuing.set_defaults(act=_issue)
    issuing.add_argument("--device", required=True, metavar="ID", help="the recorder it is for (device.id)")
    issuing.add_argument("--camera", required=True, action="append", metavar="ID", help="once for each camera")
    end = issuing.add_mutually_exclusive_group(required=True)
    end.add_argument(
        "--until", metavar="END", help="a date (the last valid day), an instant with its offset (exclusive), or +90d"
    )
    end.add_argument("--months", type=_months, metavar="N", help="a term of N months, allocated now")
    issuing.add_argument(
        "--kind", choices=("edge", "direct"), default="edge", help="of the device: a recorder, or a direct camera"
    )
    issuing.add_argument("--out", required=True, type=Path, metavar="FILE", help="the licence; over an older one")
    issuing.add_argument(
        "--key", type=Path, metavar="DIR", help="folder of signing.key and root.pub (default: beside FILE)"
    )
    issuing.add_argument(
        "--profile", default=REMO.name, metavar="PROFILE", help="its name or file (default %(default)s)"
    )
    issuing.add_argument("--device-key", type=Path, metavar="FILE", help="bind it to the device with this device.pub")
    issuing.add_argument("--clock", type=Path, metavar="SOCKET", help="issue at the time of this site's shared clock")

    showing = commands.add_parser("show", parents=[common], help="what a licence file grants")
    showing.set_defaults(act=_show)
    showing.add_argument("file", type=Path, metavar="FILE", help="a licence")
    showing.add_argument("--root-key", type=Path, metavar="FILE", help="default: root.pub beside FILE, if there is one")

    add_verify(commands, common)
    add_install(commands, common)
    add_rotate(commands, common)

    reckoning = commands.add_parser("term", parents=[common], help="the term of a licence allocated on a date")
    reckoning.set_defaults(act=_term)
    reckoning.add_argument("--allocated", required=True, metavar="DATE", help="a date, or an instant with its offset")
    reckoning.add_argument("--months", required=True, type=_months, metavar="N", help="of the licence: 12, 36, 60")
    reckoning.add_argument(
        "--previous-last-day", type=_date, metavar="DATE", help="compare with the term that this one renews"
    )
    return parser


async def _issue(arguments: argparse.Namespace) -> dict[str, Any]:
    twice = {camera for camera in arguments.camera if arguments.camera.count(camera) > 1}
    if twice:
        raise _UsageError(f"camera {min(twice)} is given twice")
    zone: ZoneInfo = arguments.time_zone
    out: Path = arguments.out
    keys: Path = arguments.key or out.parent
    for folder in (out.parent, keys):
        if not folder.is_dir():
            raise _UsageError(f"{folder}: there is no such folder; make it first")
    async with open_clock("shared" if arguments.clock else "system", arguments.clock, "licence") as clock:
        now = clock.now().replace(microsecond=0)
        until = _until(arguments.until, now, zone) if arguments.until else term_of(now, arguments.months, zone).ends
        if until <= now:
            raise _UsageError(f"--until {arguments.until} is not after now ({_local(now, zone)})")
        request = Request(
            device_id=arguments.device,
            cameras=arguments.camera,
            issued_at=now,
            until=until,
            kind=arguments.kind,
            profile=open_profile(arguments.profile),
            device_pubkey_sha256=sha256_of(load_root_key(arguments.device_key)) if arguments.device_key else None,
        )
        for tries_left in reversed(range(BUSY_TRIES_MAX)):
            try:
                entitlement = await asyncio.to_thread(issue, request, out=out, keys=keys)
                break
            except KeyBusyError:
                if not tries_left:
                    raise
                await clock.sleep(BUSY_SECONDS)
    return _facts(entitlement, zone) | {
        "file": str(out),
        "signing_key": str(open_issuer(keys).key_path),
        "root_key": str(keys / ROOT_KEY_NAME),
    }


async def _show(arguments: argparse.Namespace) -> dict[str, Any]:
    path: Path = arguments.file
    beside = path.parent / ROOT_KEY_NAME
    root_key: Path | None = arguments.root_key or (beside if beside.exists() else None)
    content = read_licence(path)
    try:
        if root_key is None:
            entitlement, signature = parse_payload(read_unverified(content)), "not checked: no root key was given"
        else:
            root = load_root_key(root_key)
            sets = [set_zero(root), *(open_key_set(document, root) for document in key_sets_in(content))]
            sealed = open_sealed(content, sets[-1].keys)
            entitlement = parse_payload(sealed.payload)
            signature = f"good, by {sealed.kid} of key set {sets[-1].version} ({root_key})"
    except (SigningError, LicenceError) as error:
        raise _UsageError(f"{path}: {error}") from None
    return _facts(entitlement, arguments.time_zone) | {"signature": signature}


async def _term(arguments: argparse.Namespace) -> dict[str, Any]:
    zone: ZoneInfo = arguments.time_zone
    allocated = _instant_or_day(arguments.allocated, "--allocated")
    if not isinstance(allocated, datetime):
        allocated = first_instant(allocated, zone)
    term = term_of(allocated, arguments.months, zone)
    return _term_facts(term, arguments.previous_last_day, zone)


def _term_facts(term: Term, previous_last_day: date | None, zone: ZoneInfo) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "allocated_on": term.allocated_on.isoformat(),
        "free_until": term.free_until.isoformat(),
        "free_days": term.free_days,
        "term_start": term.term_start.isoformat(),
        "last_day": term.last_day.isoformat(),
        "ends": _local(term.ends, zone),
    }
    if previous_last_day is not None:
        renewal = renewal_of(previous_last_day, term)
        facts |= {
            "burnt_days": renewal.burnt_days,
            "extra_free_days": renewal.extra_free_days,
            "dark_full_days": renewal.dark_full_days,
        }
    return facts


def _facts(entitlement: Entitlement, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "device": entitlement.device_id,
        "seq": entitlement.seq,
        "issued_at": _local(entitlement.issued_at, zone),
        "profile": entitlement.profile,
        "kid": entitlement.kid,
        "cameras": [
            {
                "id": camera,
                "kind": grant.kind,
                "from": _local(span.start, zone),
                "until": _local(span.end, zone),
                "last_day": last_day_of(span.end, zone).isoformat(),
            }
            for camera, grant in entitlement.cameras.items()
            for span in entitlement.spans(camera)
        ],
    }


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    width = max(map(len, facts))
    for name, value in facts.items():
        if name != "cameras":
            yield f"{name.replace('_', ' '):<{width}}  {value}"
            continue
        for row in value:
            span = f"{row['from']} to {row['until']}, last day {row['last_day']}"
            yield f"{'camera':<{width}}  {row['id']} ({row['kind']}): {span}"


def _until(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    span = _SPAN.fullmatch(text)
    if span:
        end = now + int(span[1]) * _UNITS[span[2]]
        _check_year(end, "--until", text)
        return end
    instant_or_day = _instant_or_day(text, "--until")
    if isinstance(instant_or_day, datetime):
        return instant_or_day
    return first_instant(instant_or_day + timedelta(days=1), zone)


def _instant_or_day(text: str, option: str) -> datetime | date:
    try:
        day = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
        instant_or_day = date.fromisoformat(text) if day else datetime.fromisoformat(text)
    except ValueError:
        forms = "2029-12-31, 2030-01-01T00:00:00+09:00" + (" or +90d" if option == "--until" else "")
        raise _UsageError(f"{option} {text}: this is no date; use a form like {forms}") from None
    _check_year(instant_or_day, option, text)
    if not isinstance(instant_or_day, datetime):
        return instant_or_day
    if instant_or_day.tzinfo is None:
        raise _UsageError(f"{option} {text}: an instant needs its offset, like {text}+09:00")
    return instant_or_day.astimezone(UTC)


def _check_year(instant_or_day: date, option: str, text: str) -> None:
    if instant_or_day.year not in YEARS[:-1]:
        raise _UsageError(f"{option} {text}: licences live in the years {YEARS[0]} to {YEARS[-2]}")


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat()


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"no such time zone: {text}; use a name like Asia/Tokyo") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no date like 2026-05-31") from None


def _months(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MONTHS_MAX:
        raise argparse.ArgumentTypeError(f"1 to {MONTHS_MAX} months are possible, not {text}")
    return int(text)
