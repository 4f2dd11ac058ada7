"""Decoding once a frame: nobody waits for a slow stream, key pictures alone when the machine is short."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from gate.clock import SystemClock
from hdmi_out.decoding import Decoding
from hdmi_out.errors import MediaError
from hdmi_out.layout.rect import Rect
from hdmi_out.media import Loss, StreamFormat, Unit
from hdmi_out.stream import CameraStream, Item
from tests.component.hdmi.conftest import until
from tests.fakes.local_site import Loop, make_loop

BOX = Rect(0, 0, 160, 90)
LOOP = make_loop()


class SlowStream(CameraStream):
    """Its decoder takes until it is released."""

    def __init__(self) -> None:
        super().__init__("slow", BOX)
        self.release = threading.Event()
        self.calls = 0

    def decode(self, items: Sequence[Item]) -> None:
        self.calls += 1
        assert self.release.wait(10)


class BrokenStream(CameraStream):
    def decode(self, items: Sequence[Item]) -> None:
        raise MediaError("camera broken: no decoder for 'mjpeg'")


def opened(pictures: int = 0, camera: str = "cam1", loop: Loop = LOOP) -> CameraStream:
    """A stream that was told its format and so many pictures of the loop."""
    stream = CameraStream(camera, BOX)
    stream.put(
        StreamFormat(
            codec="h264", width=loop.width, height=loop.height, decoder_configuration=loop.decoder_configuration
        )
    )
    for number in range(pictures):
        stream.put(unit(number, loop))
    return stream


def unit(number: int, loop: Loop = LOOP) -> Unit:
    data, key = loop.units[number % len(loop.units)]
    return Unit(key=key, sequence=number, data=data)


def luma(stream: CameraStream) -> int | None:
    picture = stream.take()
    return None if picture is None else int(picture.planes[0].mean())


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


async def test_all_that_waits_is_decoded_and_the_newest_picture_kept(
    workers: ThreadPoolExecutor, clock: SystemClock
) -> None:
    streams = [opened(pictures, f"cam{pictures}") for pictures in (1, 4, 9)]
    assert await Decoding(workers, 2, clock).run_once(streams, 5)
    assert [luma(stream) for stream in streams] == [pytest.approx(LOOP.luma[at], abs=3) for at in (0, 3, 8)]


async def test_a_slow_stream_holds_up_neither_the_frame_nor_the_others(
    workers: ThreadPoolExecutor, clock: SystemClock
) -> None:
    decoding, slow, quick = Decoding(workers, 2, clock), SlowStream(), opened(1)
    slow.put(unit(0))
    assert not await decoding.run_once([slow, quick], 0.1)
    for number in range(1, 4):
        slow.put(unit(number))
        quick.put(unit(number))
        await decoding.run_once([slow, quick], 0.1)
    await until(clock, lambda: luma(quick) == pytest.approx(LOOP.luma[3], abs=3))
    assert slow.calls == 1
    slow.release.set()
    await until(clock, lambda: True)
    assert await decoding.run_once([slow, quick], 5)
    await decoding.run_once([slow, quick], 5)
    assert slow.calls == 2


async def test_a_stream_without_a_decoder_says_so_and_the_others_go_on(
    workers: ThreadPoolExecutor, clock: SystemClock
) -> None:
    decoding, broken, good = Decoding(workers, 1, clock), BrokenStream("broken", BOX), opened(1)
    broken.put(unit(0))
    assert await decoding.run_once([broken, good], 5)
    assert broken.refusal == "camera broken: no decoder for 'mjpeg'"
    assert luma(good) is not None


async def test_key_pictures_alone_are_decoded_and_what_follows_needs_a_new_one(
    workers: ThreadPoolExecutor, clock: SystemClock
) -> None:
    decoding, stream = Decoding(workers, 2, clock), opened(20)
    await decoding.run_once([stream], 5, keys_only=True)
    assert luma(stream) == pytest.approx(LOOP.luma[15], abs=3)
    for number in range(20, 25):
        stream.put(unit(number))
    await decoding.run_once([stream], 5)
    assert luma(stream) is None
    stream.put(unit(30))
    await decoding.run_once([stream], 5)
    assert luma(stream) == pytest.approx(LOOP.luma[0], abs=3)


async def test_a_picture_the_decoder_holds_for_reordering_is_shown_before_a_loss(
    workers: ThreadPoolExecutor, clock: SystemClock
) -> None:
    loop = make_loop(b_frames=2)
    stream = opened(len(loop.units), loop=loop)
    stream.put(Loss())
    await Decoding(workers, 2, clock).run_once([stream], 5)
    assert luma(stream) == pytest.approx(loop.luma[-1], abs=3)
