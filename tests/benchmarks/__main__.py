"""`python -m tests.benchmarks`: measures, prints a table, writes JSON into bench-results/."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from gate.clock import SystemClock
from tests.benchmarks import crowd, cut, live, motion, recording, service, simulator, storage, wall
from tests.benchmarks.source import MissingError, check_tools

RESULTS = Path("bench-results")
NAMES = ("recording", "crowd", "cut", "storage", "simulator", "motion", "service", "wall", "live")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Measures, beside a peer if there is."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{' or '.join(NAMES)} (default: all)")
    parser.add_argument(
        "--cameras", type=int, nargs="+", default=[8, 32], help="recording: 1080p30, 4 Mbit/s each (default 8 32)"
    )
    parser.add_argument("--crowd", type=int, default=128, help="crowd: cameras, for 60 s (default 128)")
    parser.add_argument("--seconds", type=float, default=20, help="recording: measured time of each row (default 20)")
    parser.add_argument("--readers", type=int, default=64, help="cut: open remote streams (default 64)")
    parser.add_argument("--rounds", type=int, default=4, help="cut: crossings of an expiry (default 4)")
    parser.add_argument("--days", type=int, default=365, help="storage: of 16 cameras in the index (default 365)")
    parser.add_argument("--fleet", type=int, default=50, help="simulator: cameras, each with two streams (default 50)")
    parser.add_argument("--licences", type=int, default=1_000_000, help="service: in its database (default 1000000)")
    options = parser.parse_args()
    numbers = (
        *options.cameras,
        options.crowd,
        options.seconds,
        options.readers,
        options.rounds,
        options.days,
        options.fleet,
    )
    if min(*numbers, options.licences) < 1:
        parser.error("every number must be 1 at least")
    names = options.names or list(NAMES)
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no benchmark {min(unknown)}; there are {', '.join(NAMES)}")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-recorder" / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(exist_ok=True)
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        if "recording" in names:
            for cameras in options.cameras:
                _recording(console, cache, cameras, options.seconds)
        if "crowd" in names:
            _crowd(console, cache, options.crowd)
        if "cut" in names:
            _cut(console, cache, options.readers, options.rounds)
        if "storage" in names:
            _storage(console, cache, options.days)
        if "simulator" in names:
            _simulator(console, cache, options.fleet, options.seconds)
        if "motion" in names:
            _motion(console, cache)
        if "service" in names:
            _service(console, cache, options.licences)
        if "wall" in names:
            _wall(console, cache, options.seconds)
        if "live" in names:
            _live(console, cache, options.seconds)
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _recording(console: Console, cache: Path, cameras: int, seconds: float) -> None:
    check_tools()
    with console.status(f"{cameras} cameras, 4 rows of {seconds:.0f} s …"):
        rows = asyncio.run(recording.measure(cameras, seconds, cache, SystemClock()))
    _write(console, f"recording-{cameras}", recording.as_json(rows, cameras, seconds), _table(rows, cameras))


def _crowd(console: Console, cache: Path, cameras: int) -> None:
    with console.status(f"{cameras} cameras of our simulator for {crowd.SECONDS:.0f} s …"):
        measured = asyncio.run(crowd.measure(cameras, cache, SystemClock()))
    table = Table(title=f"{cameras} cameras, simulator and recorder on this machine, {measured.seconds:.0f} s")
    table.add_column("")
    table.add_column("", justify="right")
    everyone, nothing_lost = measured.recording == cameras, not measured.packets_lost
    for name, text in (
        ("cameras recorded at the end", f"[{'green' if everyone else 'red'}]{measured.recording}[/]"),
        ("packets lost", f"[{'green' if nothing_lost else 'red'}]{measured.packets_lost}[/]"),
        ("pictures a second, of 30", f"{measured.fps:.1f}"),
        ("written; one file, synced", f"{measured.written_mb_s:.0f} MB/s; {measured.disk_mb_s:.0f} MB/s"),
        ("recorder; simulator", f"{measured.recorder_cpu_percent:.0f} %; {measured.simulator_cpu_percent:.0f} %"),
        ("recorder's memory", f"{measured.recorder_memory_mb:.0f} MB"),
        ("load of the machine", f"{measured.load:.1f}"),
    ):
        table.add_row(name, text)
    _write(console, "crowd", crowd.as_json(measured), table)


def _cut(console: Console, cache: Path, readers: int, rounds: int) -> None:
    with console.status(f"{readers} open streams, {rounds} expiries …"):
        measured = asyncio.run(cut.measure(readers, rounds, cache, SystemClock()))
    table = Table(
        title=f"Cut at expiry, {readers} open remote streams, {rounds} expiries (ms after X; negative: before)"
    )
    for heading in ("", "median", "p99", "max"):
        table.add_column(heading, justify="left" if not heading else "right")
    late = measured.percentile(99)
    colour = "green" if late <= cut.LATE_MS_MAX else "red"
    table.add_row(
        "last media byte at a reader",
        f"{measured.median:.1f}",
        f"[{colour}]{late:.1f}[/] (≤ {cut.LATE_MS_MAX:.0f})",
        f"{max(measured.late_ms):.1f}",
    )
    recorded = max(measured.recorded_ms)
    table.add_row("last recorded picture", "", "", f"[{'green' if recorded < 0 else 'red'}]{recorded:.1f}[/] (< 0)")
    table.add_row("pictures labelled X or later", "", "", str(measured.leaked))
    table.add_row("streams not closed with EXPIRED, 4403", "", "", str(measured.not_closed))
    _write(console, "cut", cut.as_json(measured), table)


def _storage(console: Console, cache: Path, days: int) -> None:
    with console.status(f"an index of {days} days and 16 cameras is made and asked …"):
        facts = storage.measure(days, cache, SystemClock())
    table = _facts(f"Index and files; {days} days of {storage.CAMERAS} cameras", facts)
    _write(console, "storage", storage.as_json(facts, days), table)


def _simulator(console: Console, cache: Path, cameras: int, seconds: float) -> None:
    with console.status(f"{cameras} simulated cameras are read (their scenes are encoded before, the first time) …"):
        rows = asyncio.run(simulator.measure(cameras, seconds, cache, SystemClock()))
    table = Table(title=f"Simulator, {cameras} cameras: 1080p30 4 Mbit/s, 640×360@15 500 kbit/s; one client a stream")
    for heading in ("", "streams", "CPU of a core", "a stream", "PSS", "Mbit/s", "dropped"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in rows:
        whole = row.name == "ours, main and sub"
        table.add_row(
            row.name,
            str(row.streams),
            _within(row.cpu_percent, simulator.HALF_A_CORE_PERCENT if whole else None, "%"),
            _within(row.stream_percent, simulator.STREAM_PERCENT_MAX if row.name == "ours, main" else None, "%"),
            _within(row.pss_mb, simulator.PSS_MB_MAX if whole else None, "MB"),
            f"{row.mbit:.0f}",
            "–" if row.dropped is None else str(row.dropped),
        )
    _write(console, "simulator", simulator.as_json(rows, cameras, seconds), table)


def _within(value: float, most: float | None, unit: str) -> str:
    if most is None:
        return f"{value:.2f} {unit}"
    return f"[{'green' if value <= most else 'red'}]{value:.2f} {unit}[/] (≤ {most:g})"


def _motion(console: Console, cache: Path) -> None:
    with console.status("every site is drawn by day and night (minutes, the first time) and looked at …"):
        measured = motion.measure(cache)
    title = f"Motion detection, {len(measured.films)} films of all sites, 640×360@15, its default sensitivity"
    table = Table(title=title)
    for heading in ("", "by day", "by night", "all"):
        table.add_column(heading, justify="left" if not heading else "right")
    parts = [
        motion.Measured(films=[film for film in measured.films if film.light == light]) for light in ("day", "night")
    ]
    everything = (*parts, measured)
    table.add_row("recall: noticed, of what happened", *(f"{part.recall:.2f}" for part in everything))
    table.add_row("precision: right, of what was told", *(f"{part.precision:.2f}" for part in everything))
    cpu = (f"{part.cpu_percent:.2f} %" for part in parts)
    table.add_row("CPU of a core, a camera", *cpu, _within(measured.cpu_percent, motion.CPU_PERCENT_MAX, "%"))
    _write(console, "motion", motion.as_json(measured), table)


def _service(console: Console, cache: Path, licences: int) -> None:
    with console.status(f"a service of {licences:,} licences is made and asked …"):
        database, facts = asyncio.run(service.measure(licences, cache, SystemClock()))
    table = _facts(f"Licence service, {licences:,} licences, {database}", facts)
    _write(console, "service", service.as_json(database, facts, licences), table)


def _wall(console: Console, cache: Path, seconds: float) -> None:
    with console.status(f"{wall.CAMERAS} cameras on one picture, 4 rows of {seconds:.0f} s …"):
        measured = asyncio.run(wall.measure(seconds, cache, SystemClock()))
    table = Table(title=f"HDMI wall, {wall.CAMERAS} × 640×360@15 to 1080p, {seconds:.0f} s; nobody shows or encodes it")
    for heading in ("", "CPU of a core", "PSS", "pictures/s of a camera", "load"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in measured.rows:
        fps = "–" if row.fps is None else f"{row.fps:.1f}"
        table.add_row(row.name, f"{row.cpu_percent:.1f} %", f"{row.pss_mb:.0f} MB", fps, f"{row.load:.1f}")
    ages = sorted(measured.latency_ms)
    for name, value in (
        ("ours, of the better peer", _within(measured.of_better_peer, wall.OF_PEER_MAX, "×")),
        (
            "pictures missing on disk meanwhile",
            f"{measured.missing} of {measured.recorded}; {measured.lost} packets lost",
        ),
        ("camera to picture, median; max", f"{ages[len(ages) // 2]:.0f} ms; {ages[-1]:.0f} ms"),
    ):
        table.add_row(name, value)
    _write(console, "wall", wall.as_json(measured, seconds), table)


def _live(console: Console, cache: Path, seconds: float) -> None:
    with console.status(
        f"a camera is watched in Chromium, then by many; {len(live.CROWDS) + 1} rows of {seconds:.0f} s"
    ):
        measured = asyncio.run(live.measure(seconds, cache, SystemClock()))
    table = Table(title=f"Live view, 640×360@15, in headless Chromium; load {measured.load:.1f}")
    for heading in ("", "median", "p95"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, values, most in (
        ("camera's label to presented picture", measured.latency_ms, live.LATENCY_MS_MAX),
        ("first picture after it is asked for", measured.first_ms, live.FIRST_MS_MAX),
    ):
        table.add_row(name, _within(median(values), most, "ms"), f"{live.p95(values):.0f} ms")
    for cost in measured.costs:
        name = f"recorder's CPU for {cost.viewers} viewers of one stream"
        table.add_row(name, f"{cost.cpu_percent:.1f} % of a core", f"{cost.each_percent:.2f} % each")
    _write(console, "live", live.as_json(measured), table)


def _facts(title: str, facts: list[storage.Fact]) -> Table:
    table = Table(title=title)
    for heading in ("", "", "", "must reach"):
        table.add_column(heading, justify="left" if not heading else "right")
    for fact in facts:
        colour = {True: "green", False: "red", None: "default"}[fact.good]
        table.add_row(fact.name, f"[{colour}]{fact.value:.2f}[/]", fact.unit, fact.target)
    return table


def _write(console: Console, name: str, result: dict[str, Any], table: Table) -> None:
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    console.print(table)
    console.print(f"written to {path}")


def _table(rows: list[recording.Row], cameras: int) -> Table:
    floor, ffmpeg = rows[0].used, rows[-1].used
    table = Table(title=f"Recording {cameras} cameras, 1080p30 4 Mbit/s")
    for heading in (
        "",
        "CPU per camera",
        "× ffmpeg",
        "× floor",
        "CPU with start",
        "memory",
        "each",
        "lost",
        "answer",
        "load",
    ):
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
            "–" if row.answer_ms is None else f"{row.answer_ms:.1f} ms",
            f"{row.load:.1f}",
        )
    return table


def _judged(ratio: float, most: float | None) -> str:
    if most is None:
        return f"{ratio:.2f}"
    return f"[{'green' if ratio <= most else 'red'}]{ratio:.2f}[/] (≤ {most})"


if __name__ == "__main__":
    sys.exit(main())
