"""The storage of one recorder, ready to use: its index, its volumes, and a recorder for each camera."""

import asyncio
import itertools
import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio

from gate.clock import Clock
from recorder.catalog import queries
from recorder.catalog.changes import begin_boot, end_boot, touch_boot
from recorder.catalog.database import Catalog
from recorder.catalog.errors import CatalogError
from recorder.catalog.event_changes import end_all_events
from recorder.catalog.rows import STREAMS, GapRow, Stream
from recorder.config import StorageConfig
from recorder.hub import Feed
from recorder.playback.archive import INDEX_NAME
from recorder.segments.account import Past, StreamAccount
from recorder.segments.cutter import Cutter
from recorder.segments.disks import WayToDisk
from recorder.segments.folder_lock import FolderLock
from recorder.segments.gaps import GapKeeper
from recorder.segments.health import Language
from recorder.segments.mode import CONTINUOUS, RecordingMode
from recorder.segments.recorder import RecordingGate, StreamRecorder
from recorder.segments.segment_file import Disk, OsDisk
from recorder.segments.writer import DiskWriter
from recorder.state import StateBoard
from recorder.volumes import CLOSE_SECONDS_MAX, OpenVolumes, open_volumes

_log = logging.getLogger(__name__)

LOCK_NAME = "index.lock"
ALIVE_SECONDS = 60.0
"""How often the index notes that the recorder runs."""
SEGMENTS_PER_CAP_MIN = 4
"""So many segments of every stream fit into `bytes_max` at least: a segment is cut earlier where it is too large."""
SEGMENT_BYTES_MIN = 4 << 20

_StreamId = tuple[str, Stream]
_Known = tuple[int, Past, GapRow | None]


