"""Opens the volumes of a recorder: lock, identity, recovery, disk thread, retention. One that is missing is said, and
joins as soon as it is there.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from gate.clock import Clock
from recorder.catalog import queries, retention_queries
from recorder.catalog.changes import put_volume
from recorder.catalog.database import Catalog
from recorder.catalog.rows import Stream, VolumeRow
from recorder.config import StorageConfig
from recorder.retention.deletion import Deleter
from recorder.retention.plan import Limits
from recorder.retention.shares import ShareSweeper
from recorder.retention.sweeper import Sweeper
from recorder.retention.usage import FootageUsage, StorageReport
from recorder.segments.disks import Disks, Shelf
from recorder.segments.errors import VolumeError, VolumeMissingError
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
    """All volumes that can be used, recovered and swept; and those that the index knows but that are not there, which
    take nothing until they have joined. `stuck` gets those that had not taken everything when they were closed. Raises
    VolumeError if there is neither."""
    async with AsyncExitStack() as stack:
        notices = Notices(board)
        places = volume_places(data_dir, config)
        known = {row.path: row for row in await catalog.read(queries.volumes)}
        found: list[tuple[_Joining, VolumePlace]] = []
        last_runs: dict[tuple[str, Stream], int] = {}
        for place in places:
            joining = _Joining(place.root, data_dir, known, catalog, clock)
            stack.callback(joining.volume.unlock)
            try:
                if await joining.find(only=len(places) == 1):
                    await joining.join(last_runs)
            except VolumeError as error:
                if len(places) == 1:
                    raise
                _log.error("%s; the other volumes are recorded to", error)
                notices.put(f"missing {place.root}", _MISSING[language].format(error=error))
                failure = error
            else:
                found.append((joining, place))
        if not found:
            raise failure
        shelves, joins = [], []
        for joining, place in found:
            volume = joining.volume
            joins.append(None if joining.joined else joining.join)
            writer = DiskWriter(
                volume=volume, catalog=catalog, disk=disk, clock=clock, sync_seconds=config.sync_seconds
            )
            writer.start()
            stack.push_async_callback(_stop, writer, volume, stuck)
            health = DiskHealth(notices, language, str(volume.root) if len(places) > 1 else "")
            shelves.append(Shelf(volume=volume, writer=writer, health=health, bytes_max=place.limits.bytes_max))
        limits = [place.limits for _, place in found]
        sweepers, shares = await _retention(config, shelves, limits, joins, catalog, clock, board)
        disks = Disks(shelves, await catalog.read(queries.newest_volumes))
        yield OpenVolumes(disks=disks, sweepers=sweepers, shares=shares, last_runs=last_runs)


async def _retention(
    config: StorageConfig,
    shelves: Sequence[Shelf],
    limits: Sequence[Limits],
    joins: Sequence[Callable[[], Awaitable[None]] | None],
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
            join=join,
        )
        for shelf, its, join in zip(shelves, limits, joins, strict=True)
    ]
    for sweeper, join in zip(sweepers, joins, strict=True):
        with contextlib.suppress(*(() if join is None else (OSError, VolumeError))):  # said, and tried again
            await sweeper.run_once()
    return sweepers, ShareSweeper(
        catalog=catalog,
        deleter=deleter,
        usage=usage,
        clock=clock,
        volumes=tuple(volumes),
        days_max=config.days_max,
    )


class _Joining:
    """One volume on its way into use. `find` it, then `join`, whenever it is there."""

    def __init__(
        self, root: Path, data_dir: Path, known: Mapping[str, VolumeRow], catalog: Catalog, clock: Clock
    ) -> None:
        self.volume = Volume(root)
        self.joined = False
        self._path = str(root.relative_to(data_dir)) if root.is_relative_to(data_dir) else str(root)
        self._known = known.get(self._path)
        self._catalog = catalog
        self._clock = clock

    async def find(self, *, only: bool) -> bool:
        """Whether the volume is there, or may be made; false if it is one that the index knows and that has to come.
        Raises VolumeError."""
        volume, known = self.volume, self._known
        if known is None:
            if not only and not await asyncio.to_thread(volume.root.is_dir):
                raise VolumeError(
                    f"{volume.root}: the folder is not there; mount the volume, or make the folder, and start again"
                )
            return True
        volume.number = known.number
        try:
            await asyncio.to_thread(volume.identify, known.id)
        except VolumeMissingError:
            return False
        return True

    async def join(self, last_runs: dict[tuple[str, Stream], int] | None = None) -> None:
        """Locks, identifies and recovers it; `last_runs` gets the highest run numbers. Raises VolumeError; nothing is
        written before the id is seen, not even the lock."""
        volume, known_id = self.volume, self._known.id if self._known else None
        if known_id is not None:
            await asyncio.to_thread(volume.identify, known_id)
        await asyncio.to_thread(volume.lock)
        try:
            volume_id = await asyncio.to_thread(volume.identify, known_id)
            volume.number = await self._catalog.do(partial(put_volume, id=volume_id, path=self._path))
            recovered = await self._catalog.do(partial(recover, volume=volume, clock=self._clock))
        except OSError as error:
            volume.unlock()
            name = error.filename or volume.root
            raise VolumeError(f"{name}: cannot be recovered: {error.strerror}") from error
        except VolumeError:
            volume.unlock()
            raise
        self.joined = True
        if last_runs is not None:
            for stream, run in recovered.last_runs.items():
                last_runs[stream] = max(run, last_runs.get(stream, 0))


async def _stop(writer: DiskWriter, volume: Volume, stuck: list[Path]) -> None:
    with anyio.CancelScope(shield=True):
        if not await asyncio.to_thread(writer.stop, CLOSE_SECONDS_MAX):
            stuck.append(volume.root)
            _log.error(
                "%s: the disk has not taken everything within %s s; the rest is lost", volume.root, CLOSE_SECONDS_MAX
            )
