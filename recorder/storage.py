"""The recording volume of one recorder, ready to use: lock, index, recovery, disk thread, retention."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio

from gate.clock import Clock
from recorder.catalog import queries, retention_queries
from recorder.catalog.changes import begin_boot, end_boot, put_volume, touch_boot
from recorder.catalog.database import Catalog
from recorder.catalog.errors import CatalogError
from recorder.catalog.rows import GapRow, Stream
from recorder.config import StorageConfig
from recorder.hub import Feed
from recorder.retention.plan import Limits
from recorder.retention.sweeper import Sweeper
from recorder.segments.account import Past, StreamAccount
from recorder.segments.cutter import Cutter
from recorder.segments.errors import VolumeError
from recorder.segments.gap_recovery import settle_gaps
from recorder.segments.gaps import GapKeeper
from recorder.segments.health import DiskHealth, Language
from recorder.segments.mode import CONTINUOUS, RecordingMode
from recorder.segments.recorder import RecordingGate, StreamRecorder
from recorder.segments.recovery import Recovered, recover
from recorder.segments.segment_file import Disk, OsDisk
from recorder.segments.volume import Volume
from recorder.segments.writer import DiskWriter
from recorder.state import StateBoard

_log = logging.getLogger(__name__)

MEDIA_NAME, INDEX_NAME = "media", "index.db"
ALIVE_SECONDS = 60.0
"""How often the index notes that the recorder runs."""
CLOSE_SECONDS_MAX = 2.0
"""How long the disk may take for what is still queued when the recorder stops."""
SEGMENTS_PER_CAP_MIN = 4
"""So many segments of every stream fit into `bytes_max` at least: a segment is cut earlier where it is too large."""
SEGMENT_BYTES_MIN = 4 << 20

_MAIN: Stream = "main"


class Storage:
    """What `open_storage` gives: a recorder for each camera, and the index to ask (`catalog.read`)."""

    def __init__(
        self,
        *,
        config: StorageConfig,
        volume: Volume,
        catalog: Catalog,
        writer: DiskWriter,
        health: DiskHealth,
        clock: Clock,
        board: StateBoard,
        sweeper: Sweeper,
        boot: int,
        streams: dict[str, tuple[int, Past, GapRow | None]],
    ) -> None:
        self.volume = volume
        self.catalog = catalog
        self._config = config
        self._writer = writer
        self._health = health
        self._clock = clock
        self._board = board
        self._sweeper = sweeper
        self._boot = boot
        self._streams = streams
        self._cutters: dict[str, Cutter] = {}

    async def prepare(self, camera_id: str) -> None:
        """Reads what the index knows of a camera that has come since, before `recorder` is asked for it."""
        if camera_id not in self._streams:
            cutter = self._cutters.get(camera_id)
            used = {(camera_id, _MAIN): cutter.next_run - 1} if cutter else {}
            last_run, past, gap = (await _load_streams(self.catalog, [camera_id], used))[camera_id]
            self._streams[camera_id] = last_run, replace(past, clean=True), gap  # this boot has not ended in a crash

    def forget(self, camera_id: str) -> None:
        """A camera that is no longer there, whose recorder has ended. Its footage stays, until its time comes."""
        self._streams.pop(camera_id, None)

    async def run(self) -> None:
        """Retention and timely syncing, until cancelled; footage is safe only while this runs."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweeper.run(), name="sweeper")
            tasks.create_task(_look(self._writer, self._clock), name="sync")
            tasks.create_task(_stay_alive(self.catalog, self._clock, self._boot), name="boot record")

    def recorder(
        self, camera_id: str, feed: Feed, gate: RecordingGate, mode: RecordingMode = CONTINUOUS
    ) -> StreamRecorder:
        """The recording of a camera's main stream. Once a camera; `run` it in a task."""
        last_run, past, open_gap = self._streams[camera_id]
        segment_bytes_max = self._config.bytes_max // (SEGMENTS_PER_CAP_MIN * len(self._streams))
        self._cutters[camera_id] = cutter = Cutter(
            camera=camera_id,
            segment_seconds=self._config.segment_seconds,
            segment_bytes_max=max(segment_bytes_max, SEGMENT_BYTES_MIN),
            next_run=last_run + 1,
        )
        return StreamRecorder(
            camera=camera_id,
            stream=_MAIN,
            feed=feed,
            gate=gate,
            mode=mode,
            cutter=cutter,
            writer=self._writer,
            account=StreamAccount(
                camera=camera_id,
                gaps=GapKeeper(camera_id, _MAIN, self.catalog.post, open_gap),
                clock=self._clock,
                board=self._board,
                past=past,
            ),
            health=self._health,
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
    """The volume in `data_dir`, recovered. Leave it after `Storage.run` and the recorders have ended: everything is
    then on disk within CLOSE_SECONDS_MAX. `disk`: where the bytes go, the real one by default.

    Raises VolumeError or CatalogError, each one sentence for people.
    """
    async with AsyncExitStack() as stack:
        volume = Volume(data_dir / MEDIA_NAME)
        await asyncio.to_thread(volume.lock)
        stack.callback(volume.unlock)
        catalog = await asyncio.to_thread(Catalog, data_dir / INDEX_NAME)
        stack.push_async_callback(asyncio.to_thread, catalog.close)
        recovered = await _recover(volume, catalog, clock)
        streams = await _load_streams(catalog, camera_ids, recovered.last_runs)
        boot = await catalog.do(partial(begin_boot, now_utc_ns=clock.now_ns()))
        writer = DiskWriter(
            volume=volume, catalog=catalog, disk=disk or OsDisk(), clock=clock, sync_seconds=config.sync_seconds
        )
        writer.start()
        stack.push_async_callback(_close, writer, catalog, clock, boot)
        health = DiskHealth(board, language)
        sweeper = Sweeper(
            volume=volume,
            catalog=catalog,
            writer=writer,
            health=health,
            board=board,
            clock=clock,
            limits=Limits(bytes_max=config.bytes_max, free_bytes_min=config.free_bytes_min),
            segment_seconds=config.segment_seconds,
            usage=await catalog.read(retention_queries.usage),
        )
        await sweeper.run_once()
        yield Storage(
            config=config,
            volume=volume,
            catalog=catalog,
            writer=writer,
            health=health,
            clock=clock,
            board=board,
            sweeper=sweeper,
            boot=boot,
            streams=streams,
        )


async def _recover(volume: Volume, catalog: Catalog, clock: Clock) -> Recovered:
    known = await catalog.read(queries.volumes)
    volume_id = await asyncio.to_thread(volume.identify, known[0].id if known else None)
    volume.number = await catalog.do(partial(put_volume, id=volume_id, path=volume.root.name))
    try:
        recovered = await catalog.do(partial(recover, volume=volume, clock=clock))
        await catalog.do(partial(settle_gaps, salvaged=recovered.salvaged))
    except OSError as error:
        raise VolumeError(f"{error.filename or volume.root}: cannot be recovered: {error.strerror}") from error
    return recovered


async def _load_streams(
    catalog: Catalog, camera_ids: Sequence[str], last_runs: Mapping[tuple[str, Stream], int]
) -> dict[str, tuple[int, Past, GapRow | None]]:
    """By camera: the highest run of the index and of `last_runs`, how things stood, and the gap that lasts."""
    clean = await catalog.read(queries.last_boot_was_clean)
    alive_utc_ns = await catalog.read(queries.last_alive_utc_ns)
    gaps = {(gap.camera, gap.stream): gap for gap in await catalog.read(queries.open_gaps)}
    streams = {}
    for camera in camera_ids:
        last_run = await catalog.read(partial(queries.last_run, camera=camera, stream=_MAIN))
        end_utc_ns = await catalog.read(partial(queries.last_end_utc_ns, camera=camera, stream=_MAIN))
        streams[camera] = (
            max(last_run, last_runs.get((camera, _MAIN), 0)),
            Past(end_utc_ns=end_utc_ns, clean=clean, alive_utc_ns=alive_utc_ns),
            gaps.get((camera, _MAIN)),
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


async def _close(writer: DiskWriter, catalog: Catalog, clock: Clock, boot: int) -> None:
    with anyio.CancelScope(shield=True):
        if not await asyncio.to_thread(writer.stop, CLOSE_SECONDS_MAX):
            _log.error("the disk has not taken everything within %s s; the rest is lost", CLOSE_SECONDS_MAX)
            return
        try:
            async with clock.timeout(CLOSE_SECONDS_MAX):
                await catalog.do(partial(end_boot, boot=boot, now_utc_ns=clock.now_ns()))
        except (TimeoutError, sqlite3.Error, CatalogError) as error:
            _log.error("the index does not take its last changes (%s); the next start puts it right", error)
