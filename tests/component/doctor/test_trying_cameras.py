"""The doctor asks cameras as a recorder would, and tells every kind of no apart."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from gate.clock import SystemClock
from recorder.config import CameraConfig
from recorder.doctor.rules.camera import StreamFacts, stream_findings
from recorder.ingest.trial import Failure, Tried, try_stream
from tests.fakes.h264_rtp import PPS, SPS, idr, inter
from tests.fakes.rtsp_camera import PASSWORD, USER, FakeCamera, description, serving

SECONDS_MAX = 10.0
SECRET = "wrong-password-9"


def camera_at(url: str, **fields: object) -> CameraConfig:
    main = {"url": url, "source": "native"} | {key: fields.pop(key) for key in ("transport",) if key in fields}
    return CameraConfig.model_validate({"id": "cam1", "main": main} | fields)


@contextlib.asynccontextmanager
async def filming(camera: FakeCamera, clock: SystemClock) -> AsyncIterator[None]:
    """Sends fifteen pictures a second to whoever is connected."""

    async def film() -> None:
        for number in range(100_000):
            camera.send([SPS, PPS, idr(number)] if number % 15 == 0 else [inter(number)], number * 6000)
            await clock.sleep(1 / 15)

    task = asyncio.create_task(film())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def tried(camera: FakeCamera, seconds_max: float = SECONDS_MAX, **fields: object) -> Tried:
    clock = SystemClock()
    try:
        async with serving(camera):
            return await try_stream(camera_at(camera.url, **fields), "main", clock, seconds_max)
    finally:
        clock.close()


async def test_a_camera_that_sends_is_seen_with_its_rate_and_left_politely() -> None:
    clock, camera = SystemClock(), FakeCamera(login=True)
    try:
        async with serving(camera), filming(camera, clock):
            config = camera_at(camera.url, user=USER, password=PASSWORD)
            seen = await try_stream(config, "main", clock, SECONDS_MAX)
            assert seen.failure is None and seen.codec == "h264" and seen.width > 0 and seen.way == "native over TCP"
            assert seen.bytes_per_second is not None and seen.bytes_per_second > 0
            assert camera.methods[-1] == "TEARDOWN"
    finally:
        clock.close()


@pytest.mark.parametrize(
    ("camera", "failure", "fields"),
    [
        (FakeCamera(login=True), "no_login", {}),
        (FakeCamera(login=True), "wrong_login", {"user": USER, "password": SECRET}),
        (FakeCamera(statuses={"DESCRIBE": "404 Not Found"}), "not_found", {}),
        (FakeCamera(statuses={"SETUP": "453 Not Enough Bandwidth"}), "busy", {}),
        (FakeCamera(statuses={"DESCRIBE": "403 Forbidden"}), "rejected", {}),
        (FakeCamera(udp=True), "transport", {"transport": "tcp"}),
        (FakeCamera(sdp=description("a=rtpmap:96 JPEG/90000")), "unsupported", {}),
        (FakeCamera(sdp="nothing of the kind"), "odd", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_kind_of_no_is_told_apart(camera: FakeCamera, failure: Failure, fields: dict[str, object]) -> None:
    seen = await tried(camera, **fields)
    assert seen.failure == failure, seen
    (finding,) = stream_findings(StreamFacts(camera="cam1", stream="main", tried=seen))
    assert finding.level == "failure" and finding.remedy.ja and finding.remedy.en
    assert SECRET not in finding.text.en + finding.remedy.en


async def test_a_camera_that_accepts_and_says_nothing_is_silent() -> None:
    assert (await tried(FakeCamera(silent={"DESCRIBE"}), seconds_max=0.5)).failure == "silent"


async def test_where_nothing_listens_the_connection_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"rtsp://127.0.0.1:{taken.getsockname()[1]}/x"
        clock = SystemClock()
        assert (await try_stream(camera_at(url), "main", clock, SECONDS_MAX)).failure == "refused"
        clock.close()


async def test_a_name_that_nobody_knows_is_said_to_be_that(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    clock = SystemClock()
    seen = await try_stream(camera_at("rtsp://camera.invalid/x"), "main", clock, SECONDS_MAX)
    clock.close()
    assert seen.failure == "name_unknown" and "camera.invalid" in seen.message
