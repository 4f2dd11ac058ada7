"""A key frame on request: the rest of the present group is encoded again, beginning with an IDR, by a thread."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from camera_sim.clips.encode import begin_again
from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.clips.recipe import Recipe
from camera_sim.errors import EncoderError

_log = logging.getLogger(__name__)

JOBS_MAX = 16
"""Requests under way, all streams together; further ones are answered by the next group's own key frame."""
_DECODE_NS_PER_PIXEL = 1.2
_ENCODE_NS_PER_PIXEL = 15.0
_OVERHEAD_NS = 8_000_000


class Job:
    """One request. `pictures` grows from the loop's thread, from picture `first` of the group on."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.pictures: list[Picture] = []
        self.cancelled = threading.Event()

    def picture(self, number: int) -> Picture | None:
        """Picture `number` of the group, if it is ready."""
        at = number - self.first
        return self.pictures[at] if 0 <= at < len(self.pictures) else None


class Rekeyer:
    """The thread that does it, one for all streams."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, "rekey")
        self._jobs = 0
        self.refused = 0

    @staticmethod
    def lead_ns(recipe: Recipe, at: int) -> int:
        """How long before picture `at` is due the work should begin, by rule of thumb."""
        pixels = recipe.width * recipe.height
        return _OVERHEAD_NS + round(pixels * (at * _DECODE_NS_PER_PIXEL + _ENCODE_NS_PER_PIXEL))

    def start(self, gop: Gop, recipe: Recipe, first: int) -> Job | None:
        """Begins the work; None if there is too much of it already."""
        if self._jobs >= JOBS_MAX:
            self.refused += 1
            return None
        job = Job(first)
        self._jobs += 1
        loop = asyncio.get_running_loop()
        self._threads.submit(_work, gop, recipe, job, loop, self._done)
        return job

    def close(self) -> None:
        """Lets the thread end; what is queued is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _done(self) -> None:
        self._jobs -= 1


def _work(gop: Gop, recipe: Recipe, job: Job, loop: asyncio.AbstractEventLoop, done: Callable[[], None]) -> None:
    try:
        for picture in begin_again(gop, recipe, job.first) if not job.cancelled.is_set() else ():
            loop.call_soon_threadsafe(job.pictures.append, picture)
            if job.cancelled.is_set():
                break
    except EncoderError as error:
        _log.warning("key frame on request: %s", error)
    except RuntimeError:
        return  # the event loop has closed: nobody waits any more
    loop.call_soon_threadsafe(done)
