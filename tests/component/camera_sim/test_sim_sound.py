"""Sound beside the pictures: players that are not ours hear a tick at the picture with which a second begins."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio

from camera_sim.camera_config import CameraConfig, StreamConfig
from camera_sim.config import FleetConfig, RtspConfig
from camera_sim.faults.fault import fault_of
from camera_sim.fleet import Fleet, serve
from camera_sim.marks import parse_sei
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, LOOP_SECONDS, READY_SECONDS
from tests.component.camera_sim.raw_client import connected
from tests.component.camera_sim.test_sim_players import run

SOUNDS = ("aac", "pcmu", "pcma")
TICK_LEVEL = 0.12
APART_SECONDS = 0.025
"""A camera's microphone and lens agree to a frame; people notice 45 ms."""
TICKS_SEEN = 3
TOOLS = [name for name in ("ffmpeg", "gst-launch-1.0") if shutil.which(name) is None]


@pytest.fixture
def config(clips: Path) -> FleetConfig:
    main = StreamConfig(width=160, height=90, fps=FPS, bitrate=200_000, gop_seconds=GOP / FPS)
    return FleetConfig(
        cache_dir=clips,
        loop_seconds=LOOP_SECONDS,
        rtsp=RtspConfig(listen="127.0.0.1:0"),
        cameras=tuple(CameraConfig(id=name, scene="car_park", main=main, sub=None, sound=name) for name in SOUNDS),
    )


@pytest_asyncio.fixture
async def fleet(config: FleetConfig, clock: SystemClock) -> AsyncIterator[Fleet]:
    async with serve(config, clock) as fleet:
        async with clock.timeout(READY_SECONDS):
            await fleet.wait_ready()
            await fleet.workshop.wait_complete()
            await fleet.wait_sounds()
        yield fleet


def apart(source: str, options: dict[str, str]) -> list[float]:
    """How much later than its picture each tick is heard, in seconds, as a player with two clocks would."""
    seconds: list[float] = []
    ticks: list[float] = []
    waves: list[tuple[float, np.ndarray, int]] = []
    with av.open(source, options=options, timeout=(10, 10)) as container:
        for packet in container.demux(video=0, audio=0):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    data = [bytes(side) for side in frame.side_data if side.type.name == "SEI_UNREGISTERED"]
                    mark = next(found for one in data if (found := parse_sei(one)) is not None)
                    if mark.n % FPS == 0:
                        seconds.append(float(frame.time))
                else:
                    wave = frame.to_ndarray().astype(float).ravel()
                    wave /= 1 if frame.format.name == "fltp" else 32768
                    waves.append((float(frame.time), wave, frame.sample_rate))
            if len(seconds) > TICKS_SEEN and waves and waves[-1][0] > seconds[-1] + 0.2:
                break
    quiet_until = 0.0
    for at, wave, hz in waves:
        for loud in np.flatnonzero(np.abs(wave) > TICK_LEVEL) / hz + at:
            if loud > quiet_until:
                ticks.append(float(loud))
                quiet_until = loud + 0.5
    return [tick - min(seconds, key=lambda second: abs(second - tick)) for tick in ticks if tick > seconds[0] - 0.4]


@pytest.mark.parametrize("way", ["tcp", "udp"])
async def test_a_player_hears_each_second_when_it_sees_it(fleet: Fleet, way: str) -> None:
    jobs = [asyncio.to_thread(apart, fleet.urls[f"/{name}/main"], {"rtsp_transport": way}) for name in SOUNDS]
    for name, found in zip(SOUNDS, await asyncio.gather(*jobs), strict=True):
        assert len(found) >= TICKS_SEEN - 1, name
        assert max(map(abs, found[1:])) < APART_SECONDS, (name, found)


GST = {"aac": "rtpmp4gdepay ! aacparse", "pcmu": "rtppcmudepay ! mulawdec ! audioconvert"}


async def ffmpeg(fleet: Fleet, clock: SystemClock, path: Path) -> None:
    options = ("-v", "error", "-rtsp_transport", "tcp", "-i", fleet.urls["/aac/main"])
    assert await run(clock, "ffmpeg", *options, "-t", "4", "-c", "copy", str(path)) == (0, "")


async def gstreamer(fleet: Fleet, clock: SystemClock, path: Path, sound: str) -> None:
    """Without its estimate of clock skew, which needs longer than a test lasts."""
    source = f"rtspsrc name=s location={fleet.urls[f'/{sound}/main']} protocols=tcp latency=200 buffer-mode=none"
    pictures = "s. ! application/x-rtp,media=video ! rtph264depay ! h264parse ! queue ! m."
    heard = f"s. ! application/x-rtp,media=audio ! {GST[sound]} ! queue ! m."
    pipeline = f"-q -e {source} {pictures} {heard} matroskamux name=m ! filesink location={path}"
    await run(clock, "timeout", "-s", "INT", "4.5", "gst-launch-1.0", *pipeline.split())


