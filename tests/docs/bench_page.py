"""`make bench-page`: docs/benchmarks.md and its charts, from what `make bench` has left in bench-results/.

The results are kept beside the page (docs/benchmarks.json), so that the page can be made again, and held to them. A
benchmark that was not run again keeps its old result, with its own day and machine.
"""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import cut, live, motion, recording, simulator, wall
from tests.docs.bar_chart import Bar, svg
from tests.docs.pages import DOCS, ROOT

RESULTS = ROOT / "bench-results"
KEPT = DOCS / "benchmarks.json"
PAGE = DOCS / "benchmarks.md"
CHARTS = DOCS / "pictures"
NAMES = ("recording-8", "recording-32", "crowd", "cut", "storage", "simulator", "motion", "service", "wall", "live")
Result = Mapping[str, Any]
NOTE = "\n<!-- Made by `make bench-page` from what `make bench` measured: do not edit. -->\n"


def machine() -> str:
    """This machine, in a few words."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            model = line.partition(":")[2].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def gather() -> dict[str, Any]:
    """What was kept, with what there is now in bench-results/ in its place."""
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in NAMES:
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        result = json.loads(path.read_text())
        for bulky in ("films", "late_ms_all"):
            result.pop(bulky, None)
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M")
        kept[name] = {"measured_at": f"{day} UTC", "machine": machine(), "result": result}
    return {name: kept[name] for name in NAMES if name in kept}


def page(kept: Mapping[str, Any]) -> str:
    """The whole page."""
    machines = sorted({one["machine"] for one in kept.values()})
    lines = [
        "# Benchmarks",
        "",
        "Absolute times mean little on somebody else's machine, so each figure stands beside a peer, or beside the "
        "floor, in one run on the same streams. `make bench` measures (it needs ffmpeg and gst-rtsp-server), "
        "`make bench-page` makes this page of it. Benchmarks are programs, not tests: the test suite asserts "
        "behaviour, never speed.",
        "",
        *(f"- Machine: {words}" for words in machines),
        "- *load*: how many programs wanted a core when a row was measured. A figure at a load above the number of "
        "cores is worse than the program; it stands here as it was measured.",
        "- ✓ reaches what it must, ✗ does not. Why it costs what it costs: [explanation](explanation/speed.md).",
    ]
    for name, one in kept.items():
        lines += ["", *SECTIONS[name](one["result"])]
        where = f", {one['machine']}" if len(machines) > 1 else ""
        lines += ["", f"*Measured {one['measured_at']}{where}: `python -m tests.benchmarks {name.partition('-')[0]}`*"]
    missing = [name for name in NAMES if name not in kept]
    if missing:
        lines += ["", f"Not measured yet: {', '.join(missing)}."]
    return "\n".join(lines) + "\n" + NOTE


def charts(kept: Mapping[str, Any]) -> dict[str, str]:
    """Files beside the pictures, by their names."""
    found = {}
    for name in ("recording-8", "recording-32"):
        if name in kept:
            result = kept[name]["result"]
            title = f"CPU per camera, {result['cameras']} cameras 1080p30 4 Mbit/s (percent of a core)"
            found[f"bench-{name}.svg"] = svg(
                title, [_bar(row["name"], row["used"]["cpu_percent"]) for row in result["rows"]]
            )
    if "wall" in kept:
        rows = kept["wall"]["result"]["rows"]
        title = f"A wall of {kept['wall']['result']['cameras']} pictures (percent of a core)"
        found["bench-wall.svg"] = svg(title, [_bar(row["name"], row["cpu_percent"]) for row in rows])
    return found


def _bar(name: str, percent: float) -> Bar:
    kind = "ours" if name.startswith("ours") else "floor" if name == "floor" else "peer"
    return Bar(name=name, value=percent, text=f"{percent:.2f} %", kind=kind)


def _judged(value: float, text: str, *, most: float | None = None, least: float | None = None) -> str:
    if most is not None:
        return f"{text} (≤ {most:g} {'✓' if value <= most else '✗'})"
    if least is not None:
        return f"{text} (≥ {least:g} {'✓' if value >= least else '✗'})"
    return text


def _recording(result: Result) -> Iterator[str]:
    rows = {row["name"]: row for row in result["rows"]}
    floor, ffmpeg = rows["floor"]["used"]["cpu_percent"], rows["ffmpeg, one each"]["used"]["cpu_percent"]
    cameras = result["cameras"]
    yield f"## Recording {cameras} cameras"
    yield ""
    yield (
        f"{cameras} streams, 1080p30, 4 Mbit/s, over TCP from gst-rtsp-server, {result['seconds']:g} s a row; index "
        "and durability on. The floor is a program in C that receives the same bytes and writes them without looking."
    )
    yield ""
    yield f"![CPU per camera, ours beside ffmpeg and the floor](pictures/bench-recording-{cameras}.svg)"
    yield ""
    yield "| | CPU per camera | × ffmpeg | × floor | memory | packets lost | load |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name, row in rows.items():
        cpu, ours = row["used"]["cpu_percent"], name == "ours" and cameras == 32
        of_ffmpeg = _judged(cpu / ffmpeg, f"{cpu / ffmpeg:.2f}", most=recording.OF_FFMPEG_MAX if ours else None)
        of_floor = _judged(cpu / floor, f"{cpu / floor:.2f}", most=recording.OF_FLOOR_MAX if ours else None)
        lost = "–" if row["packets_lost"] is None else row["packets_lost"]
        memory, load = f"{row['used']['memory_mb']:.1f} MB", row.get("load")
        at = "–" if load is None else f"{load:.1f}"
        yield f"| {name} | {cpu:.3f} % of a core | {of_ffmpeg} | {of_floor} | {memory} | {lost} | {at} |"


def _crowd(result: Result) -> Iterator[str]:
    yield f"## {result['cameras']} cameras on one machine, simulator included"
    yield ""
    yield "| | |"
    yield "|---|--:|"
    for name, text in (
        ("cameras recorded at the end", result["recording"]),
        ("packets lost", _judged(result["packets_lost"], str(result["packets_lost"]), most=0)),
        ("pictures a second, of 30", f"{result['fps']:.1f}"),
        ("written; one file, synced", f"{result['written_mb_s']:.0f} MB/s; {result['disk_mb_s']:.0f} MB/s"),
        (
            "recorder; simulator",
            f"{result['recorder_cpu_percent']:.0f} %; {result['simulator_cpu_percent']:.0f} % of a core",
        ),
        ("recorder's memory", f"{result['recorder_memory_mb']:.0f} MB"),
        ("load", f"{result['load']:.1f}"),
    ):
        yield f"| {name} | {text} |"


def _cut(result: Result) -> Iterator[str]:
    late = result["late_ms"]
    yield f"## The cut at expiry, {result['readers']} open streams"
    yield ""
    yield "Milliseconds after X; negative: before. [What is measured](explanation/exact-cut.md)."
    yield ""
    yield "| | median | p99 | most |"
    yield "|---|--:|--:|--:|"
    p99 = _judged(late["p99"], f"{late['p99']:.1f}", most=cut.LATE_MS_MAX)
    yield f"| last media byte at a reader | {late['median']:.1f} | {p99} | {late['max']:.1f} |"
    last = result["recorded_ms_max"]
    yield f"| last recorded picture | | | {_judged(last, f'{last:.1f}', most=0)} |"
    leaked = _judged(result["leaked"], str(result["leaked"]), most=0)
    yield f"| pictures labelled X or later, of {result['pictures']} | | | {leaked} |"
    not_closed = _judged(result["not_closed"], str(result["not_closed"]), most=0)
    yield f"| streams not closed with `EXPIRED`, 4403 | | | {not_closed} |"


def _facts(title: str, result: Result) -> Iterator[str]:
    yield title
    yield ""
    yield "| | | must reach |"
    yield "|---|--:|---|"
    for fact in result["facts"]:
        sign = {True: " ✓", False: " ✗", None: ""}[fact["good"]]
        yield f"| {fact['name']} | {fact['value']:,.2f} {fact['unit']} | {fact['target']}{sign} |"


def _storage(result: Result) -> Iterator[str]:
    return _facts(f"## Index and files, {result['days']} days of {result['cameras']} cameras", result)


def _service(result: Result) -> Iterator[str]:
    return _facts(f"## Licence service, {result['licences']:,} licences on {result['database']}", result)


def _simulator(result: Result) -> Iterator[str]:
    yield f"## Simulator, {result['cameras']} cameras"
    yield ""
    yield "1080p30 4 Mbit/s and 640×360@15 500 kbit/s, one client a stream."
    yield ""
    yield "| | streams | CPU of a core | a stream | memory (PSS) | Mbit/s | dropped |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for row in result["rows"]:
        most = simulator.STREAM_PERCENT_MAX if row["name"] == "ours, main" else None
        stream = _judged(row["stream_percent"], f"{row['stream_percent']:.2f} %", most=most)
        dropped = "–" if row["dropped"] is None else row["dropped"]
        cells = (row["name"], row["streams"], f"{row['cpu_percent']:.1f} %", stream, f"{row['pss_mb']:.0f} MB")
        yield f"| {' | '.join(map(str, cells))} | {row['mbit']:.0f} | {dropped} |"


def _motion(result: Result) -> Iterator[str]:
    yield "## Motion detection"
    yield ""
    yield "Films of all sites by day and night, 640×360@15, its default sensitivity."
    yield ""
    yield "| recall | precision | CPU of a core, a camera |"
    yield "|--:|--:|--:|"
    cpu = _judged(result["cpu_percent"], f"{result['cpu_percent']:.2f} %", most=motion.CPU_PERCENT_MAX)
    yield f"| {result['recall']:.2f} | {result['precision']:.2f} | {cpu} |"


def _wall(result: Result) -> Iterator[str]:
    yield f"## The HDMI wall, {result['cameras']} cameras"
    yield ""
    yield f"640×360@15 to 1080p, {result['seconds']:g} s a row; nobody shows or encodes it."
    yield ""
    yield "![CPU of the wall, ours beside peers](pictures/bench-wall.svg)"
    yield ""
    yield "| | CPU of a core | memory (PSS) | pictures a second, a camera | load |"
    yield "|---|--:|--:|--:|--:|"
    for row in result["rows"]:
        fps = "–" if row["fps"] is None else f"{row['fps']:.1f}"
        yield f"| {row['name']} | {row['cpu_percent']:.1f} % | {row['pss_mb']:.0f} MB | {fps} | {row['load']:.1f} |"
    of_peer, latency = result["of_better_peer"], result["latency_ms"]
    yield ""
    yield f"- of the better peer: {_judged(of_peer, f'{of_peer:.2f} ×', most=wall.OF_PEER_MAX)}"
    yield f"- pictures missing on the disk meanwhile: {_judged(result['missing'], str(result['missing']), most=0)}"
    yield f"- camera to picture: {latency['median']:.0f} ms (median), {latency['max']:.0f} ms (most)"


def _live(result: Result) -> Iterator[str]:
    latency, first = result["latency_ms"], result["first_ms"]
    yield "## Live view in a browser"
    yield ""
    yield f"640×360@15 in headless Chromium; load {result['load']:.1f}."
    yield ""
    yield "| | median | p95 |"
    yield "|---|--:|--:|"
    shown = _judged(latency["median"], f"{latency['median']:.0f} ms", most=live.LATENCY_MS_MAX)
    yield f"| camera's label to presented picture | {shown} | {latency['p95']:.0f} ms |"
    begun = _judged(first["median"], f"{first['median']:.0f} ms", most=live.FIRST_MS_MAX)
    yield f"| first picture after it is asked for | {begun} | {first['p95']:.0f} ms |"
    yield ""
    yield "| viewers of one stream | CPU of a core | each |"
    yield "|--:|--:|--:|"
    for cost in result["costs"]:
        yield f"| {cost['viewers']} | {cost['cpu_percent']:.1f} % | {cost['each_percent']:.2f} % |"


SECTIONS: Mapping[str, Callable[[Result], Iterator[str]]] = {
    "recording-8": _recording,
    "recording-32": _recording,
    "crowd": _crowd,
    "cut": _cut,
    "storage": _storage,
    "simulator": _simulator,
    "motion": _motion,
    "service": _service,
    "wall": _wall,
    "live": _live,
}


def main() -> int:
    """Writes results, page and charts."""
    kept = gather()
    if not kept:
        print(f"there is nothing in {RESULTS}: make bench measures", file=sys.stderr)
        return 2
    CHARTS.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(kept))
    for name, text in charts(kept).items():
        (CHARTS / name).write_text(text)
    print(f"written: {PAGE}, of {', '.join(kept)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
