"""`edge-recorder doctor`."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

import uvloop
from rich.console import Console
from rich.text import Text as Styled

from gate.clock import SystemClock
from gate.command_parser import CommandParser
from gate.config_fields import PORT_BASE, parse_port_base
from gate.licence.text import Language
from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig, load_config, moved
from recorder.doctor.examination import Examination
from recorder.doctor.finding import Finding, Level, as_json, counts_of, exit_status

_EXAMPLES = """examples:
  edge-recorder doctor                                   this machine
  edge-recorder doctor configs/recorder.yaml   and this recorder: cameras, disks, licence
  edge-recorder doctor configs/recorder.yaml --language ja
  edge-recorder doctor configs/recorder.yaml --json

exit status: 0 nothing failed, 1 something did, 2 the configuration cannot be read"""
_MARKS: dict[Level, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "hint": ("i", "cyan"),
    "warning": ("!", "yellow"),
    "failure": ("✗", "bold red"),
}
_LEVELS: dict[Language, dict[Level, str]] = {
    "ja": {"ok": "良好", "hint": "助言", "warning": "注意", "failure": "異常"},
    "en": {"ok": "ok", "hint": "hint", "warning": "warning", "failure": "failure"},
}
_PROGRESS: dict[Language, str] = {"ja": "カメラを確認しています", "en": "trying cameras"}


def doctor(argv: list[str]) -> int:
    """0; 1 where something failed; 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        config = moved(load_config(options.config), options.port_base) if options.config is not None else None
    except ConfigError as error:
        print(f"edge-recorder doctor: {error}", file=sys.stderr)
        return 2
    language: Language = options.language or (config.device.language if config is not None else _spoken())
    findings = _examine(options.config, config, language, quiet=options.json)
    if options.json:
        facts = {
            "config": str(options.config) if options.config is not None else None,
            "healthy": not exit_status(findings),
            "counts": counts_of(findings),
            "findings": as_json(findings, language),
        }
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _print(findings, language)
    return exit_status(findings)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder doctor",
        description="Look at this machine, and at a recorder's configuration, and say what is wrong and what to do. "
        "Cameras are really asked for pictures, disks really written to (a few MB, taken away again).",
        epilog=_EXAMPLES,
    )
    parser.add_argument("config", type=Path, nargs="?", metavar="CONFIG", help="a recorder's; without it the machine")
    parser.add_argument("--json", action="store_true", help="print all findings as one JSON object")
    parser.add_argument(
        "--port-base",
        type=parse_port_base,
        default=PORT_BASE,
        metavar="N",
        help="as the recorder was started with (default %(default)s)",
    )
    parser.add_argument("--language", choices=("ja", "en"), help="else the device's, or that of the terminal")
    return parser


def _spoken() -> Language:
    words = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "ja" if next(filter(None, words), "").startswith("ja") else "en"


def _examine(file: Path | None, config: RecorderConfig | None, language: Language, *, quiet: bool) -> list[Finding]:
    console = Console(stderr=True)
    shown = console.status("") if console.is_terminal and not quiet else None

    def on_progress(_: str, done: int, total: int) -> None:
        if shown is not None:
            shown.update(f"{_PROGRESS[language]} {done}/{total}")

    async def run() -> list[Finding]:
        return await Examination(file, config, SystemClock(), on_progress).run()

    if shown is not None:
        shown.start()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run())
    finally:
        if shown is not None:
            shown.stop()


def _print(findings: list[Finding], language: Language) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        mark, style = _MARKS[finding.level]
        text = finding.text.in_language(language)
        about = f"{finding.about}: " if finding.about and not text.startswith(f"{finding.about} ") else ""
        line = Styled(f"{mark} ", style=style)
        line.append(f"{_CHECKS[language].get(finding.check, finding.check)}  ", style="dim")
        line.append(f"{about}{text}", style="" if finding.level == "ok" else style)
        console.print(line)
        if finding.remedy:
            console.print(Styled(f"  → {finding.remedy.in_language(language)}"))
    counts = counts_of(findings)
    console.print(", ".join(f"{_LEVELS[language][level]} {count}" for level, count in counts.items()))


_CHECKS: dict[Language, dict[str, str]] = {
    "ja": {
        "python": "Python",
        "libraries": "ライブラリ",
        "opencv": "OpenCV",
        "memory": "メモリー",
        "open_files": "ファイル数",
        "user": "ユーザー",
        "display": "画面",
        "font": "フォント",
        "decoders": "復号",
        "clock": "時計",
        "clock_skew": "時計の差",
        "permissions": "権限",
        "address": "アドレス",
        "licence": "ライセンス",
        "licence_clock": "時計の信頼",
        "service": "サービス",
        "camera": "カメラ",
        "camera_clock": "カメラの時計",
        "onvif": "ONVIF",
        "disk": "ディスク",
        "disk_room": "空き容量",
        "disk_health": "ディスクの状態",
        "disk_speed": "書き込み速度",
        "endurance": "寿命",
        "filesystem": "ファイルシステム",
    },
    "en": {name: name.replace("_", " ") for name in ("open_files", "clock_skew", "licence_clock", "camera_clock",
                                                       "disk_room", "disk_health", "disk_speed")},
}  # fmt: skip
