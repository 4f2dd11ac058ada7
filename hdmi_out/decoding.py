"""Decodes what has come for all streams, once a frame, in a few worker threads. Once a frame, because waking a thread
for each picture costs as much as small pictures themselves."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor

from gate.clock import Clock
from hdmi_out.errors import MediaError
from hdmi_out.stream import CameraStream, Item

_log = logging.getLogger(__name__)


class Decoding:
    """`threads`: how many of `workers` it uses. A stream that takes long keeps one of them busy, never the frame."""

    def __init__(self, workers: Executor, threads: int, clock: Clock) -> None:
        self._workers = workers
        self._threads = threads
        self._clock = clock
        self._due: deque[tuple[CameraStream, Sequence[Item]]] = deque()
        self._busy: set[CameraStream] = set()
        self._jobs: set[asyncio.Future[None]] = set()

    async def run_once(self, streams: Iterable[CameraStream], seconds_max: float, *, keys_only: bool = False) -> bool:
        """Decodes whatever waits, for so long at most; whether all of it is done. What is not goes on meanwhile, and
        its stream waits for it. `keys_only`: only key pictures."""
        for job in [job for job in self._jobs if job.done()]:
            self._jobs.remove(job)
            job.result()
        for stream in streams:
            if stream not in self._busy and (items := stream.take_queued(keys_only=keys_only)):
                self._busy.add(stream)
                self._due.append((stream, items))
        loop = asyncio.get_running_loop()
        for _ in range(min(self._threads - len(self._jobs), len(self._due))):
            self._jobs.add(loop.run_in_executor(self._workers, self._work))
        if not self._jobs:
            return True
        try:
            async with self._clock.timeout(seconds_max):
                await asyncio.wait(self._jobs)
        except TimeoutError:
            return False
        return True

    def _work(self) -> None:
        """In a worker thread: one stream after the other, as long as there are."""
        while True:
            try:
                stream, items = self._due.popleft()
            except IndexError:
                return
            try:
                stream.decode(items)
            except MediaError as error:
                _log.error("%s", error)
                stream.refusal = str(error)
            finally:
                self._busy.discard(stream)
