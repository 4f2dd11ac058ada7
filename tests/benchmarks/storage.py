"""What the index and the files cost: a day's timeline and a seek in a synthetic year of sixteen cameras, the start of a
recorder with many segments, reading for an export beside cp.

Everything is measured with what the system has cached; the first question of a fresh connection is a row of its own.
"""

import asyncio
import contextlib
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import yaml

from gate.clock import Clock
from recorder.catalog.changes import put_volume
from recorder.catalog.database import open_for_writing
from recorder.catalog.rows import FragmentEntry, SegmentId, pack_fragments
from recorder.playback.archive import Archive
from recorder.playback.fragments import Wanted, find_fragments
from recorder.playback.pictures import PictureSource
from recorder.playback.stretches import read_timeline
from recorder.segments.volume import Volume
from tests.benchmarks.recording import recorder_session, running, state_of
from tests.benchmarks.source import clip
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, access_units

CAMERAS = 16
DAY_NS = 86_400 * 10**9
SEGMENT_NS = 60 * 10**9
SEGMENTS_A_DAY = 1440
GAPS_A_DAY = 4
QUESTIONS = 400
START_SEGMENTS = 100_000
START_SECONDS_TOLD_MAX = 30.0
EXPORT_BYTES = 300 << 20
EXPORT_ROUNDS = 5
TIMELINE_MS_MAX, SEEK_MS_MAX, START_SECONDS_MAX, OF_CP_MIN = 5.0, 10.0, 2.0, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row. `target`: what must be reached, `good` whether it is; None where there is none."""

    name: str
    value: float
    unit: str
    target: str = ""
    good: bool | None = None


def measure(days: int, cache: Path, clock: Clock) -> list[Fact]:
    """All rows."""
    with tempfile.TemporaryDirectory(prefix="storage-", dir=cache) as name:
        folder = Path(name)
        facts = _year(folder / "year", days, clock)
        shutil.rmtree(folder / "year")
        facts += _start(folder / "start", clip(cache, 20), clock)
        shutil.rmtree(folder / "start")
        return [*facts, *_export(folder / "export", clock)]


def as_json(facts: list[Fact], days: int) -> dict[str, object]:
    """What is kept of a run."""
    return {"days": days, "cameras": CAMERAS, "facts": [asdict(fact) for fact in facts]}


def _year(folder: Path, days: int, clock: Clock) -> list[Fact]:
    folder.mkdir(parents=True)
    segments = _fill(folder / "index.db", days)
    archive = Archive(data_dir=folder)
    size = archive.index.stat().st_size
    dice = random.Random(1)

    def timeline(db: sqlite3.Connection) -> None:
        camera, day = f"cam{dice.randrange(CAMERAS) + 1}", EPOCH_NS + dice.randrange(days) * DAY_NS
        spans = read_timeline(db, {1: folder}, camera, "main", day, day + DAY_NS, day + DAY_NS)
        assert len(spans) > GAPS_A_DAY, spans

    def seek(db: sqlite3.Connection) -> None:
        at = EPOCH_NS + dice.randrange(days * DAY_NS)
        wanted = Wanted(camera=f"cam{dice.randrange(CAMERAS) + 1}", start_utc_ns=at)
        place = next(find_fragments(db, {1: folder}, wanted))
        assert place.end_utc_ns > at

    facts = []
    for name, ask, most in (("timeline of a day", timeline, TIMELINE_MS_MAX), ("seek", seek, SEEK_MS_MAX)):
        with contextlib.closing(archive.connect()) as db:
            first = _milliseconds(clock, ask, db)
            before = _cpu_milliseconds()
            times = sorted(_milliseconds(clock, ask, db) for _ in range(QUESTIONS))
            cpu = (_cpu_milliseconds() - before) / QUESTIONS
        median, p99 = statistics.median(times), times[int(len(times) * 0.99)]
        facts.append(Fact(name=f"{name}, median", value=median, unit="ms", target=f"≤ {most:.0f}", good=median <= most))
        facts.append(Fact(name=f"{name}, p99", value=p99, unit="ms", target=f"≤ {most:.0f}", good=p99 <= most))
        facts.append(Fact(name=f"{name}, processor time, mean", value=cpu, unit="ms"))
        facts.append(Fact(name=f"{name}, first of a connection", value=first, unit="ms"))
    facts.append(Fact(name=f"index of {segments} segments", value=size / 1e9, unit="GB"))
    facts.append(Fact(name="index, a segment", value=size / segments, unit="bytes"))
    return facts


def _milliseconds(clock: Clock, ask: Callable[[sqlite3.Connection], None], db: sqlite3.Connection) -> float:
    begun_ns = clock.monotonic_ns()
    ask(db)
    return (clock.monotonic_ns() - begun_ns) / 1e6


def _cpu_milliseconds() -> float:
    """Of this process: what a busy machine adds to a question is not in it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3


