"""Several volumes: which camera is recorded to which, and how it gets to another.

1. A camera stays on the volume that has its newest footage. A new one goes where there are the fewest cameras for the
   room that volume has.
2. A volume that is full, gone or fails to take a camera's footage loses that camera to the best of the others, if there
   is one that can be written to; it stays there from then on. With one volume it is tried again.
3. A run lies on one volume: a camera moves between two runs.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from recorder.catalog.rows import Stream
from recorder.segments.disk_commands import Command
from recorder.segments.health import DiskHealth
from recorder.segments.volume import Volume
from recorder.segments.writer import DiskFailure, DiskWriter, Track

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A volume with its disk thread and its health. `bytes_max`: what footage may take on it."""

    volume: Volume
    writer: DiskWriter
    health: DiskHealth
    bytes_max: int


class Disks:
    """All volumes of a recorder. `homes`: which volume, by its number, has a camera's newest footage."""

    def __init__(self, shelves: Sequence[Shelf], homes: Mapping[str, int]) -> None:
        self.shelves = tuple(shelves)
        self._homes = dict(homes)
        self._placed: dict[str, Shelf] = {}

    def way_of(self, camera: str, stream: Stream = "main") -> "WayToDisk":
        """A stream's way to the disks, for its recorder. Asked for again, it goes where it was last."""
        return WayToDisk(self, camera, stream)

    def place(self, name: str) -> Shelf:
        """Where a stream is recorded to (rule 1), by its WayToDisk's name; a sub stream beside its camera's footage."""
        if name not in self._placed:
            number = self._homes.get(name, self._homes.get(name.partition(" ")[0]))
            home = next((shelf for shelf in self.shelves if shelf.volume.number == number), None)
            self._placed[name] = home or min(self.shelves, key=self._crowding)
        return self._placed[name]

    def remove(self, name: str) -> None:
        """A stream is no longer recorded; its place is free for others, and kept for its return."""
        if (shelf := self._placed.pop(name, None)) is not None:
            self._homes[name] = shelf.volume.number

    def move(self, name: str, reason: str) -> bool:
        """Finds a stream another volume (rule 2); whether there is one."""
        before = self.place(name)
        others = [shelf for shelf in self.shelves if shelf is not before and not shelf.health.blocked]
        if not others:
            return False
        after = self._placed[name] = min(others, key=self._crowding)
        _log.warning(
            "camera %s: recorded to %s from now on, no longer to %s: %s",
            name, after.volume.root, before.volume.root, reason,
        )  # fmt: skip
        return True

    def _crowding(self, shelf: Shelf) -> tuple[bool, float, int]:
        cameras = sum(placed is shelf for placed in self._placed.values())
        return shelf.health.blocked, (cameras + 1) / shelf.bytes_max, shelf.volume.number

    async def wait_change(self) -> None:
        """Returns as soon as one of the volumes may have become writable."""
        waits = [asyncio.create_task(shelf.health.wait_change()) for shelf in self.shelves]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


class WayToDisk:
    """What a recorder knows of the disks: one stream's place on whichever volume it has now."""

    def __init__(self, disks: Disks, camera: str, stream: Stream) -> None:
        self._disks = disks
        self._camera = camera
        self._stream: Stream = stream
        self._name = camera if stream == "main" else f"{camera} {stream}"
        self._shelf = disks.place(self._name)
        self._tracks: dict[int, Track] = {}
        self._add_track: Callable[[Shelf], Track] | None = None
        self._failing: Shelf | None = None
        self._failed_on: set[int] = set()

    def add_stream(self, on_failure: Callable[[DiskFailure], None], on_recovered: Callable[[], None]) -> None:
        """Once, before `put`; the callbacks as in DiskWriter.add_stream."""

        def add_track(shelf: Shelf) -> Track:
            def fail(failure: DiskFailure) -> None:
                self._failing = shelf
                on_failure(failure)
                self._failing = None

            return shelf.writer.add_stream(self._camera, self._stream, fail, on_recovered)

        self._add_track = add_track

    def put(self, commands: Sequence[Command]) -> bool:
        """Hands commands to the disk, all or none; false if its queue is full."""
        return self._shelf.writer.put(self._track, commands)

    @property
    def queued_bytes(self) -> int:
        """What waits for the disk."""
        return self._shelf.writer.queued_bytes

    @property
    def blocked(self) -> bool:
        """Whether nothing may be written now where the stream is."""
        return self._shelf.health.blocked

    async def wait_writable(self) -> None:
        """Returns as soon as recording may go on, here or on another volume."""
        while self.blocked and not self._move("it cannot be written to"):
            await self._disks.wait_change()

    def fail(self, message: str) -> None:
        """A run was lost to the disk, and it is said; the next one goes to another volume, if there is one."""
        if self._failing not in (None, self._shelf):  # an earlier run's end, where the camera is no longer
            return
        self._shelf.health.fail(self._name, message)
        self._failed_on.add(self._shelf.volume.number)
        self._move(message)
        self._track.healing = True

    @property
    def untried(self) -> bool:
        """Whether the volume has not failed since footage last reached a disk: no need to wait before the next run."""
        return self._shelf.volume.number not in self._failed_on

    def recover(self) -> None:
        """Footage reaches the disk again."""
        self._failed_on.clear()
        self._shelf.health.recover(self._name)

    def close(self) -> None:
        """The recorder has ended; what it handed over is still written."""
        for shelf in self._disks.shelves:
            if (track := self._tracks.get(shelf.volume.number)) is not None:
                shelf.writer.remove_stream(track)
        self._disks.remove(self._name)

    def _move(self, reason: str) -> bool:
        moved = self._disks.move(self._name, reason)
        self._shelf = self._disks.place(self._name)
        return moved

    @property
    def _track(self) -> Track:
        number = self._shelf.volume.number
        if number not in self._tracks:
            assert self._add_track is not None, f"{self._camera}: put before add_stream"
            self._tracks[number] = self._add_track(self._shelf)
        return self._tracks[number]
