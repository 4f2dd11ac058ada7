"""`python -m tests.benchmarks`: measures, prints a table, writes JSON into bench-results/."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gate.clock import SystemClock
from tests.benchmarks import recording
from tests.benchmarks.source import MissingError, check_tools

RESULTS = Path("bench-results")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Recording beside ffmpeg.")
    parser.add_argument("--cameras", type=int, default=8, help="1080p30, 4 Mbit/s each (default 8)")
    parser.add_argument("--seconds", type=float, default=20, help="measured time of each row (default 20)")
    options = parser.parse_args()
    if options.cameras < 1 or options.seconds < 1:
        parser.error("--cameras and --seconds must be 1 at least")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-recorder" / "bench"
    try:
        check_tools()
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 120)
    with console.status(f"{options.cameras} cameras, 4 rows of {options.seconds:.0f} s …"):
        cache.mkdir(parents=True, exist_ok=True)
        rows = asyncio.run(recording.measure(options.cameras, options.seconds, cache, SystemClock()))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "recording.json"
    path.write_text(json.dumps(recording.as_json(rows, options.cameras, options.seconds), indent=1) + "\n")
    console.print(_table(rows, options.cameras))
    console.print(f"written to {path}")
    return 0


def _table(rows: list[recording.Row], cameras: int) -> Table:
    floor, ffmpeg = rows[0].used, rows[-1].used
    table = Table(title=f"Recording {cameras} cameras, 1080p30 4 Mbit/s")
    for heading in ("", "CPU per camera", "× ffmpeg", "× floor", "CPU with start", "memory", "per camera", "lost"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in rows:
        used, ours = row.used, row.name == "ours"
        table.add_row(
            row.name,
            f"{used.cpu_percent:.3f} %",
            _judged(used.cpu_percent / ffmpeg.cpu_percent, recording.OF_FFMPEG_MAX if ours else None),
            _judged(used.cpu_percent / floor.cpu_percent, recording.OF_FLOOR_MAX if ours else None),
            f"{used.cpu_with_start_percent:.3f} %",
            f"{used.memory_mb:.0f} MB",
            f"{used.memory_mb / cameras:.1f} MB",
            "–" if row.packets_lost is None else str(row.packets_lost),
        )
    return table


def _judged(ratio: float, most: float | None) -> str:
    if most is None:
        return f"{ratio:.2f}"
    return f"[{'green' if ratio <= most else 'red'}]{ratio:.2f}[/] (≤ {most})"


if __name__ == "__main__":
    sys.exit(main())
