"""`edge-recorder explain`, and `licence install`: a recorder's licence, seen and changed from a terminal."""

import argparse
import asyncio
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import aiohttp

from gate.client.on_disk import OnDisk, SiteFile, in_force, load_site
from gate.client.profiles import open_profile
from gate.command_parser import CommandParser
from gate.licence.entitlement import Entitlement
from gate.licence.errors import LicenceError
from gate.licence.explanation import Question, as_json, decision_json
from gate.licence.explanation import explain as explanation_of
from gate.licence.features import Feature
from gate.licence.profile import PROFILES, Profile
from gate.licence.profile_difference import Difference, differences
from gate.licence.term import first_instant
from gate.shared_clock.client import stopped_site_now
from gate.shared_clock.errors import ClockError
from gate.shared_clock.server import STATE_NAME
from gate.signing.check import checked
from gate.signing.commands import check_lines, check_rows, read_licence
from gate.signing.errors import SigningError
from gate.signing.files import write_atomically
from gate.yaml_file import ConfigError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

CONFIG_DEFAULT = Path("configs/recorder.yaml")
ANSWER_SECONDS_MAX = 5
DEVICE = "-"
_EXAMPLES = """examples:
  edge-recorder explain cam1 recording
  edge-recorder explain cam1 remote_live --at 2027-01-01
  edge-recorder explain cam1 M3 --diff grace_30d
  edge-recorder explain - M9 --json       the recorder's own maintenance
"""


def explain(argv: list[str]) -> int:
    """Exit status 0 whatever the decision, or 2 after one sentence on stderr."""
    arguments = _parser().parse_args(argv)
    try:
        facts = asyncio.run(_explain(arguments))
    except (ConfigError, SigningError, LicenceError, ClockError) as error:
        print(f"edge-recorder explain: {error}", file=sys.stderr)
        return 2
    print(json.dumps(facts, ensure_ascii=False) if arguments.json else "\n".join(_lines(facts)))
    return 0


def add_install(commands: "Commands", common: argparse.ArgumentParser) -> None:
    """Adds `licence install`."""
    parser = commands.add_parser(
        "install", parents=[common], help="check a licence file, and put it in a recorder's place"
    )
    parser.set_defaults(act=_install)
    parser.add_argument("file", type=Path, metavar="FILE", help="a licence")
    parser.add_argument("--config", type=Path, default=CONFIG_DEFAULT, help="the recorder's (default %(default)s)")


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder explain",
        description="Why a feature may or may not run: asked of the recorder if it runs, else read from its files.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("camera", help=f"a camera's id, or {DEVICE} for the recorder itself")
    parser.add_argument("feature", type=_feature, help="such as recording or remote_live, or a row of the matrix: M3")
    parser.add_argument("--at", metavar="T", help="another moment: a date, or an instant with its offset from UTC")
    parser.add_argument("--config", type=Path, default=CONFIG_DEFAULT, help="the recorder's (default %(default)s)")
    parser.add_argument("--diff", metavar="PROFILE", help=f"a file, or {' | '.join(sorted(PROFILES))}")
    parser.add_argument("--lang", choices=("ja", "en"), default="en", help="the language of the words")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    return parser


async def _explain(arguments: argparse.Namespace) -> dict[str, Any]:
    site = load_site(arguments.config)
    zone = ZoneInfo(site.device.time_zone)
    camera = None if arguments.camera == DEVICE else arguments.camera
    if camera is not None and camera not in [one.id for one in site.cameras]:
        known = ", ".join(one.id for one in site.cameras)
        raise ConfigError(f"{arguments.config} has no camera {camera!r}; there are {known}, and {DEVICE} for itself")
    at = _instant(arguments.at, zone) if arguments.at else None
    now = stopped_site_now(site.clock.mode, site.device.data_dir / STATE_NAME)
    profile = open_profile(site.licence.profile)
    question = Question(feature=arguments.feature, camera=camera, at=at or now)
    disk = await asyncio.to_thread(in_force, site, now)
    facts = await _ask(site, question, at, arguments.lang)
    if facts is None:
        told = explanation_of(question, disk.trusted.entitlement, profile, None, zone)
        facts = as_json(told, arguments.lang, zone) | {"asked": "files"}
        if disk.refusal is not None:
            facts["refused"] = {"code": disk.refusal.code, "problem": disk.refusal.problem.in_language(arguments.lang)}
    facts["time_zone"] = zone.key
    if arguments.diff:
        other = open_profile(arguments.diff)
        facts["differences"] = _differences(question, disk, (profile, other), zone)
        facts["profiles"] = [profile.name, other.name]
    return facts


async def _ask(site: SiteFile, question: Question, at: datetime | None, language: str) -> dict[str, Any] | None:
    """The running recorder's answer; None if it does not run."""
    query = {"feature": question.feature.value, "lang": language}
    query |= {"camera": question.camera} if question.camera else {}
    query |= {"at": at.isoformat()} if at else {}
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(path=str(site.local.socket)),
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX),
            ) as session,
            session.get("http://recorder/v1/explain", params=query) as answer,
        ):
            facts: dict[str, Any] = json.loads(await answer.read())
            return facts | {"asked": "recorder"} if answer.status == 200 else None
    except (aiohttp.ClientError, OSError, ValueError):
        return None


