"""`edge-recorder events`: what has happened, from the index; or what happens now, from a running recorder."""

import argparse
import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from gate.command_parser import CommandParser
from gate.yaml_file import ConfigError
from recorder.catalog.event_queries import EVENTS_PER_PAGE_MAX, newest_events
from recorder.config import RecorderConfig, load_config
from recorder.errors import RecorderError
from recorder.playback.archive import Archive
from recorder.web.event_form import event_json, parse_filter

_EXAMPLES = """examples:
  edge-recorder events
  edge-recorder events --camera cam1 --kind person,vehicle --limit 20
  edge-recorder events --from 2026-12-24T00:00+09:00 --to 2026-12-25T00:00+09:00 --json
  edge-recorder events --follow"""


def events(argv: list[str]) -> int:
    """0, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            config = load_config(options.config)
            if options.follow:
                asyncio.run(_follow(config, options))
            else:
                _list(config, options)
        except (ConfigError, RecorderError) as error:
            print(f"edge-recorder events: {error}", file=sys.stderr)
            return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder events",
        description="What has happened at the cameras and in the recorder, the oldest first.",
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=Path("configs/recorder.yaml"),
        help="the recorder's configuration; default %(default)s",
    )
    parser.add_argument("--from", dest="start", metavar="INSTANT", help="2026-12-24T18:00+09:00, with its offset")
    parser.add_argument("--to", dest="end", metavar="INSTANT", help="only what began before it")
    parser.add_argument("--camera", metavar="ID,…", help="only of these")
    parser.add_argument("--kind", metavar="KIND,…", help="motion, person, camera_lost, …")
    parser.add_argument("--limit", default="100", metavar="N", help=f"the newest N, {EVENTS_PER_PAGE_MAX} at most")
    parser.add_argument("--follow", action="store_true", help="go on with what happens, until Ctrl-C")
    parser.add_argument("--lang", choices=("ja", "en"), help="else the device's language")
    parser.add_argument("--json", action="store_true", help="one JSON object a line (docs/protocols.md)")
    return parser


def _list(config: RecorderConfig, options: argparse.Namespace) -> None:
    given = {"from": options.start, "to": options.end, "camera": options.camera, "kind": options.kind}
    query = {name: value for name, value in given.items() if value} | {"limit": options.limit}
    try:
        wanted, count = parse_filter(query, licensed_only=False)
    except ValueError as error:
        raise RecorderError(str(error)) from None
    archive = Archive(data_dir=config.device.data_dir)
    try:
        with contextlib.closing(archive.connect()) as db:
            found = newest_events(db, wanted, count)
    except sqlite3.Error as error:
        raise RecorderError(f"{archive.index}: cannot be read ({error}); has this recorder run before?") from None
    for event in reversed(found):
        _show(event_json(event, options.lang or config.device.language), config, options)
    if not found and not options.json:
        print("no events", file=sys.stderr)


async def _follow(config: RecorderConfig, options: argparse.Namespace) -> None:
    cameras = (options.camera or "").split(",") if options.camera else ()
    kinds = options.kind.split(",") if options.kind else ()
    address = f"http://recorder/v1/events?lang={options.lang or config.device.language}"
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(config.local.socket))) as session,
            session.ws_connect(address) as ws,
        ):
            async for message in ws:
                content = json.loads(message.data)
                event = content.get("event")
                if event is None:
                    print(json.dumps(content, ensure_ascii=False), file=sys.stderr)
                elif (not cameras or event["camera"] in cameras) and (not kinds or event["kind"] in kinds):
                    _show(event, config, options)
    except (aiohttp.ClientError, OSError):
        raise RecorderError(f"no recorder answers at {config.local.socket}: start it first") from None


def _show(event: Mapping[str, Any], config: RecorderConfig, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(event, ensure_ascii=False), flush=True)
        return
    start, end = (datetime.fromisoformat(event[name]) if event[name] else None for name in ("start", "end"))
    assert start is not None
    seconds = "lasts" if end is None else "" if end == start else f"{(end - start).total_seconds():.1f} s"
    local = start.astimezone(ZoneInfo(config.device.time_zone))
    detail = f"  {event['detail']}" if event["detail"] else ""
    print(f"{local:%Y-%m-%d %H:%M:%S}  {event['camera'] or '–':<10} {event['title']}  {seconds}{detail}", flush=True)