def _fill(path: Path, days: int) -> int:
    """Segments of a minute with 30 fragments each, a day's in four runs with a gap of a minute after each."""
    with contextlib.closing(open_for_writing(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        indexes = db.execute("SELECT name, sql FROM sqlite_schema WHERE name LIKE 'segment_by_%'").fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        db.execute("BEGIN IMMEDIATE")
        put_volume(db, "0" * 32, "media")
        db.execute("INSERT INTO init VALUES (1, 'h264', 'avc1.640028', 1920, 1080, x'01')")
        blob = pack_fragments(FragmentEntry(500_000, 180_000, True, number * 180_000) for number in range(30))
        cameras = list(range(1, CAMERAS + 1))
        db.executemany("INSERT INTO camera VALUES (?, ?)", [(number, f"cam{number}") for number in cameras])
        quarter = SEGMENTS_A_DAY // GAPS_A_DAY
        for part in range(days * GAPS_A_DAY):
            start = EPOCH_NS + part * quarter * SEGMENT_NS
            db.executemany("INSERT INTO run VALUES (?, 0, ?, ?)", [(camera, part + 1, start) for camera in cameras])
            gap = start + (quarter - 1) * SEGMENT_NS
            db.executemany(
                "INSERT INTO gap (camera_id, stream, start_utc_ns, end_utc_ns, reason) VALUES (?, 0, ?, ?, 'licence')",
                [(camera, gap, gap + SEGMENT_NS) for camera in cameras],
            )
            db.executemany(
                "INSERT INTO segment VALUES (?, 0, ?, ?, 'closed', ?, ?, 5400000, 1800, 15000700, 1, 700, ?, 1)",
                (
                    (camera, part + 1, seq, start + seq * SEGMENT_NS, start + (seq + 1) * SEGMENT_NS, blob)
                    for seq in range(quarter - 1)
                    for camera in cameras
                ),
            )
        for _, text in indexes:
            db.execute(text)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(db.execute("SELECT count(*) FROM segment").fetchone()[0])


def _start(folder: Path, film: Path, clock: Clock) -> list[Fact]:
    """From the start of the process until a camera is recorded (a file, whose first picture is a key frame), with no
    segments and with many."""
    folder.mkdir(parents=True)
    config = {
        "device": {"id": "bench", "data_dir": "data"},
        "licence": {"path": "licence.json", "root_key": "root.pub"},
        "remote": {"listen": "127.0.0.1:0"},
        "local": {"socket": "r.sock"},
        "storage": {"bytes_max": "100TB", "free_bytes_min": 0},
        "cameras": [{"id": "cam1", "main": {"url": film.as_uri()}}],
    }
    (folder / "recorder.yaml").write_text(yaml.safe_dump(config))
    issue = ["licence", "issue", "--device", "bench", "--camera", "cam1", "--until", "2090-01-01", "--out"]
    subprocess.run(
        [sys.executable, "-m", "recorder.cli", *issue, str(folder / "licence.json")],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    empty = min(asyncio.run(_seconds_to_recording(folder, clock)) for _ in range(2))
    _fill_volume(folder / "data")
    many = min(asyncio.run(_seconds_to_recording(folder, clock)) for _ in range(2))
    return [
        Fact(name="start until recording, no segments", value=empty, unit="s"),
        Fact(
            name=f"start until recording, {START_SEGMENTS} segments",
            value=many,
            unit="s",
            target=f"≤ {START_SECONDS_MAX:.0f}",
            good=many <= START_SECONDS_MAX,
        ),
    ]


async def _seconds_to_recording(folder: Path, clock: Clock) -> float:
    begun_ns = clock.monotonic_ns()
    command = [sys.executable, "-m", "recorder", str(folder / "recorder.yaml"), "--report"]
    async with running(clock, command, ready=b"ready"), recorder_session(folder) as session:
        async with clock.timeout(START_SECONDS_TOLD_MAX):
            while (await state_of(session))["cameras"][0]["recording"]["phase"] != "recording":
                await clock.sleep(0.01)
        return (clock.monotonic_ns() - begun_ns) / 1e9


def _fill_volume(data_dir: Path) -> None:
    """Sixteen cameras' segments of an hour a folder, each with its row; the files are hard links to one."""
    volume = Volume(data_dir / "media")
    content = data_dir / "content"
    content.write_bytes(bytes(1000))
    with contextlib.closing(open_for_writing(data_dir / "index.db")) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT OR IGNORE INTO init VALUES (1, 'h264', 'avc1.640028', 1920, 1080, x'01')")
        for number in range(START_SEGMENTS):
            camera, seq = number % CAMERAS + 100, number // CAMERAS
            id = SegmentId(f"old{camera}", "main", 1, seq)
            start = EPOCH_NS + seq * SEGMENT_NS
            if seq == 0:
                db.execute("INSERT INTO camera VALUES (?, ?)", (camera, id.camera))
                db.execute("INSERT INTO run VALUES (?, 0, 1, ?)", (camera, start))
            db.execute(
                "INSERT INTO segment"
                " VALUES (?, 0, 1, ?, 'closed', ?, ?, 5400000, 1800, 1000, 1, 700, zeroblob(360), 1)",
                (camera, seq, start, start + SEGMENT_NS),
            )
            path = volume.path_of(id, start)
            if seq % SEGMENTS_A_DAY == 0:
                path.parent.mkdir(parents=True, exist_ok=True)
            if number % 10_000 == 0:  # a file can have 65 000 names
                content = path
                content.write_bytes(bytes(1000))
            else:
                path.hardlink_to(content)
        db.execute("COMMIT")
    (data_dir / "content").unlink()


def _export(folder: Path, clock: Clock) -> list[Fact]:
    folder.mkdir(parents=True)
    recorded = Recorded(folder / "data", segment_seconds=60)
    _record(recorded)
    archive, out = recorded.archive, folder / "out"
    files = [str(path) for path in sorted(recorded.volume.root.rglob("*.mp4"))]
    size = sum(Path(path).stat().st_size for path in files)

    def clear() -> None:  # whoever writes over what is there waits for it to be given up
        shutil.rmtree(folder / "copy", ignore_errors=True)
        (folder / "copy").mkdir()
        out.unlink(missing_ok=True)

    def copy() -> None:
        subprocess.run(["cp", *files, str(folder / "copy")], check=True)

    def read() -> None:
        db = archive.connect()
        source = PictureSource(db, archive.roots(db), Wanted(camera="cam1", start_utc_ns=EPOCH_NS))
        with out.open("wb", buffering=0) as file:
            while (fragment := source.next_fragment()) is not None:
                file.write(fragment.data)
        source.close()

    def read_units() -> None:
        db = archive.connect()
        source = PictureSource(db, archive.roots(db), Wanted(camera="cam1", start_utc_ns=EPOCH_NS))
        with out.open("wb") as file:
            while (units := source.next_units()) is not None:
                file.writelines(unit.data for unit in units)
        source.close()

    theirs, ours, units = (_seconds(clock, work, clear) for work in (copy, read, read_units))
    ratio = theirs / ours
    return [
        Fact(name="cp", value=size / theirs / 1e6, unit="MB/s"),
        Fact(name="reading access units and writing them", value=size / units / 1e6, unit="MB/s"),
        Fact(name="reading for an export", value=size / ours / 1e6, unit="MB/s"),
        Fact(name="reading, × cp", value=ratio, unit="", target=f"≥ {OF_CP_MIN}", good=ratio >= OF_CP_MIN),
    ]


def _record(recorded: Recorded) -> None:
    """4 Mbit/s, 30 pictures a second, a key frame every 2 s, until there is enough."""
    [template] = access_units(1)
    key, other = _coded(60_000), _coded(16_000)
    pictures = EXPORT_BYTES // ((60_000 + 59 * 16_000) // 60)
    recorded.write(
        [
            replace(
                template,
                data=other if number % 60 else key,
                key=number % 60 == 0,
                pts_90k=number * 3000,
                utc_ns=EPOCH_NS + number * 100_000_000 // 3,
            )
            for number in range(pictures)
        ]
    )
    recorded.close()


def _coded(size: int) -> bytes:
    return (size - 4).to_bytes(4, "big") + b"\x65" + random.Random(size).randbytes(size - 5)


def _seconds(clock: Clock, work: Callable[[], None], before: Callable[[], None]) -> float:
    """The best of a few rounds."""
    times = []
    for _ in range(EXPORT_ROUNDS):
        before()
        begun_ns = clock.monotonic_ns()
        work()
        times.append((clock.monotonic_ns() - begun_ns) / 1e9)
    return min(times)
