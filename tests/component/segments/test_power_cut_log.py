"""A power cut at any moment: what was written but not synced may be missing, in part or in whole, in any combination.

Every write and sync that the recorder makes is logged at the one seam to the disk. From the log the state of the disk
after a cut is built: synced bytes are there; of the rest each block is there or is zeros, a file may be shorter, one
whose name was not synced may be missing; the index is as it was at some earlier moment, or is gone.
"""

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from gate.clock import SimulatedClock
from recorder.segments.segment_file import OsDisk
from recorder.storage import open_storage
from tests.component.segments.conftest import Index, Opening, board_of, storage_config
from tests.fakes.entitlements import at
from tests.fakes.video import FPS, access_units, decoded_pictures

CAMERAS = ("cam1", "cam2")
SYNC_SECONDS = 3.0
BLOCK = 4096
CUTS = 24


@dataclass(frozen=True, kw_only=True)
class Event:
    """`data`: written at the end of `path`. `sync`: of the file; `names`: of the folder."""

    kind: Literal["write", "sync", "names"]
    path: Path
    at_ns: int
    data: bytes = b""


class LoggingDisk(OsDisk):
    """The real disk, with a log."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.log: list[Event] = []
        self._clock = clock

    def _note(self, kind: Literal["write", "sync", "names"], path: Path, data: bytes = b"") -> None:
        self.log.append(Event(kind=kind, path=path, at_ns=self._clock.monotonic_ns(), data=data))

    def writev(self, fd: int, buffers: Sequence[bytes]) -> int:
        written = super().writev(fd, buffers)
        assert written == sum(map(len, buffers))
        self._note("write", path_of(fd), b"".join(buffers))
        return written

    def sync(self, fd: int) -> None:
        super().sync(fd)
        self._note("sync", path_of(fd))

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self._note("names", folder)


def path_of(fd: int) -> Path:
    return Path(f"/proc/self/fd/{fd}").readlink()


@dataclass(kw_only=True)
class File:
    """One file at the moment of the cut. `written`: when each of its writes was made, and where it ended."""

    data: bytes = b""
    synced: int = 0
    named: bool = False
    written: list[tuple[int, int]] = field(default_factory=list)


def files_at(log: Sequence[Event]) -> dict[Path, File]:
    files: dict[Path, File] = {}
    for event in log:
        if event.kind == "write":
            file = files.setdefault(event.path, File())
            file.data += event.data
            file.written.append((event.at_ns, len(file.data)))
        elif event.kind == "sync":
            files[event.path].synced = len(files[event.path].data)
        else:
            for path, file in files.items():
                file.named |= path.parent == event.path
    return files


def after_cut(file: File, chance: random.Random) -> bytes | None:
    """The file as it is found; None if it is not there."""
    if not file.named and chance.random() < 0.3:
        return None
    synced = file.synced if file.named else 0
    size = len(file.data) if chance.random() < 0.5 else chance.randint(synced, len(file.data))
    found = bytearray(file.data[:size])
    lost = chance.choice((0.0, 0.05, 0.5, 1.0))
    for start in range(synced // BLOCK * BLOCK, size, BLOCK):
        if chance.random() < lost:
            begin = max(start, synced)
            found[begin : start + BLOCK] = bytes(len(found[begin : start + BLOCK]))
    return bytes(found)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A recording, and copies of its index by the length of the log at the time."""

    log: Sequence[Event]
    indexes: Sequence[tuple[int, Path]]
    media: Path


@pytest.fixture
async def recording(open_site: Opening, clock: SimulatedClock, tmp_path: Path) -> Recorded:
    """14 s of two cameras, in several segments each."""
    disk, indexes = LoggingDisk(clock), []
    async with open_site(cameras=CAMERAS, disk=disk, segment_seconds=5, sync_seconds=SYNC_SECONDS) as site:
        for number, unit in enumerate(access_units(14 * FPS)):
            await site.advance_to(unit.arrival_ns)
            for camera in CAMERAS:
                site.feeds[camera].publish(unit)
            await site.until(lambda: site.storage.volumes.disks.shelves[0].writer.idle)
            if number % (2 * FPS) == 0:
                await site.written()
                copy = tmp_path / f"index-{number}.db"
                with contextlib.closing(sqlite3.connect(tmp_path / "index.db")) as db:
                    db.execute("VACUUM INTO ?", (str(copy),))
                indexes.append((len(disk.log), copy))
        log = list(disk.log)
    return Recorded(log=log, indexes=indexes, media=tmp_path / "media")


def build(recording: Recorded, cut: int, chance: random.Random, root: Path) -> dict[Path, File]:
    """Makes the disk after a power cut behind so many events in `root`; what had been written, by path there."""
    files = files_at(recording.log[:cut])
    moved: dict[Path, File] = {}
    for path, file in files.items():
        there = root / "media" / path.relative_to(recording.media)
        moved[there] = file
        data = after_cut(file, chance)
        if data is not None:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(data)
    shutil.copy(recording.media / "volume.json", root / "media" / "volume.json")
    known = [copy for length, copy in recording.indexes if length <= cut]
    if known and chance.random() < 0.8:
        shutil.copy(chance.choice(known), root / "index.db")
    return moved


async def test_after_a_power_cut_nothing_older_than_the_stated_time_is_missing_and_nothing_torn_is_kept(
    recording: Recorded, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(recording.log) + 1), k=CUTS))
    kept_unsynced = 0
    for cut in cuts:
        root = tmp_path / f"cut-{cut}"
        (root / "media").mkdir(parents=True)
        files = build(recording, cut, chance, root)
        cut_ns = recording.log[min(cut, len(recording.log) - 1)].at_ns
        where = f"seed {seed}, cut after {cut} of {len(recording.log)} events"
        clock = SimulatedClock(at(cut_ns / 1e9 + 60))
        config = storage_config(segment_seconds=5, sync_seconds=SYNC_SECONDS)
        opening = open_storage(config, data_dir=root, camera_ids=CAMERAS, clock=clock, board=board_of(CAMERAS))
        async with opening:
            pass
        index = Index(root / "index.db")
        rows = [row for camera in CAMERAS for row in index.segments(camera)]
        assert len(index.files()) == len(rows), where
        assert sorted(path.stat().st_size for path in index.files()) == sorted(row.bytes for row in rows), where
        for path, file in files.items():
            found = path.read_bytes() if path.exists() else b""
            assert found == file.data[: len(found)], f"{where}: {path.name} holds what was never written"
            assert len(found) in {0, *(end for _, end in file.written[1:])}, f"{where}: {path.name} is torn"
            due = max((end for when, end in file.written[1:] if cut_ns - when > SYNC_SECONDS * 1e9), default=0)
            assert len(found) >= due, f"{where}: {path.name} has lost more than {SYNC_SECONDS} s"
            kept_unsynced += len(found) > file.synced
        if index.files():
            decoded_pictures(chance.choice(index.files()))
        shutil.rmtree(root)
    assert kept_unsynced > 0, "whatever is whole is kept, synced or not"
