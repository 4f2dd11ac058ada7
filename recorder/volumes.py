"""Opens the volumes of a recorder: lock, identity, recovery, disk thread, retention; one that is missing is said."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from gate.clock import Clock
from recorder.catalog import queries, retention_queries
from recorder.catalog.changes import put_volume
from recorder.catalog.database import Catalog
from recorder.catalog.rows import Stream
from recorder.config import StorageConfig
from recorder.retention.deletion import Deleter
from recorder.retention.plan import Limits
from recorder.retention.shares import ShareSweeper
from recorder.retention.sweeper import Sweeper
from recorder.retention.usage import FootageUsage, StorageReport
from recorder.segments.disks import Disks, Shelf
from recorder.segments.errors import VolumeError
from recorder.segments.health import DiskHealth, Language, Notices
from recorder.segments.recovery import recover
from recorder.segments.segment_file import Disk
from recorder.segments.volume import Volume
from recorder.segments.writer import DiskWriter
from recorder.state import StateBoard

_log = logging.getLogger(__name__)

MEDIA_NAME = "media"
CLOSE_SECONDS_MAX = 2.0
"""How long the disk may take for what is still queued when the recorder stops."""

_MISSING = {
    "ja": "録画ボリュームを使用できません: {error}",
    "en": "A recording volume cannot be used: {error}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePlace:
    """A volume as configured."""

    root: Path
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVolumes:
    """What `open_volumes` gives. `last_runs`: the highest run number on disk, by camera and stream."""

    disks: Disks
    sweepers: Sequence[Sweeper]
    shares: ShareSweeper
    last_runs: Mapping[tuple[str, Stream], int]


def volume_places(data_dir: Path, config: StorageConfig) -> list[VolumePlace]:
    """Those of the configuration, or the one in the data folder."""
    if not config.volumes:
        limits = Limits(bytes_max=config.bytes_max, free_bytes_min=config.free_bytes_min)
        return [VolumePlace(root=data_dir / MEDIA_NAME, limits=limits)]
    return [
        VolumePlace(
            root=volume.path,
            limits=Limits(
                bytes_max=volume.bytes_max,
                free_bytes_min=config.free_bytes_min if volume.free_bytes_min is None else volume.free_bytes_min,
            ),
        )
        for volume in config.volumes
    ]


@asynccontextmanager
async def open_volumes(
    config: StorageConfig,
    *,
    data_dir: Path,
    catalog: Catalog,
    clock: Clock,
    board: StateBoard,
    language: Language,
    disk: Disk,
    stuck: list[Path],
) -> AsyncIterator[OpenVolumes]:
    """All volumes that can be used, recovered and swept. `stuck` gets those that had not taken everything when they
    were closed. Raises VolumeError if none can be used."""
    async with AsyncExitStack() as stack:
        notices = Notices(board)
        places = volume_places(data_dir, config)
        found: list[tuple[Volume, VolumePlace]] = []
        last_runs: dict[tuple[str, Stream], int] = {}
        for place in places:
            try:
                volume = await _take(place.root, data_dir, catalog, clock, stack, last_runs, only=len(places) == 1)
            except VolumeError as error:
                if len(places) == 1:
                    raise
                _log.error("%s; the other volumes are recorded to", error)
                notices.put(f"missing {place.root}", _MISSING[language].format(error=error))
                failure = error
            else:
                found.append((volume, place))
        if not found:
            raise failure
        shelves = []
        for volume, place in found:
            writer = DiskWriter(
                volume=volume, catalog=catalog, disk=disk, clock=clock, sync_seconds=config.sync_seconds
            )
            writer.start()
            stack.push_async_callback(_stop, writer, volume, stuck)
            health = DiskHealth(notices, language, str(volume.root) if len(places) > 1 else "")
            shelves.append(Shelf(volume=volume, writer=writer, health=health, bytes_max=place.limits.bytes_max))
        limits = [place.limits for _, place in found]
        sweepers, shares = await _retention(config, shelves, limits, catalog, clock, board)
        disks = Disks(shelves, await catalog.read(queries.newest_volumes))
        yield OpenVolumes(disks=disks, sweepers=sweepers, shares=shares, last_runs=last_runs)


async def _retention(
    config: StorageConfig,
    shelves: Sequence[Shelf],
    limits: Sequence[Limits],
    catalog: Catalog,
    clock: Clock,
    board: StateBoard,
) -> tuple[list[Sweeper], ShareSweeper]:
    """A sweeper for each volume, which has swept once, and that of shares and age."""
    volumes = {shelf.volume.number: shelf.volume for shelf in shelves}
    writers = {shelf.volume.number: shelf.writer for shelf in shelves}
    usage = FootageUsage(await catalog.read(retention_queries.usage), writers)
    deleter = Deleter(volumes=volumes, catalog=catalog, usage=usage)
    report = StorageReport(board)
    sweepers = [
        Sweeper(
            shelf=shelf,
            catalog=catalog,
            deleter=deleter,
            usage=usage,
            report=report,
            clock=clock,
            limits=its,
            segment_seconds=config.segment_seconds,
        )
        for shelf, its in zip(shelves, limits, strict=True)
    ]
    for sweeper in sweepers:
        await sweeper.run_once()
    return sweepers, ShareSweeper(
        catalog=catalog,
        deleter=deleter,
        usage=usage,
        clock=clock,
        volumes=tuple(volumes),
        days_max=config.days_max,
    )


async def _take(
    root: Path,
    data_dir: Path,
    catalog: Catalog,
    clock: Clock,
    stack: AsyncExitStack,
    last_runs: dict[tuple[str, Stream], int],
    *,
    only: bool,
) -> Volume:
    """Locks, identifies and recovers one volume. Raises VolumeError."""
    if not only and not await asyncio.to_thread(root.is_dir):
        raise VolumeError(f"{root}: the folder is not there; mount the volume, or make the folder, and start again")
    volume = Volume(root)
    path = str(root.relative_to(data_dir)) if root.is_relative_to(data_dir) else str(root)
    known = {row.path: row.id for row in await catalog.read(queries.volumes)}
    if path in known:  # before anything is written, the lock included: it may be an empty mount point
        await asyncio.to_thread(volume.identify, known[path])
    await asyncio.to_thread(volume.lock)
    stack.callback(volume.unlock)
    try:
        volume_id = await asyncio.to_thread(volume.identify, known.get(path))
        volume.number = await catalog.do(partial(put_volume, id=volume_id, path=path))
        recovered = await catalog.do(partial(recover, volume=volume, clock=clock))
    except OSError as error:
        raise VolumeError(f"{error.filename or root}: cannot be recovered: {error.strerror}") from error
    for stream, run in recovered.last_runs.items():
        last_runs[stream] = max(run, last_runs.get(stream, 0))
    return volume


async def _stop(writer: DiskWriter, volume: Volume, stuck: list[Path]) -> None:
    with anyio.CancelScope(shield=True):
        if not await asyncio.to_thread(writer.stop, CLOSE_SECONDS_MAX):
            stuck.append(volume.root)
            _log.error(
                "%s: the disk has not taken everything within %s s; the rest is lost", volume.root, CLOSE_SECONDS_MAX
            )
