"""`edge-recorder index`: compare the index with the files, make it anew, copy it, protect footage."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gate.clock import ns_of
from gate.command_parser import CommandParser
from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig, load_config
from recorder.errors import RecorderError
from recorder.maintenance.errors import MaintenanceError
from recorder.maintenance.idle import roots_of
from recorder.playback.archive import Archive
from recorder.segments.errors import VolumeLockedError

_CONFIG = Path("configs/recorder.yaml")
_PLACE = "the recorder's configuration, or its data folder; default %(default)s"
_SHOWN_MAX = 20
_EXAMPLES = """examples:
  edge-recorder index check configs/recorder.yaml
  edge-recorder index check data/rec-1 --deep --json
  edge-recorder index rebuild configs/recorder.yaml
  edge-recorder index backup index-2026-12-24.db
  edge-recorder index protect cam1 2026-12-24T18:00+09:00 2026-12-24T19:00+09:00 --note 'case 12'
  edge-recorder index unprotect cam1 2026-12-24T18:00+09:00 2026-12-24T19:00+09:00"""


def index(argv: list[str]) -> int:
    """Runs a subcommand. 0; 1 if `check` finds a difference; 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (ConfigError, RecorderError) as error:
        print(f"edge-recorder index {options.name}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder index",
        description="The index of a recorder's footage: compare it, make it anew, copy it; protect footage.",
        epilog=_EXAMPLES,
    )
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    check = _add(commands, "check", _check, "compare index and files, both ways; a recorder may run meanwhile")
    check.add_argument("--deep", action="store_true", help="read every file and compare its fragments, too")
    rebuild = _add(commands, "rebuild", _rebuild, "make the index anew from the files; the recorder must not run")
    rebuild.add_argument("--files-only", action="store_true", help="take nothing over from the index there is")
    for command in (check, rebuild):
        command.add_argument("place", type=Path, nargs="?", default=_CONFIG, metavar="CONFIG|DATA_DIR", help=_PLACE)
    backup = _add(commands, "backup", _backup, "copy the index to a new file; a recorder may run meanwhile")
    backup.add_argument("out", type=Path, metavar="OUT", help="a new file")
    protect = _add(commands, "protect", _protect, "footage of this time is deleted last")
    unprotect = _add(commands, "unprotect", _protect, "take that back")
    for command in (protect, unprotect):
        command.add_argument("camera", help="its id")
        command.add_argument("start", type=_instant, metavar="FROM", help="with its offset: 2026-12-24T18:00+09:00")
        command.add_argument("end", type=_instant, metavar="TO", help="the same; not included")
    protect.add_argument("--note", default="", help="why, for whoever finds it later")
    unprotect.set_defaults(note=None)
    for command in (backup, protect, unprotect):
        command.add_argument("--of", type=Path, default=_CONFIG, metavar="CONFIG|DATA_DIR", dest="place", help=_PLACE)
    return parser


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=run)
    return parser


def _instant(text: str) -> int:
    try:
        return ns_of(datetime.fromisoformat(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"a time with its offset, like 2026-12-24T18:00+09:00, not {text!r}") from None


def _roots(archive: Archive, config: RecorderConfig | None) -> list[Path]:
    return roots_of(archive, None if config is None else config.storage)


def _place(path: Path) -> tuple[Archive, RecorderConfig | None]:
    """A data folder itself, or the configuration that names one. Raises ConfigError, MaintenanceError."""
    if path.is_dir():
        return Archive(data_dir=path), None
    config = load_config(path)
    return Archive(data_dir=config.device.data_dir), config


def _check(options: argparse.Namespace) -> int:
    from recorder.maintenance.index_check import as_json, check_index

    archive, _ = _place(options.place)
    if not archive.index.exists():
        raise MaintenanceError(f"{archive.index}: there is no index; `edge-recorder index rebuild` makes one")
    with _bar(options, "segments") as bar:
        task = bar.add_task("", total=None)
        result = check_index(archive, deep=options.deep, progress=lambda done: bar.update(task, completed=done))
    if options.json:
        print(json.dumps(as_json(result), ensure_ascii=False))
        return 1 if result.counts else 0
    print(f"{result.segments} segments in the index, {result.files} files, {result.bytes / 1e9:.2f} GB")
    if result.growing:
        print(f"{result.growing} of them not closed: being written, or left by a crash until the next start")
    for kind, path, detail in result.differences[:_SHOWN_MAX]:
        print(f"  {kind.replace('_', ' ')}: {path}: {detail}")
    if (rest := sum(result.counts.values()) - _SHOWN_MAX) > 0:
        print(f"  … and {rest} more (--json has up to 1000)")
    print("index and files agree" if not result.counts else f"{sum(result.counts.values())} differences")
    return 1 if result.counts else 0


def _rebuild(options: argparse.Namespace) -> int:
    from recorder.maintenance.index_rebuild import rebuild_index

    archive, config = _place(options.place)
    with _bar(options, "files") as bar:
        task = bar.add_task("", total=None)
        result = rebuild_index(
            archive,
            _roots(archive, config),
            files_only=options.files_only,
            progress=_advance(bar, task),
        )
    if options.json:
        facts = {name: getattr(result, name) for name in result.__slots__}
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    print(f"{result.segments} segments, {result.bytes / 1e9:.2f} GB; {result.foreign} other files left alone")
    print(f"{result.gaps_kept} gaps taken over from the index before, {result.gaps} inferred from the files")
    if result.old is not None:
        print(f"the index before is kept as {result.old}")
    return 0


def _backup(options: argparse.Namespace) -> int:
    from recorder.maintenance.index_backup import back_up_index

    archive, _ = _place(options.place)
    with _bar(options, "pages") as bar:
        task = bar.add_task("", total=None)
        size = back_up_index(archive, options.out, _advance(bar, task))
    print(json.dumps({"path": str(options.out), "bytes": size}) if options.json else f"{options.out}: {size} bytes")
    return 0


def _protect(options: argparse.Namespace) -> int:
    from recorder.maintenance.protection import as_json, change_offline

    if options.start >= options.end:
        raise MaintenanceError("TO must be later than FROM")
    archive, config = _place(options.place)
    change = (options.camera, options.start, options.end, options.note)
    try:
        ranges = as_json(change_offline(archive, _roots(archive, config), *change))
    except VolumeLockedError:
        if config is None:
            raise MaintenanceError(
                "the recorder runs: name its configuration with --of, so that it can be asked"
            ) from None
        ranges = asyncio.run(_ask_recorder(config, *change))
    if options.json:
        print(json.dumps({"protected": ranges}, ensure_ascii=False))
    for one in ranges if not options.json else ():
        print(f"{one['camera']}  {one['start']} – {one['end']}  {one['note']}".rstrip())
    if not ranges and not options.json:
        print(f"nothing of {options.camera} is protected")
    return 0


async def _ask_recorder(
    config: RecorderConfig, camera: str, start_utc_ns: int, end_utc_ns: int, note: str | None
) -> list[dict[str, Any]]:
    from recorder.supervisor.site import ask_local

    content = {"camera": camera, "start_utc_ns": start_utc_ns, "end_utc_ns": end_utc_ns, "note": note}
    answer: list[dict[str, Any]] = (await ask_local(config.local.socket, "/v1/protected", content))["protected"]
    return answer


def _bar(options: argparse.Namespace, what: str) -> Progress:
    """On stderr, and only where somebody looks."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=options.json or not console.is_terminal)


def _advance(bar: Progress, task: TaskID) -> Callable[[int, int], None]:
    return lambda done, total: bar.update(task, completed=done, total=total)
