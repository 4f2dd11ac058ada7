"""Prometheus reads the recorder: names by its conventions, values that are true, on loopback only."""

import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from gate.clock import SystemClock, ns_of
from gate.yaml_file import ConfigError
from recorder.config import MetricsConfig, load_config
from recorder.metrics.families import Sources
from recorder.metrics.loop_lag import LoopLag
from recorder.metrics.server import STALE_SECONDS, serve_metrics
from tests.fakes.remote_site import RemoteSite, config_of

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[RemoteSite]:
    clock = SystemClock()
    yield RemoteSite(clock=clock, config=config_of(tmp_path, cameras=2))
    clock.close()


@pytest_asyncio.fixture
async def client(site: RemoteSite) -> AsyncIterator[ClientSession]:
    config = site.config.model_copy(update={"metrics": MetricsConfig(listen="127.0.0.1:0")})
    served = replace(site.parts, config=config)
    sources = Sources(served=served, shelves=(), lag=LoopLag(site.clock))
    async with serve_metrics(sources) as addresses, ClientSession(addresses["metrics"]) as session:
        yield session


async def values_of(client: ClientSession) -> Values:
    async with client.get("/metrics", headers={"Accept": "text/plain"}) as answer:
        assert answer.status == 200
        text = await answer.text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_streams_and_recordings_are_told_as_they_are(site: RemoteSite, client: ClientSession) -> None:
    camera = site.board.cameras["cam1"]
    stream = camera.streams["main"]
    stream.units, stream.packets_lost, stream.bitrate_bps, stream.clock_skew_ms = 900, 3, 4_000_000, -250
    stream.last_unit_monotonic_ns = site.clock.monotonic_ns()
    camera.recording.phase, camera.recording.last_picture = "recording", site.clock.now()
    site.board.cameras["cam2"].streams["sub"].phase = "stalled"
    site.board.cameras["cam2"].recording.phase, site.board.cameras["cam2"].recording.reason = "stopped", "licence"
    found = await values_of(client)
    main = (("camera", "cam1"), ("stream", "main"))
    assert found["edge_recorder_stream_pictures_total", main] == 900
    assert found["edge_recorder_stream_packets_lost_total", main] == 3
    assert found["edge_recorder_stream_received_bytes_per_second", main] == 500_000
    assert found["edge_recorder_camera_clock_skew_seconds", main] == -0.25
    assert 0 <= found["edge_recorder_stream_picture_age_seconds", main] < 60
    assert found["edge_recorder_recording", main] == 1
    assert found["edge_recorder_recording_last_picture_timestamp_seconds", main] == pytest.approx(
        ns_of(site.clock.now()) / 1e9, abs=60
    )
    assert found["edge_recorder_stream_up", (("camera", "cam2"), ("stream", "sub"))] == 0
    stopped = (("camera", "cam2"), ("reason", "licence"), ("stream", "main"))
    assert found["edge_recorder_recording_stopped", stopped] == 1


async def test_what_is_not_known_is_left_out(client: ClientSession) -> None:
    found = await values_of(client)
    assert not [name for name, _ in found if "age_seconds" in name or "skew" in name or "oldest" in name]


async def test_licence_days_are_told_before_and_after_the_end(site: RemoteSite, client: ClientSession) -> None:
    until = site.clock.now() + timedelta(days=10)
    site.entitle(until)
    found = await values_of(client)
    camera = (("camera", "cam1"),)
    assert found["edge_recorder_licence_days_left", camera] == pytest.approx(10, abs=0.01)
    assert found["edge_recorder_licence_expiry_timestamp_seconds", camera] == pytest.approx(until.timestamp(), abs=1)
    assert found["edge_recorder_feature_allowed", (*camera, ("feature", "recording"))] == 1
    site.entitle(site.clock.now() - timedelta(days=1))
    found = await values_of(client)
    assert found["edge_recorder_licence_days_left", camera] == 0
    assert ("edge_recorder_licence_expiry_timestamp_seconds", camera) not in found
    assert found["edge_recorder_feature_allowed", (*camera, ("feature", "recording"))] == 0
    assert found["edge_recorder_feature_allowed", (*camera, ("feature", "hdmi_live"))] == 1


async def test_health_is_of_the_recorder_not_of_cameras_and_licences(site: RemoteSite, client: ClientSession) -> None:
    site.entitle(site.clock.now() - timedelta(days=1))
    site.board.cameras["cam1"].streams["main"].phase = "refused"
    async with client.get("/healthz") as answer:
        assert answer.status == 200 and await answer.json() == {"healthy": True, "troubles": []}
    site.board.storage.message = "the disk is full"
    stream = site.board.cameras["cam2"].streams["main"]
    stream.last_unit_monotonic_ns = site.clock.monotonic_ns() - round((STALE_SECONDS + 5) * 1e9)
    async with client.get("/healthz") as answer:
        assert answer.status == 503
        troubles = (await answer.json())["troubles"]
    assert troubles[0] == "the disk is full"
    assert troubles[1].startswith("camera cam2, main: no picture for 3")


async def test_what_holds_the_loop_up_is_seen(site: RemoteSite, client: ClientSession) -> None:
    async with site.clock.timeout(20):
        while not (before := (await values_of(client))["edge_recorder_loop_lag_seconds_count", ()]):
            await site.clock.sleep(0.05)
        threading.Event().wait(0.6)  # nothing else runs meanwhile
        while (found := await values_of(client))["edge_recorder_loop_lag_seconds_count", ()] == before:
            await site.clock.sleep(0.05)
    late = "edge_recorder_loop_lag_seconds_bucket"
    assert found[late, (("le", "+Inf"),)] > found[late, (("le", "0.25"),)]
    assert found["edge_recorder_loop_lag_seconds_sum", ()] > 0.3


async def test_alive_and_ready_are_told_apart(site: RemoteSite, client: ClientSession) -> None:
    """Without a disk nothing can be recorded; a restart would not help."""
    site.board.storage.message = "the volume is gone"
    async with client.get("/livez") as answer:
        assert answer.status == 200 and await answer.json() == {"alive": True}
    async with client.get("/readyz") as answer:
        assert answer.status == 503
        assert await answer.json() == {"ready": False, "troubles": ["the volume is gone"]}


async def test_a_page_elsewhere_cannot_read_it_by_a_name_of_its_own(client: ClientSession) -> None:
    async with client.get("/metrics", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 421


def test_it_cannot_be_opened_to_other_machines(tmp_path: Path) -> None:
    path = tmp_path / "recorder.yaml"
    path.write_text(
        "device: {id: a, data_dir: data}\nlicence: {path: l.json, root_key: r.pub}\nlocal: {socket: r.sock}\n"
        "metrics: {listen: 0.0.0.0:8690}\ncameras: [{id: cam1, main: {url: 'rtsp://127.0.0.1/x'}}]\n"
    )
    with pytest.raises(ConfigError, match=r"line 4, metrics\.listen: 0\.0\.0\.0 is not a loopback"):
        load_config(path)
