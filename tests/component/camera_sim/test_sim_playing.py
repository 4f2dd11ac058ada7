"""Playing a stream, packet by packet."""

import zlib

import av
import cv2
import numpy as np
import pytest

from camera_sim import barcode
from camera_sim.config import FleetConfig
from camera_sim.fleet import Fleet, serve
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, LOOP_PICTURES, TICKS
from tests.component.camera_sim.raw_client import Picture, connected


def decode(pictures: list[Picture]) -> list[np.ndarray]:
    """Decodes strictly: whatever FFmpeg would conceal is an error."""
    context = av.CodecContext.create("h264", "r")
    context.options = {"err_detect": "explode"}
    found = []
    for picture in pictures:
        packet = av.Packet(len(picture.annex_b))
        packet.update(picture.annex_b)
        found += [frame.to_ndarray(format="gray") for frame in context.decode(packet)]
    return found


async def test_pictures_carry_their_number_their_crc_and_their_barcode(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/main")
        pictures = [await client.picture() for _ in range(GOP + 8)]
    marks = [picture.mark for picture in pictures]
    assert [mark.n for mark in marks] == list(range(marks[0].n, marks[0].n + len(marks)))
    assert [mark.counter - marks[0].counter for mark in marks] == list(range(len(marks)))
    assert all(mark.n == mark.utc_us * FPS // 1_000_000 for mark in marks)
    assert all(mark.crc32 == zlib.crc32(picture.slices) for mark, picture in zip(marks, pictures, strict=True))
    assert {(mark.camera, mark.stream, mark.state) for mark in marks} == {("cam1", "main", "idle")}
    codes = [barcode.read(gray.astype(np.uint8)) for gray in decode(pictures)]
    assert codes == [mark.n % LOOP_PICTURES for mark in marks]


async def test_a_picture_arrives_when_its_mark_says(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/sub")
        late_us = []
        for _ in range(GOP):
            picture = await client.picture()
            late_us.append(clock.now_ns() // 1000 - picture.mark.utc_us)
    assert min(late_us) >= -1000
    assert sorted(late_us)[GOP // 2] < 50_000


async def test_rtp_info_names_the_very_first_packet_and_numbering_has_no_hole(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        answer = await client.play("/cam1/main")
        info = dict(part.split("=") for part in answer.headers["rtp-info"].split(";") if "rtsp" not in part)
        pictures = [await client.picture() for _ in range(GOP)]
    sequences = [number for picture in pictures for number in picture.sequences]
    assert sequences[0] == int(info["seq"])
    assert pictures[0].rtp_time == int(info["rtptime"]) > 0
    assert sequences == [(sequences[0] + k) % 65536 for k in range(len(sequences))]
    assert pictures[0].key
    assert [nal[0] & 31 for nal in pictures[0].nals] == [7, 8, 6, 5]
    assert [(picture.rtp_time - pictures[0].rtp_time) % 2**32 for picture in pictures] == [
        TICKS * k for k in range(GOP)
    ]


async def test_a_sender_report_follows_the_first_picture(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/main")
        first = await client.picture()
        await client.picture()
    assert client.reports[0][:2] == b"\x80\xc8"
    assert int.from_bytes(client.reports[0][16:20], "big") == first.rtp_time
    assert int.from_bytes(client.reports[0][20:24], "big") == len(first.sequences)


async def test_a_new_client_need_not_wait_for_the_group_to_end(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as first, connected(fleet.port, clock) as second:
        await first.play("/cam2/main")
        while (await first.picture()).mark.n % LOOP_PICTURES not in range(5, 40):
            pass
        began_ns = clock.monotonic_ns()
        await second.play("/cam2/main")
        assert (await second.picture()).key
        assert clock.monotonic_ns() - began_ns < 600_000_000


async def test_a_key_frame_asked_for_comes_at_once_and_the_stream_decodes_on(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/cam2/main")
        pictures = [await client.picture()]
        while pictures[-1].mark.n % LOOP_PICTURES not in range(5, 45) or len(pictures) < 12:
            pictures.append(await client.picture())
        client.want_key()
        asked = len(pictures)
        pictures += [await client.picture() for _ in range(20)]
    keys = [at for at, picture in enumerate(pictures) if picture.key]
    assert len([at for at in keys if asked <= at <= asked + 5]) == 1, keys
    marks = [picture.mark for picture in pictures]
    assert [mark.n - marks[0].n for mark in marks] == list(range(len(marks)))
    grays = decode(pictures)
    assert [barcode.read(gray) for gray in grays] == [mark.n % LOOP_PICTURES for mark in marks]
    assert len({nal for picture in pictures for nal in picture.nals if nal[0] & 31 in (7, 8)}) == 2


async def test_pause_and_play_go_on_with_the_same_numbers(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/main")
        last = await client.picture()
        await client.ask("PAUSE", "/cam1/main")
        while client._packets:
            last = await client.picture()
        answer = await client.ask("PLAY", "/cam1/main")
        resumed = await client.picture()
    assert f"seq={resumed.sequences[0]};rtptime={resumed.rtp_time}" in answer.headers["rtp-info"]
    assert resumed.key
    assert (resumed.sequences[0] - last.sequences[-1]) % 65536 == 1


class SteppedClock(SystemClock):
    """A machine whose wall clock somebody sets."""

    def set_forward(self, seconds: float) -> None:
        self._offset_ns += round(seconds * 1e9)
        self._step()


@pytest.mark.parametrize("seconds", [86_400 * 400, -3_600, 0.3])
async def test_a_clock_step_moves_the_number_but_not_rtp(config: FleetConfig, fleet: Fleet, seconds: float) -> None:
    del fleet  # only its clips
    clock = SteppedClock()
    async with serve(config, clock) as other, connected(other.port, clock) as client:
        await client.play("/cam1/main")
        before = [await client.picture() for _ in range(4)]
        clock.set_forward(seconds)
        after = [await client.picture() for _ in range(9)]
    pictures = before + after
    sequences = [number for picture in pictures for number in picture.sequences]
    assert sequences == [(sequences[0] + k) % 65536 for k in range(len(sequences))]
    assert all(picture.mark.n == picture.mark.utc_us * FPS // 1_000_000 for picture in pictures)
    moved = after[-1].mark.n - before[-1].mark.n - len(after)
    assert abs(moved - seconds * FPS) < 8
    elapsed = (after[-1].rtp_time - before[0].rtp_time) % 2**32 / 90_000
    counted = after[-1].mark.counter - before[0].mark.counter
    assert elapsed == pytest.approx(counted / FPS, abs=0.05)
    clock.close()


async def test_pictures_look_like_the_scene_they_show(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/main")
        gray = decode([await client.picture()])[0]
    assert gray.shape == (90, 160)
    assert cv2.Laplacian(gray.astype(np.uint8), cv2.CV_64F).std() > 8
