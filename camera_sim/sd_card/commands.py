"""`edge-recorder sd`: footage of a card that was taken out. Needs no licence, no service, no recorder (M6)."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from camera_sim.errors import CardError
from camera_sim.sd_card.export import MANIFEST_NAME, differences, export_card, plan_export
from camera_sim.sd_card.taken_out import recordings_of
from gate.command_parser import CommandParser

_EXAMPLES = """examples:
  edge-recorder sd list /media/sd-cam1
  edge-recorder sd export /media/sd-cam1 footage/
  edge-recorder sd export data/sd/cam1 out --from 2026-12-24T18:00Z --to 2026-12-24T19:00Z
  edge-recorder sd verify footage/"""


def sd(argv: list[str]) -> int:
    """0; 1 if something could not be used or is not as it was; 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except CardError as error:
        print(f"edge-recorder sd {options.name}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder sd",
        description="Footage of an SD card that was taken out of a camera: list it, copy it to a PC, check the copy. "
        "No licence, service or recorder is needed.",
        epilog=_EXAMPLES,
    )
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    show = _add(commands, "list", _list, "what is on a card")
    export = _add(commands, "export", _export, "copy to files that play everywhere, with a manifest")
    verify = _add(commands, "verify", _verify, "compare an export with its manifest")
    for command in (show, export):
        command.add_argument(
            "card", type=Path, metavar="CARD", help="the card's folder, of a camera or a direct camera"
        )
        command.add_argument("--time-zone", type=_zone, default=ZoneInfo("Asia/Tokyo"), help="of names and lists")
    export.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    export.add_argument("--from", dest="start", type=_instant, metavar="INSTANT", help="with its offset")
    export.add_argument("--to", dest="end", type=_instant, metavar="INSTANT", help="until then")
    verify.add_argument("out", type=Path, metavar="OUT", help="a folder that `sd export` has made")
    return parser


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=run)
    return parser


def _list(options: argparse.Namespace) -> int:
    found = recordings_of(options.card)
    if options.json:
        rows = [
            {"file": str(one.source), "camera": one.camera, "stream": one.stream, "start_utc_ms": one.start_utc_ms}
            for one in found
        ]
        print(json.dumps({"recordings": rows}, ensure_ascii=False))
        return 0
    for one in found:
        start = datetime.fromtimestamp((one.start_utc_ms or 0) / 1000, options.time_zone)
        when = f"{start:%Y-%m-%d %H:%M:%S}" if one.start_utc_ms is not None else "unknown time     "
        print(f"{when}  {one.camera} {one.stream}  {one.source.stat().st_size / 1e6:7.1f} MB  {one.source.name}")
    print(f"{len(found)} recordings", file=sys.stderr)
    return 0


def _export(options: argparse.Namespace) -> int:
    chosen = plan_export(options.card, options.start, options.end)
    columns = (TextColumn("copying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=options.json) as progress:
        task = progress.add_task("", total=sum(one.source.stat().st_size for one in chosen))
        exported, unusable = export_card(
            options.card, options.out, chosen, options.time_zone, lambda size: progress.advance(task, size)
        )
    if options.json:
        facts = {"files": [asdict(one) for one in exported], "unusable": [asdict(one) for one in unusable]}
        print(json.dumps(facts, ensure_ascii=False))
    else:
        for one in unusable:
            print(f"left out: {one.source}: {one.reason}")
        torn = sum(one.torn for one in exported)
        print(f"{len(exported)} files, {sum(one.seconds for one in exported) / 60:.1f} minutes, in {options.out}")
        if torn:
            print(f"{torn} of them broke off on the card and end early")
        print(f"check them at any time with: edge-recorder sd verify {options.out}  ({MANIFEST_NAME})")
    return 1 if unusable else 0


def _verify(options: argparse.Namespace) -> int:
    found = differences(options.out)
    if options.json:
        print(json.dumps({"agrees": not found, "differences": found}, ensure_ascii=False))
    else:
        for sentence in found or ["every file is as it was exported"]:
            print(sentence)
    return 1 if found else 0


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant like 2026-12-24T18:00+09:00") from None
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} needs its offset from UTC: {text}+09:00")
    return instant


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(f"there is no time zone {text!r}; Asia/Tokyo is one") from None
