"""`make soak`: a demo as it is shipped plays its story for SOAK_HOURS; every process, file and byte of it is counted.
Fails where anything grows. Writes soak.csv and soak.json into bench-results/."""

import argparse
import asyncio
import csv
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from gate.clock import SystemClock
from tests.e2e.demo_site import CONFIGS, free_port_base, start_command
from tests.soak.watch import Watched, Watcher

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"
UP_SECONDS_MAX = 300.0
SCENES_SECONDS_MAX = 3600.0
END_SECONDS_MAX = 30.0


async def soak(root: Path, *, hours: float, port_base: int, every_seconds: float, watched: Watched) -> None:
    """Starts the demo below `root`, watches it for so long, ends it."""
    shutil.copytree(CONFIGS, root / "configs")
    clock = SystemClock()
    words = ["demo", str(root / "configs" / "demo.yaml"), "--story", "--json", "--port-base", str(port_base)]
    process = await start_command(words)
    try:
        assert process.stdout is not None
        async with clock.timeout(UP_SECONDS_MAX):
            line = await process.stdout.readline()
        if not line:
            raise SystemExit("the demo does not start; it has said why")
        watcher = Watcher(site=json.loads(line), root=root, supervisor=process.pid, clock=clock)
        async with clock.timeout(SCENES_SECONDS_MAX):
            await watcher.scenes_drawn()
        began_ns = clock.monotonic_ns()
        await watcher.run(
            watched,
            every_seconds=every_seconds,
            enough=lambda _: (clock.monotonic_ns() - began_ns) / 1e9 >= hours * 3600,
        )
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with clock.timeout(END_SECONDS_MAX):
            await process.communicate()
        clock.close()


def report(watched: Watched, folder: Path) -> bool:
    """Writes and prints it; whether nothing grew."""
    folder.mkdir(exist_ok=True)
    growths = watched.growths()
    with (folder / "soak.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["who", "what", "seconds", "value"])
        for (who, what), points in sorted(watched.series.items()):
            rows.writerows((who, what, round(at, 1), round(value, 3)) for at, value in points)
    leaks = [f"{who} {what}" for (who, what), growth in growths.items() if growth.too_much]
    summary = {
        "rounds": watched.rounds,
        "resets_seconds": watched.resets,
        "pictures": watched.pictures,
        "live_bytes": watched.live_bytes,
        "troubles": watched.troubles,
        "leaks": leaks,
        "growth": {f"{who} {what}": asdict(growth) for (who, what), growth in growths.items()},
    }
    (folder / "soak.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False))
    table = Table(title="what each part took", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("who", "what", "median", "least", "most", "an hour", "in this run", "may", ""):
        table.add_column(heading, justify="left" if heading in ("who", "what", "") else "right")
    for (who, what), one in growths.items():
        numbers = (one.median, one.least, one.most, one.per_hour, one.grown, one.allowed)
        table.add_row(who, what, *(f"{number:.1f}" for number in numbers), "GROWS" if one.too_much else "")
    console = Console(width=130)
    console.print(table)
    resets = sorted(watched.resets)
    if resets:
        console.print(
            f"{len(resets)} visitors, ready after {resets[0]:.2f} to {resets[-1]:.2f} s, median {median(resets):.2f} s"
        )
    console.print(
        f"{watched.rounds} rounds, {watched.pictures} pictures of the monitor, {watched.live_bytes / 1e6:.0f} MB live"
    )
    for trouble in watched.troubles:
        console.print(f"said: {trouble}")
    console.print(f"grows: {', '.join(leaks)}" if leaks else "nothing grows")
    return not leaks


async def _until_told(work: Coroutine[None, None, None]) -> None:
    """Ends early at SIGINT or SIGTERM: what was seen until then counts."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        print("ended early; this is what was seen", file=sys.stderr)


def main() -> int:
    """Exit status 1 where something grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--every", type=float, default=10.0, metavar="S", help="between two measurements")
    parser.add_argument("--port-base", type=int, default=None, metavar="N")
    options = parser.parse_args()
    watched = Watched()
    with tempfile.TemporaryDirectory(prefix="edge-soak-") as folder:
        whole = soak(
            Path(folder),
            hours=options.hours,
            port_base=options.port_base or free_port_base(),
            every_seconds=options.every,
            watched=watched,
        )
        asyncio.run(_until_told(whole))
    return 0 if report(watched, RESULTS) else 1


if __name__ == "__main__":
    sys.exit(main())
