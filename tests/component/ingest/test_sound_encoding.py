"""G.711 is encoded beside the event loop; whatever happens there, the pictures go on."""

import asyncio
import threading

import pytest

from gate.clock import SimulatedClock
from recorder.ingest.publisher import UnitPublisher
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.depacketize_sound import SoundPacket
from recorder.ingest.rtsp.sdp_sound import SoundMedia, parse_sound
from recorder.ingest.sound import Sound
from recorder.ingest.sound_encoder import EncodedFrame, SoundEncoder
from recorder.media.access_unit import AccessUnit
from recorder.state import StreamState
from tests.fakes.entitlements import NEW_YEAR
from tests.fakes.h264_rtp import PPS, SPS, idr, with_lengths

SDP = b"v=0\r\nm=audio 0 RTP/AVP 8\r\n"
SETS = (SPS, PPS)


class Wire:
    """Pictures and sound of a camera, 25 pictures a second, as they come."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(NEW_YEAR)
        self.units: list[AccessUnit] = []
        self.publisher = UnitPublisher(
            name="cam1/main",
            state=StreamState(since=self.clock.now()),
            clock=self.clock,
            run_before=0,
            publish=self.units.append,
            on_first_unit=lambda: None,
        )
        self._number = 0

    async def send(self, sound: Sound, pictures: int) -> None:
        for _ in range(pictures):
            now_ns = self.clock.monotonic_ns()
            self.publisher.take(
                Picture(
                    codec="h264",
                    data=with_lengths([idr(self._number)]),
                    key=True,
                    timestamp=self._number * 3600,
                    parameter_sets=SETS,
                    restarted=False,
                ),
                now_ns,
            )
            sound.take(SoundPacket(b"\xd5" * 320, self._number * 320, not self._number), now_ns)
            self._number += 1
            await self.clock.advance(0.04)


@pytest.fixture
def media() -> SoundMedia:
    found = parse_sound(SDP, request_url="rtsp://192.0.2.1/", content_base=None)
    assert isinstance(found, SoundMedia)
    return found


async def test_g711_becomes_aac_in_another_thread(media: SoundMedia) -> None:
    wire, threads = Wire(), set[int]()

    def encode(encoder: SoundEncoder, packets: list[SoundPacket]) -> list[EncodedFrame]:
        threads.add(threading.get_ident())
        return encoder.encode(packets)

    sound = Sound(media, publisher=wire.publisher, name="cam1/main", encode=encode)
    task = asyncio.create_task(sound.run())
    for _ in range(40):
        await wire.send(sound, 1)
        await asyncio.to_thread(lambda: None)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert threads and threading.get_ident() not in threads
    frames = [frame for unit in wire.units for frame in unit.sound]
    assert len(frames) > 10 and {unit.format.sound for unit in wire.units} == {media.format}


async def test_an_encoder_that_fails_ends_the_sound_and_no_picture_is_lost(
    media: SoundMedia, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire()

    def fail(encoder: SoundEncoder, packets: list[SoundPacket]) -> list[EncodedFrame]:
        raise MemoryError("no more")

    sound = Sound(media, publisher=wire.publisher, name="cam1/main", encode=fail)
    task = asyncio.create_task(sound.run())
    await wire.send(sound, 20)
    await task
    await wire.send(sound, 20)
    wire.publisher.close()
    assert len(wire.units) == 40 and wire.units[-1].format.sound is None
    assert "cannot be encoded (no more); it is recorded without" in caplog.text


async def test_sound_that_cannot_be_encoded_in_time_is_dropped_within_bounds(
    media: SoundMedia, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire()
    sound = Sound(media, publisher=wire.publisher, name="cam1/main")  # nobody runs it
    await wire.send(sound, 100)
    assert sound.dropped == 100 - 50
    assert "sound is dropped" in caplog.text
    assert len(wire.units) > 90