class Storage:
    """What `open_storage` gives: a recorder for each stream that is recorded, and the index to ask (`catalog.read`)."""

    def __init__(
        self,
        *,
        config: StorageConfig,
        catalog: Catalog,
        volumes: OpenVolumes,
        clock: Clock,
        board: StateBoard,
        boot: int,
        streams: dict[_StreamId, _Known],
    ) -> None:
        self.catalog = catalog
        self.volumes = volumes
        self._config = config
        self._clock = clock
        self._board = board
        self._boot = boot
        self._streams = streams
        self._cutters: dict[_StreamId, Cutter] = {}
        self._ways: dict[_StreamId, WayToDisk] = {}

    async def prepare(self, camera_id: str) -> None:
        """Reads what the index knows of a camera that has come since, before `recorder` is asked for it."""
        used = {id: cutter.next_run - 1 for id, cutter in self._cutters.items() if id[0] == camera_id}
        for id, (last_run, past, gap) in (await _load_streams(self.catalog, [camera_id], used)).items():
            # this boot has not ended in a crash
            self._streams.setdefault(id, (last_run, replace(past, clean=True), gap))

    def set_share(self, camera_id: str, bytes_max: int | None) -> None:
        """What a camera's footage may take of the volumes; None: whatever there is."""
        self.volumes.shares.set_share(camera_id, bytes_max)

    def forget(self, camera_id: str, streams: Sequence[Stream] = STREAMS) -> None:
        """Streams that are no longer recorded, whose recorders have ended. Footage stays, until its time comes."""
        for stream in streams:
            self._streams.pop((camera_id, stream), None)
            if (way := self._ways.pop((camera_id, stream), None)) is not None:
                way.close()

    def is_alive(self) -> bool:
        """Whether the threads of the index and of every disk run. One that waits for its disk does; one that has ended
        by a defect is to be had again only in a new process."""
        return self.catalog.is_alive and all(shelf.writer.is_alive for shelf in self.volumes.disks.shelves)

    async def run(self) -> None:
        """Retention and timely syncing, until cancelled; footage is safe only while this runs."""
        async with asyncio.TaskGroup() as tasks:
            for sweeper in self.volumes.sweepers:
                tasks.create_task(sweeper.run(), name="sweeper")
            tasks.create_task(self.volumes.shares.run(), name="shares")
            for shelf in self.volumes.disks.shelves:
                tasks.create_task(_look(shelf.writer, self._clock), name="sync")
            tasks.create_task(_stay_alive(self.catalog, self._clock, self._boot), name="boot record")

    def recorder(
        self,
        camera_id: str,
        feed: Feed,
        gate: RecordingGate,
        mode: RecordingMode = CONTINUOUS,
        stream: Stream = "main",
    ) -> StreamRecorder:
        """The recording of a stream. Once each; `run` it in a task."""
        id = camera_id, stream
        last_run, past, open_gap = self._streams[id]
        disks = self.volumes.disks
        bytes_max = min(shelf.bytes_max for shelf in disks.shelves)
        share = self.volumes.shares.share_of(camera_id) or bytes_max
        segment_bytes_max = min(2 * bytes_max // len(self._streams), share) // SEGMENTS_PER_CAP_MIN
        self._ways[id] = way = disks.way_of(camera_id, stream)
        self._cutters[id] = cutter = Cutter(
            camera=camera_id,
            segment_seconds=self._config.segment_seconds,
            segment_bytes_max=max(segment_bytes_max, SEGMENT_BYTES_MIN),
            next_run=last_run + 1,
        )
        return StreamRecorder(
            camera=camera_id,
            feed=feed,
            gate=gate,
            mode=mode,
            cutter=cutter,
            disk=way,
            account=StreamAccount(
                camera=camera_id,
                stream=stream,
                gaps=GapKeeper(camera_id, stream, self.catalog.post, open_gap),
                clock=self._clock,
                board=self._board,
                past=past,
            ),
            clock=self._clock,
        )


@asynccontextmanager
async def open_storage(
    config: StorageConfig,
    *,
    data_dir: Path,
    camera_ids: Sequence[str],
    clock: Clock,
    board: StateBoard,
    language: Language = "en",
    disk: Disk | None = None,
) -> AsyncIterator[Storage]:
    """The index in `data_dir` and the volumes, recovered. Leave it after `Storage.run` and the recorders have ended:
    everything is then on disk within CLOSE_SECONDS_MAX. `disk`: where the bytes go, the real one by default.

    Raises VolumeError or CatalogError, each one sentence for people.
    """
    async with AsyncExitStack() as stack:
        folder = FolderLock(data_dir, LOCK_NAME)
        await asyncio.to_thread(folder.lock)
        stack.callback(folder.unlock)
        catalog = await asyncio.to_thread(Catalog, data_dir / INDEX_NAME)
        stack.push_async_callback(asyncio.to_thread, catalog.close)
        boots: list[int] = []
        stuck: list[Path] = []
        stack.push_async_callback(_end_boot, catalog, clock, boots, stuck)
        volumes = await stack.enter_async_context(
            open_volumes(
                config,
                data_dir=data_dir,
                catalog=catalog,
                clock=clock,
                board=board,
                language=language,
                disk=disk or OsDisk(),
                stuck=stuck,
            )
        )
        streams = await _load_streams(catalog, camera_ids, volumes.last_runs)
        alive_utc_ns = await catalog.read(queries.last_alive_utc_ns)
        await catalog.do(partial(end_all_events, end_utc_ns=alive_utc_ns or 0))
        boots.append(await catalog.do(partial(begin_boot, now_utc_ns=clock.now_ns())))
        yield Storage(
            config=config,
            catalog=catalog,
            volumes=volumes,
            clock=clock,
            board=board,
            boot=boots[0],
            streams=streams,
        )


async def _load_streams(
    catalog: Catalog, camera_ids: Sequence[str], last_runs: Mapping[_StreamId, int]
) -> dict[_StreamId, _Known]:
    """Of every stream: the highest run of the index and of `last_runs`, how things stood, and the gap that lasts."""
    clean = await catalog.read(queries.last_boot_was_clean)
    alive_utc_ns = await catalog.read(queries.last_alive_utc_ns)
    gaps = {(gap.camera, gap.stream): gap for gap in await catalog.read(queries.open_gaps)}
    streams: dict[_StreamId, _Known] = {}
    for camera, stream in itertools.product(camera_ids, STREAMS):
        last_run = await catalog.read(partial(queries.last_run, camera=camera, stream=stream))
        end_utc_ns = await catalog.read(partial(queries.last_end_utc_ns, camera=camera, stream=stream))
        streams[camera, stream] = (
            max(last_run, last_runs.get((camera, stream), 0)),
            Past(end_utc_ns=end_utc_ns, clean=clean, alive_utc_ns=alive_utc_ns),
            gaps.get((camera, stream)),
        )
    return streams


async def _look(writer: DiskWriter, clock: Clock) -> None:
    while True:
        await clock.sleep(writer.look_seconds)
        writer.look()


async def _stay_alive(catalog: Catalog, clock: Clock, boot: int) -> None:
    while True:
        await clock.sleep(ALIVE_SECONDS)
        catalog.post(partial(touch_boot, boot=boot, now_utc_ns=clock.now_ns()))


async def _end_boot(catalog: Catalog, clock: Clock, boots: Sequence[int], stuck: Sequence[Path]) -> None:
    """`boots`: this start's, once it has begun; `stuck`: volumes that have not taken everything."""
    if stuck:
        return
    with anyio.CancelScope(shield=True):
        try:
            async with clock.timeout(CLOSE_SECONDS_MAX):
                for boot in boots:
                    await catalog.do(partial(end_boot, boot=boot, now_utc_ns=clock.now_ns()))
        except (TimeoutError, sqlite3.Error, CatalogError) as error:
            _log.error("the index does not take its last changes (%s); the next start puts it right", error)