def _differences(
    question: Question, disk: OnDisk, profiles: tuple[Profile, Profile], zone: ZoneInfo
) -> list[dict[str, Any]]:
    if disk.trusted.entitlement is None:
        return []
    return [_difference(difference, zone) for difference in differences(question, disk.trusted.entitlement, *profiles)]


def _difference(difference: Difference, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "from": difference.start.astimezone(zone).isoformat(),
        "to": difference.end.astimezone(zone).isoformat() if difference.end else None,
        "first": decision_json(difference.first),
        "second": decision_json(difference.second),
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    decision, marks, zone = facts["decision"], {True: "✓", False: "✗", None: "–"}, ZoneInfo(facts["time_zone"])
    word = "GRANTED" if decision["granted"] else f"DENIED ({decision['code']})"
    bounds = [f"{name} {_local(decision[name], zone)}" for name in ("since", "until") if decision.get(name)]
    about = f"{facts['feature']}, {facts['camera'] or 'the recorder itself'}, {_local(facts['at'], zone)}"
    lines = [f"{about}: {' '.join([word, *bounds])}"]
    lines += [f"  {marks[link['holds']]} {link['link']:<9} {link['text']}" for link in facts["chain"]]
    if facts["problem"]:
        lines += [f"  {facts['problem']['detail']}", f"  {facts['problem']['remedy']}"]
    if facts["asked"] == "files":
        lines.append("  (The recorder does not run: this is what it would say by its files; its clock was not judged.)")
    if "refused" in facts:
        lines.append(f"  (Its licence file is refused, {facts['refused']['code']}: {facts['refused']['problem']})")
    if "differences" in facts:
        lines += _difference_lines(facts)
    return lines


def _local(instant: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(instant).astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _difference_lines(facts: dict[str, Any]) -> list[str]:
    first, second = facts["profiles"]
    if not facts["differences"]:
        return [f"{first} and {second} decide alike from then on"]
    return [f"{first} and {second} decide differently:"] + [
        f"  {row['from']} to {row['to'] or 'without end'}: "
        f"{first} {_word(row['first'])}, {second} {_word(row['second'])}"
        for row in facts["differences"]
    ]


def _word(decision: dict[str, Any]) -> str:
    return "grants" if decision["granted"] else f"denies ({decision['code']})"


async def _install(arguments: argparse.Namespace) -> dict[str, Any]:
    site = load_site(arguments.config)
    zone, place = ZoneInfo(site.device.time_zone), site.licence.path
    if place is None:
        raise ConfigError(f"{arguments.config}: this recorder has its licence from a service, not from a file")
    content = read_licence(arguments.file)
    now = stopped_site_now(site.clock.mode, site.device.data_dir / STATE_NAME)
    disk = await asyncio.to_thread(in_force, site, now)
    accepted, checks = checked(disk.trusted, content, now)
    facts: dict[str, Any] = {
        "file": str(arguments.file),
        "installed": None,
        "checks": check_rows(checks),
        "changes": [],
    }
    if accepted is None or accepted.entitlement is None:
        lines = [*check_lines(checks), f"refused: {place} stays as it is"]
        return facts | {"lines": lines, "exit_status": 1}
    changes = _changes(disk.trusted.entitlement, accepted.entitlement, zone)
    try:
        await asyncio.to_thread(write_atomically, place, content)
    except OSError as error:
        raise SigningError(f"{place}: the licence cannot be written: {error.strerror}") from None
    facts |= {"installed": str(place), "changes": changes}
    return facts | {"lines": [*check_lines(checks), f"installed as {place}", *(changes or ["nothing changes"])]}


def _changes(before: Entitlement | None, after: Entitlement, zone: ZoneInfo) -> list[str]:
    """What differs, camera by camera, in sentences."""
    changes = []
    cameras = [
        *after.cameras,
        *(camera for camera in (before.cameras if before else ()) if camera not in after.cameras),
    ]
    for camera in cameras:
        old, new = (_terms(one, camera, zone) for one in (before, after))
        if old != new:
            changes.append(f"{camera}: {old} → {new}")
    if before is not None and before.profile_sha256 != after.profile_sha256:
        changes.append(f"profile: {before.profile} → {after.profile}")
    return changes


def _terms(entitlement: Entitlement | None, camera: str, zone: ZoneInfo) -> str:
    spans = entitlement.spans(camera) if entitlement else ()
    shown = [
        f"{span.start.astimezone(zone):%Y-%m-%d %H:%M} to {span.end.astimezone(zone):%Y-%m-%d %H:%M}" for span in spans
    ]
    return ", ".join(shown) or "no licence"


def _feature(text: str) -> Feature:
    row = [feature for feature in Feature if feature.matrix_id == text.upper()]
    if len(row) == 1:
        return row[0]
    try:
        return Feature(text)
    except ValueError:
        names = ", ".join(feature.value for feature in row or Feature)
        raise argparse.ArgumentTypeError(f"{text}: say which of {names}") from None


def _instant(text: str, zone: ZoneInfo) -> datetime:
    try:
        if len(text) == len("2027-01-01"):
            return first_instant(date.fromisoformat(text), zone)
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ConfigError(f"--at {text}: use a form like 2027-01-01 or 2027-01-01T00:00:00+09:00")