@pytest.mark.skipif(bool(TOOLS), reason=f"needs {', '.join(TOOLS)}")
async def test_a_recorder_writes_sound_and_pictures_in_time(fleet: Fleet, clock: SystemClock, tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.mkv" for name in ("ffmpeg", *GST)}
    async with asyncio.TaskGroup() as group:
        group.create_task(ffmpeg(fleet, clock, paths["ffmpeg"]), name="ffmpeg")
        for sound in GST:
            group.create_task(gstreamer(fleet, clock, paths[sound], sound), name=sound)
    for name, path in paths.items():
        found = await asyncio.to_thread(apart, str(path), {})
        assert len(found) >= 2, name
        assert max(map(abs, found[1:])) < APART_SECONDS, (name, found)


async def test_the_description_tells_both_tracks_and_each_can_be_had_alone(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        described = await client.ask("DESCRIBE", "/aac/main")
        text = described.body.decode()
        assert "m=audio 0 RTP/AVP 97\r\n" in text and "mode=AAC-hbr;sizelength=13;indexlength=3" in text
        assert text.index("trackID=0") < text.index("m=audio") < text.index("trackID=1")
        assert "m=audio 0 RTP/AVP 0\r\n" in (await client.ask("DESCRIBE", "/pcmu/main")).body.decode()
        answer = await client.ask("SETUP", "/aac/main/trackID=1", transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        client.ssrc = int(answer.headers["transport"].split("ssrc=")[1][:8], 16)
        session = answer.headers["session"].split(";")[0]
        played = await client.ask("PLAY", "/aac/main", session=session)
        assert "trackID=1" in played.headers["rtp-info"] and "trackID=0" not in played.headers["rtp-info"]
        packets = [await client.packet() for _ in range(40)]
    times = [int.from_bytes(packet[4:8], "big") for packet in packets]
    assert {(later - sooner) % 2**32 for sooner, later in pairwise(times)} == {1024}
    assert f"rtptime={times[0]}" in played.headers["rtp-info"]
    assert {packet[1] for packet in packets} == {0x80 | 97}
    for packet in packets:
        headers_bits, size = int.from_bytes(packet[12:14], "big"), int.from_bytes(packet[14:16], "big") >> 3
        assert (headers_bits, size) == (16, len(packet) - 16)
    assert client.reports[0][:2] == b"\x80\xc8"


async def test_pictures_and_sound_are_set_up_one_by_one_and_end_together(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        first = await client.ask("SETUP", "/aac/main/trackID=0", transport="RTP/AVP/TCP;interleaved=0-1")
        session = first.headers["session"].split(";")[0]
        second = await client.ask(
            "SETUP", "/aac/main/trackID=1", transport="RTP/AVP/TCP;interleaved=2-3", session=session
        )
        assert second.headers["session"] == first.headers["session"]
        played = await client.ask("PLAY", "/aac/main", session=session)
        assert played.headers["rtp-info"].count("url=") == 2
        stream = fleet.streams["/aac/main"]
        assert (len(stream.audience), len(stream.sound.audience)) == (1, 1)
        assert (await client.ask("TEARDOWN", "/aac/main", session=session)).status == 200
        assert (len(stream.audience), len(stream.sound.audience)) == (0, 0)


async def test_a_camera_without_sound_has_no_such_track(config: FleetConfig, fleet: Fleet, clock: SystemClock) -> None:
    del fleet  # only its clips
    silent = config.model_copy(update={"cameras": (config.cameras[0].model_copy(update={"sound": None}),)})
    async with serve(silent, clock) as other, connected(other.port, clock) as client:
        assert b"m=audio" not in (await client.ask("DESCRIBE", "/aac/main")).body
        answer = await client.ask("SETUP", "/aac/main/trackID=1", transport="RTP/AVP/TCP;interleaved=0-1")
        assert answer.status == 404


async def test_a_frozen_camera_is_silent_too(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        answer = await client.ask("SETUP", "/pcma/main/trackID=1", transport="RTP/AVP/TCP;interleaved=0-1")
        client.ssrc = int(answer.headers["transport"].split("ssrc=")[1][:8], 16)
        await client.ask("PLAY", "/pcma/main", session=answer.headers["session"].split(";")[0])
        await client.packet()
        active = fleet.faults.begin(fault_of("frozen", "pcma"))
        client._packets.clear()
        with pytest.raises(TimeoutError):
            async with clock.timeout(0.3):
                await client.packet()
                await client.packet()
                await client.packet()
        fleet.faults.clear(active.number)
        assert len(await client.packet()) == 172
