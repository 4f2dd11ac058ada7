"""`edge-recorder backup` and `edge-recorder restore`."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gate.client.errors import LicensingError
from gate.clock import SystemClock
from gate.command_parser import CommandParser
from gate.shared_clock.errors import ClockError
from gate.yaml_file import ConfigError
from recorder.backup.errors import BackupError
from recorder.backup.making import make_backup
from recorder.backup.restoring import restore_backup
from recorder.config import load_config
from recorder.errors import RecorderError

_BACKUP_EXAMPLES = """examples:
  edge-recorder backup configs/recorder.yaml --out rec-1.backup --passphrase
  edge-recorder backup configs/recorder.yaml --out all.backup --with-footage --passphrase-file PW

The file holds the device's key, the cameras' passwords and everybody's password hashes: it is for
its owner alone (mode 0600), and with a passphrase these are encrypted (AES-256-GCM, scrypt). Index
and footage are never encrypted. Exports and the log are left out. A recorder may run meanwhile."""
_RESTORE_EXAMPLES = """examples:
  edge-recorder restore rec-1.backup --into configs/recorder.yaml
  edge-recorder restore rec-1.backup --into configs/recorder.yaml --force     over what is there

The file is verified before anything is changed. What the device knows of time and licence is never
put back to an older state. Restored on a second machine the device is there twice: end the first
one, the licence service notices both."""
_PASSPHRASE_BYTES_MAX = 1024


def backup(argv: list[str]) -> int:
    """0, or 2 after one sentence on stderr."""
    parser = _parser("backup", "A recorder in one file: device, configuration, users, index.", _BACKUP_EXAMPLES)
    parser.add_argument("config", type=Path, metavar="CONFIG", help="the recorder's configuration")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file")
    parser.add_argument("--with-footage", action="store_true", help="all closed segments, too")
    _add_passphrase(parser, "encrypt what is secret; asked for on the terminal")
    options = parser.parse_args(argv)

    def run(on_bytes: Callable[[int, int], None]) -> list[str] | str:
        asked = _passphrase(options, twice=True) if options.passphrase or options.passphrase_file else None
        made = make_backup(
            options.config,
            load_config(options.config),
            options.out,
            SystemClock(),
            with_footage=options.with_footage,
            passphrase=asked,
            on_bytes=on_bytes,
        )
        if options.json:
            return json.dumps({"path": str(options.out)} | asdict(made), ensure_ascii=False)
        lines = [f"{options.out}: {made.device}, {made.bytes / 1e6:.1f} MB"]
        if options.with_footage:
            gone = f"; {made.gone} were deleted meanwhile" if made.gone else ""
            lines.append(f"{made.segments} segments of footage{gone}")
        if not made.sealed:
            lines.append("its secrets are readable for whoever has the file: keep it well, or use --passphrase")
        return lines

    return _run("backup", run, quiet=options.json)


def restore(argv: list[str]) -> int:
    """0, or 2 after one sentence on stderr."""
    parser = _parser("restore", "A recorder out of its backup.", _RESTORE_EXAMPLES)
    parser.add_argument("file", type=Path, metavar="FILE", help="of `edge-recorder backup`")
    parser.add_argument("--into", type=Path, required=True, metavar="CONFIG", help="where its configuration is to lie")
    parser.add_argument("--force", action="store_true", help="replace what is there already")
    _add_passphrase(parser, "asked for on the terminal wherever the file has one")
    options = parser.parse_args(argv)

    def run(on_bytes: Callable[[int, int], None]) -> list[str] | str:
        into = options.into / "recorder.yaml" if options.into.is_dir() else options.into
        restored = restore_backup(
            options.file,
            into,
            lambda: _passphrase(options, twice=False),
            force=options.force,
            on_bytes=on_bytes,
        )
        if options.json:
            return json.dumps({"config": str(into)} | asdict(restored), ensure_ascii=False)
        lines = [
            f"{restored.device} (key {restored.key}) as of {restored.made_at}: {into}, {restored.data_dir}",
            f"{restored.segments} segments of footage put back, {restored.kept} were there",
        ]
        if restored.rebuilt is not None:
            lines.append(f"the index was made anew from the files: {restored.rebuilt} segments")
        if restored.licence_kept:
            lines.append("the licence file that was there stays: it is newer than the backup's")
        if restored.service:
            lines.append(
                "its licence service may show an alarm, as the device went back: its customer confirms it there"
            )
        lines.append("end this device wherever else it runs, then: edge-recorder run " + str(into))
        return lines

    return _run("restore", run, quiet=options.json)


def _parser(name: str, description: str, examples: str) -> argparse.ArgumentParser:
    parser = CommandParser(
        prog=f"edge-recorder {name}",
        description=description,
        epilog=examples,
    )
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    return parser


def _add_passphrase(parser: argparse.ArgumentParser, text: str) -> None:
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--passphrase", action="store_true", help=text)
    one.add_argument("--passphrase-file", type=Path, metavar="FILE", help="its first line is the passphrase")


def _passphrase(options: argparse.Namespace, *, twice: bool) -> str:
    if options.passphrase_file is not None:
        try:
            with options.passphrase_file.open("rb") as file:
                return str(file.readline(_PASSPHRASE_BYTES_MAX).decode().strip())
        except (OSError, UnicodeDecodeError) as error:
            raise BackupError(f"{options.passphrase_file}: cannot be read: {error}") from None
    if not sys.stdin.isatty():
        raise BackupError("there is no terminal to ask for the passphrase on; give --passphrase-file")
    given = getpass.getpass("passphrase: ")
    if twice and getpass.getpass("again: ") != given:
        raise BackupError("the two are not the same; nothing was written")
    return given


def _run(name: str, run: Callable[[Callable[[int, int], None]], list[str] | str], *, quiet: bool) -> int:
    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    task = bar.add_task("", total=None)

    def on_bytes(done: int, total: int) -> None:
        bar.start()  # not before: a passphrase may be asked for
        bar.update(task, completed=done, total=total or None)

    try:
        told = run(on_bytes)
    except (ConfigError, ClockError, LicensingError, RecorderError) as error:
        print(f"edge-recorder {name}: {error}", file=sys.stderr)
        return 2
    finally:
        bar.stop()
    print(told if isinstance(told, str) else "\n".join(told))
    return 0
