"""The disk thread of one volume: takes the cutters' commands from a queue bounded in bytes and carries them out.

Trouble with one stream ends that stream's run and is told to its owner; the others go on. Whatever the thread learns
goes to the catalogue (posted) and to the event loop (callbacks).
"""

import asyncio
import errno
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gate.clock import Clock
from recorder.catalog.changes import close_segment, delete_segments, insert_segment
from recorder.catalog.database import Catalog
from recorder.catalog.rows import SegmentId, Stream
from recorder.segments.disk_commands import CloseSegment, Command, OpenSegment, WriteFragment
from recorder.segments.segment_file import Disk, SegmentFile, create_segment
from recorder.segments.volume import Volume

_log = logging.getLogger(__name__)

QUEUE_BYTES_MAX = 64 << 20
"""Bound of the pictures that wait for the disk, over all streams of a volume."""

SYNC_SHARE = 0.75
"""A file is synced once its oldest unsynced fragment is older than this share of `sync_seconds`; the thread looks
every remaining share, so that the whole bound holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFailure:
    """A stream's run could not be written on. `kept_until_utc_ns`: the end of what is on disk. `message`: the system's
    words."""

    camera: str
    stream: Stream
    run: int
    kept_until_utc_ns: int
    message: str


@dataclass(slots=True)
class Track:
    """One stream, as the disk thread sees it. `kept_bytes`: written, less what was cut off again."""

    camera: str
    stream: Stream
    on_failure: Callable[[DiskFailure], None]
    on_recovered: Callable[[], None]
    opening: OpenSegment | None = None
    file: SegmentFile | None = None
    run: int = 0
    failed_run: int = 0
    healing: bool = False
    kept_bytes: int = 0


class _Stop:
    pass


class _Look:
    pass


@dataclass(frozen=True, slots=True)
class _Remove:
    track: Track


class DiskWriter:
    """`start` it, `put` from the event loop only, `stop` it from another thread than the loop's."""

    def __init__(self, *, volume: Volume, catalog: Catalog, disk: Disk, clock: Clock, sync_seconds: float) -> None:
        self._volume = volume
        self._catalog = catalog
        self._disk = disk
        self._clock = clock
        self._sync_after_ns = round(sync_seconds * SYNC_SHARE * 1e9)
        self.look_seconds = sync_seconds * (1 - SYNC_SHARE)
        self._queue: queue.SimpleQueue[tuple[Track, Sequence[Command]] | _Look | _Remove | _Stop] = queue.SimpleQueue()
        self._tracks: tuple[Track, ...] = ()
        self._kept_before: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()
        self._put_bytes = self._done_bytes = 0
        self._put_items = self._done_items = 0
        self.bytes_written = 0
        """All bytes that went to files; only grows."""
        self.bytes_salvaged = 0
        """Of these, what was cut off again after errors."""
        self.segments_kept = 0
        """Segments begun, less those that came to nothing."""
        self.syncs = self.sync_ns = self.sync_ns_max = 0
        """Times that footage was made safe, what that took, and the longest of it."""
        self.no_space_errors = 0
        """How often the disk said that it is full, whatever it says of its free space."""
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def add_stream(
        self, camera: str, stream: Stream, on_failure: Callable[[DiskFailure], None], on_recovered: Callable[[], None]
    ) -> Track:
        """A stream's place, for `put`. The callbacks run in the event loop: when a run was lost to the disk, and when
        the next one has its first fragment on it."""
        track = Track(camera, stream, on_failure, on_recovered)
        self._tracks = (*self._tracks, track)
        return track

    def remove_stream(self, track: Track) -> None:
        """Nothing more comes of a stream; its file is closed when all it sent is written."""
        self._queue.put(_Remove(track))

    def kept_bytes_of(self, camera: str) -> int:
        """What has been written for a camera since the start, less what was cut off again."""
        return self._kept_before.get(camera, 0) + sum(
            track.kept_bytes for track in self._tracks if track.camera == camera
        )

    @property
    def queued_bytes(self) -> int:
        """What waits for the disk."""
        return self._put_bytes - self._done_bytes

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs, be it that it waits for the disk."""
        return self._thread.is_alive()

    @property
    def idle(self) -> bool:
        """Whether the thread has done all that it was asked to."""
        return self._put_items == self._done_items

    def put(self, track: Track, commands: Sequence[Command]) -> bool:
        """Hands commands to the disk, in order, all or none; false if the queue is full: the run cannot go on.
        Commands without pictures are always taken."""
        size = _data_bytes(commands)
        if size and self.queued_bytes + size > QUEUE_BYTES_MAX:
            return False
        self._put_bytes += size
        self._put_items += 1
        self._queue.put((track, commands))
        return True

    def look(self) -> None:
        """Has the thread sync what is due. To be called every `look_seconds`."""
        self._put_items += 1
        self._queue.put(_Look())

    def stop(self, timeout_seconds: float) -> bool:
        """Carries out what waits, closes every file, ends the thread; false if that took too long. Blocks."""
        self._queue.put(_Stop())
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not isinstance(item := self._queue.get(), _Stop):
            if isinstance(item, _Look):
                self._sync_due()
                self._done_items += 1
                continue
            if isinstance(item, _Remove):
                self._remove(item.track)
                continue
            track, commands = item
            for command in commands:
                try:
                    self._carry_out(track, command)
                except OSError as error:
                    self._fail(track, error, synced_only=False)
                except Exception as error:  # a defect in one stream's path must not end the others' recording
                    _log.exception("camera %s: %s", track.camera, type(command).__name__)
                    self._fail(track, OSError(str(error)), synced_only=False)
            self._done_bytes += _data_bytes(commands)
            self._done_items += 1
        for track in self._tracks:
            if track.file is not None:
                self._close(track, track.file, None)

    def _remove(self, track: Track) -> None:
        if track.file is not None:
            self._close(track, track.file, None)
        self._loop.call_soon_threadsafe(self._forget, track)

    def _forget(self, track: Track) -> None:
        self._kept_before[track.camera] = self._kept_before.get(track.camera, 0) + track.kept_bytes
        self._tracks = tuple(other for other in self._tracks if other is not track)

    def _carry_out(self, track: Track, command: Command) -> None:
        if isinstance(command, OpenSegment):
            track.run = command.run
        if track.run <= track.failed_run:
            return
        if isinstance(command, WriteFragment):
            self._write(track, command)
        elif isinstance(command, OpenSegment):
            track.opening = command
        elif track.file is not None:
            self._close(track, track.file, command)

    def _write(self, track: Track, command: WriteFragment) -> None:
        if track.file is None:
            opening = track.opening
            assert opening is not None, f"{track.camera}: a fragment without a segment"
            id = SegmentId(track.camera, track.stream, opening.run, opening.seq)
            self._volume.check_present()
            path = self._volume.path_of(id, opening.start_utc_ns)
            file = track.file = create_segment(self._disk, self._volume.root, path, id, opening, command)
            self._count(track, file.init_bytes)
            self.segments_kept += 1
            self._count(track, file.write(command, self._clock.monotonic_ns()))
            self._catalog.post(
                partial(
                    insert_segment,
                    id=id,
                    start_utc_ns=opening.start_utc_ns,
                    format=opening.format,
                    init_bytes=file.init_bytes,
                    volume=self._volume.number,
                )
            )
        else:
            self._count(track, track.file.write(command, self._clock.monotonic_ns()))
        if track.healing:
            track.healing = False
            self._tell(track.on_recovered)

    def _count(self, track: Track, size: int) -> None:
        self.bytes_written += size
        track.kept_bytes += size

    def _close(self, track: Track, file: SegmentFile, command: CloseSegment | None) -> None:
        try:
            file.close()
        except OSError as error:
            self._fail(track, error, synced_only=True)
            return
        track.file = None
        end_utc_ns = command.end_utc_ns if command is not None else None
        self._catalog.post(partial(close_segment, id=file.id, content=file.content(end_utc_ns)))

    def _sync_due(self) -> None:
        now_ns = self._clock.monotonic_ns()
        for track in self._tracks:
            file = track.file
            if file is None or file.dirty_since_ns is None or now_ns - file.dirty_since_ns < self._sync_after_ns:
                continue
            begun_ns = self._clock.monotonic_ns()
            try:
                file.sync()
            except OSError as error:
                self._fail(track, error, synced_only=True)
            took_ns = self._clock.monotonic_ns() - begun_ns
            self.syncs, self.sync_ns = self.syncs + 1, self.sync_ns + took_ns
            self.sync_ns_max = max(self.sync_ns_max, took_ns)

    def _fail(self, track: Track, error: OSError, *, synced_only: bool) -> None:
        """Ends the track's run; its file keeps what is whole."""
        file, track.file = track.file, None
        track.failed_run, track.healing = track.run, True
        kept_until_utc_ns = track.opening.start_utc_ns if track.opening is not None else 0
        if file is not None:
            cut_off = before = file.bytes
            kept = file.salvage(synced_only=synced_only)
            kept_until_utc_ns = file.end_utc_ns
            if kept:
                self._catalog.post(partial(close_segment, id=file.id, content=file.content()))
                cut_off = before - file.bytes
            else:
                self._catalog.post(partial(delete_segments, ids=[file.id]))
                self.segments_kept -= 1
            self.bytes_salvaged += cut_off
            track.kept_bytes -= cut_off
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            self.no_space_errors += 1
        message = error.strerror or str(error)
        path = file.path if file is not None else self._volume.root
        size = file.bytes if file is not None else 0
        _log.error("camera %s: %s: %s (at byte %s); the run ends", track.camera, path, message, size)
        failure = DiskFailure(
            camera=track.camera,
            stream=track.stream,
            run=track.run,
            kept_until_utc_ns=kept_until_utc_ns,
            message=message,
        )
        self._tell(partial(track.on_failure, failure))

    def _tell(self, callback: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback)


def _data_bytes(commands: Sequence[Command]) -> int:
    return sum(command.data_bytes for command in commands if isinstance(command, WriteFragment))
