"""One segment on disk: created with its first fragment, written a fragment at a time, synced, closed.

`Disk` is the one seam at which bytes leave the process.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from recorder.catalog.changes import SegmentContent
from recorder.catalog.rows import FragmentEntry, SegmentId
from recorder.media.fmp4 import Sample, SegmentMark, fragment, init_segment, mark_box
from recorder.segments.cutter import ns_of_ticks
from recorder.segments.disk_commands import OpenSegment, WriteFragment
from recorder.segments.volume import remove_empty_folders, sync_folder

_BUFFERS_MAX = 1024  # IOV_MAX of Linux


class Disk(Protocol):
    """What may fail when footage is written."""

    def writev(self, fd: int, buffers: Sequence[bytes]) -> int:
        """os.writev."""

    def sync(self, fd: int) -> None:
        """os.fdatasync."""

    def sync_folder(self, folder: Path) -> None:
        """Makes the names in a folder durable."""


class OsDisk:
    """The real one."""

    def writev(self, fd: int, buffers: Sequence[bytes]) -> int:
        return os.writev(fd, buffers)

    def sync(self, fd: int) -> None:
        os.fdatasync(fd)

    def sync_folder(self, folder: Path) -> None:
        sync_folder(folder)


@dataclass(slots=True, kw_only=True)
class SegmentFile:
    """The open segment of one stream. `write`, `sync` and `close` raise OSError.

    `dirty_since_ns`: monotonic time of the oldest fragment that is not yet synced.
    """

    disk: Disk
    root: Path
    path: Path
    id: SegmentId
    start_utc_ns: int
    init_bytes: int
    dirty_since_ns: int | None = None
    _fd: int = -1
    _fragments: list[FragmentEntry] = field(default_factory=list)
    _samples: list[int] = field(default_factory=list)
    _bytes: int = 0
    _durable: int = 0
    _unsynced_folders: list[Path] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Size of the init section and all whole fragments."""
        return self._bytes

    @property
    def end_utc_ns(self) -> int:
        """Of the last picture on disk."""
        if not self._fragments:
            return self.start_utc_ns
        last = self._fragments[-1]
        return self.start_utc_ns + ns_of_ticks(last.decode_time_90k + last.duration_90k)

    def content(self, end_utc_ns: int | None = None) -> SegmentContent:
        """For the catalogue."""
        return SegmentContent(
            end_utc_ns=self.end_utc_ns if end_utc_ns is None else end_utc_ns,
            samples=sum(self._samples),
            bytes=self._bytes,
            fragments=tuple(self._fragments),
        )

    def write(self, command: WriteFragment, now_ns: int) -> int:
        """Appends a fragment; returns the bytes written."""
        durations, units = command.durations_90k, command.units
        buffers = boxes_of(len(self._fragments) + 1, command)
        size = len(buffers[0]) + command.data_bytes
        _write_all(self.disk, self._fd, buffers)
        self._fragments.append(FragmentEntry(size, sum(durations), units[0].key, command.decode_time_90k))
        self._samples.append(len(units))
        self._bytes += size
        if self.dirty_since_ns is None:
            self.dirty_since_ns = now_ns
        return size

    def sync(self) -> None:
        """Makes everything durable, the file's name included."""
        if self.dirty_since_ns is None:
            return
        self.disk.sync(self._fd)
        while self._unsynced_folders:
            self.disk.sync_folder(self._unsynced_folders[-1])
            self._unsynced_folders.pop()
        self.dirty_since_ns = None
        self._durable = len(self._fragments)

    def close(self) -> None:
        """Syncs and closes."""
        self.sync()
        fd, self._fd = self._fd, -1
        os.close(fd)

    def salvage(self, *, synced_only: bool) -> bool:
        """After an error: cuts off what is torn (or, after a failed sync, all that is not surely durable) and closes,
        as well as that still goes. Whether a fragment is left; if not, the file is removed."""
        if synced_only:
            del self._fragments[self._durable :], self._samples[self._durable :]
            self._bytes = self.init_bytes + sum(entry.bytes for entry in self._fragments)
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._bytes)
        if not synced_only:
            try:
                self.sync()
            except OSError:
                return self.salvage(synced_only=True)
        fd, self._fd = self._fd, -1
        with contextlib.suppress(OSError):
            os.close(fd)
        if not self._fragments:
            with contextlib.suppress(OSError):
                self.path.unlink()
                remove_empty_folders(self.path, self.root)
        return bool(self._fragments)


def boxes_of(number: int, command: WriteFragment) -> list[bytes]:
    """A fragment's bytes; `number` counts from 1 in its file."""
    units = command.units
    offsets = [offset + command.delay_90k for offset in command.offsets_90k] or [command.delay_90k] * len(units)
    samples = [
        Sample(unit.data, ticks, unit.key, offset)
        for unit, ticks, offset in zip(units, command.durations_90k, offsets, strict=True)
    ]
    return fragment(number, command.decode_time_90k, samples, command.sound)


def create_segment(
    disk: Disk, root: Path, path: Path, id: SegmentId, command: OpenSegment, first: WriteFragment
) -> SegmentFile:
    """A new file with its init section; `first` is to be written next. Raises OSError; FileExistsError if the identity
    is taken."""
    mark = SegmentMark(run=id.run, seq=id.seq, start_utc_ns=command.start_utc_ns)
    init = init_segment(command.format, mark_box(mark), delay_90k=first.delay_90k)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    folders = [path.parent]
    try:
        fd = os.open(path, flags, 0o644)
    except FileNotFoundError:  # a new day, or retention has just removed the empty folder
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, flags, 0o644)
        folders = [folder for folder in path.parents if folder.is_relative_to(root)]
    try:
        _write_all(disk, fd, [init])
    except OSError:
        os.close(fd)
        path.unlink()
        raise
    return SegmentFile(
        disk=disk,
        root=root,
        path=path,
        id=id,
        start_utc_ns=command.start_utc_ns,
        init_bytes=len(init),
        _fd=fd,
        _bytes=len(init),
        _unsynced_folders=folders,
    )


def _write_all(disk: Disk, fd: int, buffers: Sequence[bytes]) -> None:
    rest = list(buffers)
    while rest:
        written = disk.writev(fd, rest[:_BUFFERS_MAX])
        done = 0
        while done < len(rest) and written >= len(rest[done]):
            written -= len(rest[done])
            done += 1
        del rest[:done]
        if written:
            rest[0] = rest[0][written:]
