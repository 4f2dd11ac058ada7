"""A camera's picture of the moment as a JPEG: the one that its stream shows, decoded from the same loop."""

import math

import anyio
import av
import cv2
from anyio import to_thread

from camera_sim.clips.gop_file import Gop
from camera_sim.clips.loop import HeldGop, Loop
from camera_sim.codec import Codec
from gate.clock import Clock

JPEG_QUALITY = 85
DECODERS_MAX = 2
READ_SECONDS_MAX = 0.5
"""How long a group is waited for that a thread reads."""
_POLL_SECONDS = 0.02


class Snapshots:
    """Of a whole fleet; decoding has its own threads, DECODERS_MAX at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._decoders = anyio.CapacityLimiter(DECODERS_MAX)

    async def jpeg(self, loop: Loop, camera_ns: int) -> bytes | None:
        """The picture of that moment, or one that the stream shows in its place; None: there is none yet."""
        n = math.floor(camera_ns * loop.film.fps / 1_000_000_000)
        place = loop.film.place(n)
        held = await self._held(loop, place.gop)
        at = place.at
        if held is None:
            held, at = loop.newest(), 0
        if held is None:
            return None
        return await to_thread.run_sync(
            _encode, held.gop, loop.film.codec, at, limiter=self._decoders, abandon_on_cancel=True
        )

    async def size(self, loop: Loop) -> tuple[int, int]:
        """Width and height of a loop's pictures, as soon as there is one."""
        await loop.wait_ready()
        while (held := loop.newest()) is None:
            await self._clock.sleep(_POLL_SECONDS)
        return await to_thread.run_sync(_size, held.gop, loop.film.codec, limiter=self._decoders)

    async def _held(self, loop: Loop, gop: int) -> HeldGop | None:
        loop.want(gop)
        tries = round(READ_SECONDS_MAX / _POLL_SECONDS) if loop.cached(gop) else 0
        for _ in range(tries):
            if loop.held(gop) is not None:
                break
            await self._clock.sleep(_POLL_SECONDS)
        return loop.held(gop)


def _encode(gop: Gop, codec: Codec, at: int) -> bytes | None:
    frame = _decode(gop, codec, at)
    if frame is None:
        return None
    done, jpeg = cv2.imencode(".jpg", frame.to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.tobytes() if done else None


def _size(gop: Gop, codec: Codec) -> tuple[int, int]:
    frame = _decode(gop, codec, 0)
    return (frame.width, frame.height) if frame is not None else (0, 0)


def _decode(gop: Gop, codec: Codec, at: int) -> av.VideoFrame | None:
    """The picture that is shown when picture `at` of a group, in coding order, has come."""
    context = av.CodecContext.create(codec.decoder, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    newest = None
    try:
        for number, picture in enumerate(gop.pictures[: at + 1]):
            nals = (gop.parameter_sets if number == 0 else ()) + picture.slices
            packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in nals))
            for frame in context.decode(packet):
                newest = frame
        for frame in context.decode(None):
            newest = frame
    except av.FFmpegError:
        return newest
    return newest
