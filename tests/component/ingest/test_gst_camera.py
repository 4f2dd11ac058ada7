"""Against a camera that is not ours."""

import asyncio
import itertools
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
import uvloop

from gate.clock import SystemClock
from recorder.config import CameraConfig
from recorder.hub import Feed
from recorder.ingest.camera import CameraStream
from recorder.ingest.collector import Collector
from recorder.media.access_unit import AccessUnit
from recorder.state import StateBoard, StreamState
from tests.component.ingest.conftest import Always
from tests.fakes.gst_server import build, make_clip, serving

SECONDS, RATE = 4, 30


def slices(data: bytes) -> list[bytes]:
    """The slices among NAL units with lengths."""
    found, position = [], 0
    while position < len(data):
        (size,) = struct.unpack_from(">I", data, position)
        nal = data[position + 4 : position + 4 + size]
        position += 4 + size
        if 1 <= nal[0] & 0x1F <= 5:
            found.append(nal)
    return found


def clip_pictures(path: Path) -> Iterator[list[bytes]]:
    with av.open(str(path)) as clip:
        yield from (slices(bytes(packet)) for packet in clip.demux(video=0) if packet.size)


@pytest.mark.parametrize("loop_factory", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_every_picture_of_a_foreign_camera_arrives_as_it_is(
    tmp_path: Path, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    program, clip = build(tmp_path), tmp_path / "clip.mp4"
    make_clip(clip, seconds=SECONDS, rate=RATE)
    sent = list(clip_pictures(clip))
    units: list[AccessUnit] = []

    async def receive() -> StreamState:
        clock, feed = SystemClock(), Feed()
        state = StreamState(since=clock.now())
        complete = asyncio.Event()

        def take(unit: AccessUnit) -> None:
            units.append(unit)
            if len(units) == len(sent):
                complete.set()

        async with serving(program, clip) as url:
            camera = CameraConfig.model_validate({"id": "cam1", "main": {"url": f"{url}/cam0"}})
            collector = Collector(clock)
            stream = CameraStream(
                camera=camera,
                stream="main",
                feed=feed,
                state=state,
                board=StateBoard({}),
                clock=clock,
                collector=collector,
            )
            with feed.attach(Always(), take):
                tasks = [asyncio.create_task(job) for job in (collector.run(), stream.run())]
                async with clock.timeout(SECONDS + 6):
                    await complete.wait()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        clock.close()
        return state

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        state = runner.run(receive())
    assert [slices(unit.data) for unit in units] == sent
    assert state.packets_lost == 0
    assert {unit.run for unit in units} == {1}
    steps = {later.pts_90k - sooner.pts_90k for sooner, later in itertools.pairwise(units)}
    assert steps <= {2999, 3000, 3001}
    assert len({unit.arrival_ns for unit in units[: 2 * RATE]}) > RATE  # one at a time first, then in batches
    assert len({unit.arrival_ns for unit in units[3 * RATE :]}) < RATE
