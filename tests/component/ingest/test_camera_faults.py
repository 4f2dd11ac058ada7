"""What cameras do wrong, injected one by one: the stream goes on or comes back, and the state says what was wrong."""

import base64
import struct
from datetime import timedelta
from functools import partial

import pytest

from gate.clock import ns_of
from recorder.ingest.connection import RtspConnection
from tests.component.ingest.conftest import START, OpenSite, Site
from tests.fakes.ending import ends_when_cancelled
from tests.fakes.h264_rtp import PPS, SPS, SPS_LARGER, Packer, idr, inter, interleaved
from tests.fakes.rtsp_camera import PASSWORD, USER, FakeCamera, description, serving

MS = 1_000_000


@pytest.fixture
def open_site(open_site: OpenSite) -> OpenSite:
    """Every picture at once: what lies in the kernel is tested elsewhere."""
    return partial(open_site, batching=False)


def sender_report(utc_seconds: float, timestamp: int, ssrc: int = 0x1234) -> bytes:
    """RFC 3550 section 6.4.1."""
    ntp = round((utc_seconds + 2208988800) * 2**32)
    return struct.pack(">BBHIQIII", 0x80, 200, 6, ssrc, ntp, timestamp & 0xFFFFFFFF, 0, 0)


def lateness(site: Site, since: int) -> list[int]:
    """How far each label lies behind its arrival, ns."""
    return [unit.arrival_ns + ns_of(START) - unit.utc_ns for unit in site.units[since:]]


@pytest.mark.parametrize("skew", [-3600.0, -0.25, 0.0, 86400.0])
async def test_the_cameras_clock_is_shown_beside_ours_and_not_trusted(open_site: OpenSite, skew: float) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        now = ns_of(START) / 1e9 + site.clock.monotonic_ns() / 1e9
        camera.send_rtcp(sender_report(now + skew, site.ticks))
        await site.send(camera, 10)
        assert site.state.clock_skew_ms == pytest.approx(skew * 1000, abs=2)
        assert set(lateness(site, 0)) == {0}


async def test_a_step_of_the_cameras_clock_is_shown_and_moves_no_label(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        for skew in (0, 7200):
            now = ns_of(START) / 1e9 + site.clock.monotonic_ns() / 1e9
            camera.send_rtcp(sender_report(now + skew, site.ticks))
            await site.send(camera, 10)
            assert site.state.clock_skew_ms == pytest.approx(skew * 1000, abs=2)
        assert {unit.run for unit in site.units} == {1} and set(lateness(site, 0)) == {0}


async def test_a_camera_that_does_not_know_the_time_shows_no_skew(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.send_rtcp(sender_report(-2208988800, site.ticks))
        await site.send(camera, 10)
        assert site.state.clock_skew_ms is None


@pytest.mark.parametrize("seconds", [-5, 5])
async def test_timestamps_that_step_by_seconds_cost_no_picture(open_site: OpenSite, seconds: int) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        site.ticks = 10 * 90_000
        await site.playing(camera)
        site.ticks += seconds * 90_000
        await site.send(camera, 30)
        assert len(site.units) == 40 and {unit.run for unit in site.units} == {1}
        assert max(lateness(site, 20)) < MS


@pytest.mark.parametrize("seconds", [-600, 600])
async def test_timestamps_that_jump_by_minutes_begin_a_run(open_site: OpenSite, seconds: int) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        site.ticks = 1000 * 90_000
        await site.playing(camera)
        site.ticks += seconds * 90_000
        await site.send(camera, 30)
        assert [unit.run for unit in site.units] == [1] * 10 + [2] * 30
        assert max(lateness(site, 0)) < MS


@pytest.mark.parametrize("timestamp", [0, 12345])
async def test_timestamps_that_stand_still_are_told_by_arrival(open_site: OpenSite, timestamp: int) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        for number in range(60):
            site.ticks = timestamp
            await site.send(camera, 1) if number else await site.until(lambda: "PLAY" in camera.methods)
        assert site.state.phase == "streaming" and len(site.units) == 59
        assert {unit.run for unit in site.units} == {1} and max(lateness(site, 20)) < MS


async def test_timestamps_that_begin_to_stand_still_and_go_on_again_are_survived(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        for _ in range(30):
            site.ticks = 10 * 9000
            await site.send(camera, 1)
        await site.send(camera, 30)
        assert len(site.units) == 70 and {unit.run for unit in site.units} == {1}
        assert max(lateness(site, 50)) < MS


async def test_timestamps_wrap_unnoticed(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        site.ticks = 2**32 - 15 * 9000
        await site.playing(camera)
        await site.send(camera, 30)
        assert {unit.run for unit in site.units} == {1}
        assert [unit.pts_90k for unit in site.units] == [i * 9000 for i in range(40)]


async def test_another_source_in_the_same_connection_begins_a_run_at_its_key_frame(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.packer = Packer(ssrc=77, sequence=9)
        site.ticks, site.frame = 5, 15
        await site.send(camera, 20)
        assert [unit.run for unit in site.units] == [1] * 10 + [2] * 15
        assert site.units[10].key and site.state.packets_lost == 0 and camera.connections == 1


async def test_sets_that_change_in_the_stream_give_a_new_format_from_the_key_frame_on(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.send([SPS_LARGER, PPS, idr(1)], site.ticks)
        await site.clock.advance(0.1)
        assert [unit.format.width for unit in site.units[-2:]] == [320, 640]
        assert len({unit.run for unit in site.units}) == 1


async def test_sets_missing_from_the_description_are_taken_from_the_stream(open_site: OpenSite) -> None:
    async with serving(FakeCamera(sdp=description(sprop=False))) as camera, open_site(camera.url) as site:
        await site.until(lambda: "PLAY" in camera.methods)
        camera.send([inter(0)], 0)
        for number in range(10):
            camera.send([SPS, PPS, idr(number)], number * 9000 + 9000)
            await site.clock.advance(0.1)
        await site.phase("streaming")
        assert site.state.width == 320


async def test_wrong_sets_in_the_description_give_way_to_those_of_the_stream(open_site: OpenSite) -> None:
    wrong = f"a=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets={base64.b64encode(SPS_LARGER).decode()},aM4PyA=="
    async with serving(FakeCamera(sdp=description(wrong, sprop=False))) as camera, open_site(camera.url) as site:
        await site.until(lambda: "PLAY" in camera.methods)
        for number in range(10):
            camera.send([SPS, PPS, idr(number)], number * 9000)
            await site.clock.advance(0.1)
        assert {unit.format.width for unit in site.units} == {320}


async def test_a_burst_of_the_past_at_connect_is_labelled_with_its_own_times(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.until(lambda: "PLAY" in camera.methods)
        for number in range(20):  # two seconds, all at once
            camera.send([idr(0) if number == 0 else inter(number)], number * 9000)
        site.frame, site.ticks = 20, 20 * 9000
        await site.clock.advance(0.1)
        await site.send(camera, 20)
        begun = site.units[0].utc_ns
        assert [round((unit.utc_ns - begun) / MS) for unit in site.units] == [i * 100 for i in range(40)]
        assert lateness(site, 39) == [0] and lateness(site, 0)[0] == 1900 * MS


@pytest.mark.parametrize("days", [-30, -0.01, 0.01, 400])
async def test_a_wall_clock_step_either_way_begins_a_run_and_loses_no_picture(open_site: OpenSite, days: float) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        later = site.clock.now() + timedelta(days=days)
        await site.clock.jump(later)
        await site.send(camera, 10)
        assert [unit.run for unit in site.units] == [1] * 10 + [2] * 10
        assert site.units[10].utc_ns == ns_of(later) and camera.connections == 1


async def test_the_night_the_clocks_go_back_is_like_any_other(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.clock.jump(START.replace(month=10, day=25, hour=0, minute=59, second=59))
        await site.playing(camera)
        await site.send(camera, 30)
        assert {unit.run for unit in site.units} == {1}
        assert {later.utc_ns - sooner.utc_ns for sooner, later in zip(site.units, site.units[1:], strict=False)} == {
            100 * MS
        }


@pytest.mark.parametrize("status", ["453 Not Enough Bandwidth", "503 Service Unavailable"])
async def test_a_camera_with_no_room_for_us_is_named_and_tried_again(open_site: OpenSite, status: str) -> None:
    """Also after its reboot or ours, while it still keeps the old session."""
    async with serving(FakeCamera(statuses={"SETUP": status})) as camera, open_site(camera.url) as site:
        await site.phase("refused")
        assert status in site.state.message and "viewers" in site.state.message
        camera.statuses.clear()
        await site.clock.advance(1.1)
        await site.playing(camera)


async def test_a_session_the_camera_has_forgotten_is_made_anew(open_site: OpenSite) -> None:
    async with serving(FakeCamera(session_seconds=4)) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.statuses["GET_PARAMETER"] = "454 Session Not Found"
        await site.send(camera, 15)
        await site.until(lambda: "forgotten" in site.state.message)
        camera.statuses.clear()
        await site.clock.advance(1.1)
        await site.until(lambda: camera.methods.count("PLAY") == 2)


async def test_a_reset_connection_is_made_again(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.reset()
        await site.phase("connecting")
        await site.clock.advance(1.1)
        await site.until(lambda: camera.methods.count("PLAY") == 2)


async def test_a_reboot_is_survived_with_the_same_addresses_and_another_source(open_site: OpenSite) -> None:
    camera = FakeCamera()
    async with open_site(camera_url := await _reserve(camera)) as site:
        async with serving(camera):
            await site.clock.advance(1.1)
            await site.playing(camera)
        await site.until(lambda: site.state.phase != "streaming")
        await site.clock.advance(3)
        await site.phase("refused")
        camera.packer, site.ticks, site.frame = Packer(ssrc=5, sequence=0), 0, 0
        async with serving(camera):
            await site.clock.advance(6)
            await site.until(lambda: camera.methods.count("PLAY") == 2)
            await site.send(camera, 10)
            assert site.units[-1].run == 2 and camera.url == camera_url


async def test_farewell_by_rtcp_ends_the_connection(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.send_rtcp(struct.pack(">BBHI", 0x81, 203, 1, 0x1234))
        await site.until(lambda: "ended the stream" in site.state.message)


async def test_basic_is_answered_only_where_it_is_allowed(open_site: OpenSite) -> None:
    camera = FakeCamera(login=True, algorithm="Basic")
    async with serving(camera), open_site(camera.url, user=USER, password=PASSWORD) as site:
        await site.phase("unauthorized")
        assert "auth: basic" in site.state.message
        assert not any("authorization" in request.headers for request in camera.requests)
    camera = FakeCamera(login=True, algorithm="Basic")
    async with serving(camera), open_site(camera.url, user=USER, password=PASSWORD, auth="basic") as site:
        await site.playing(camera)


async def test_a_wrong_password_by_basic_causes_no_login_storm(open_site: OpenSite) -> None:
    camera = FakeCamera(login=True, algorithm="Basic")
    async with serving(camera), open_site(camera.url, user=USER, password="wrong", auth="basic") as site:
        await site.phase("unauthorized")
        await site.clock.advance(600)
        assert 2 <= sum("authorization" in request.headers for request in camera.requests) <= 5


async def _reserve(camera: FakeCamera) -> str:
    """Its address, while it is off."""
    async with serving(camera):
        return camera.url


async def test_a_slow_network_delivers_everything_late_and_whole(open_site: OpenSite) -> None:
    """Bytes trickle: pictures take twice as long to arrive as they were taken in."""
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        data = b"".join(
            interleaved(camera.packer.picture([idr(n, 900) if n == 10 else inter(n, 900)], n * 9000))
            for n in range(10, 30)
        )
        for start in range(0, len(data), 100):
            camera.send_raw(data[start : start + 100])
            await site.clock.advance(4.0 * 100 / len(data))
        assert len(site.units) == 30 and {unit.run for unit in site.units} == {1}
        assert [unit.data[-900:] for unit in site.units[10:]] == [bytes(900)] * 20
        labels = [unit.utc_ns for unit in site.units]
        assert labels == sorted(set(labels))
        late = lateness(site, 0)  # how soon a lag is followed is a matter of the labels' own tests
        assert min(late) >= 0 and 1e9 < max(late) < 2.1e9


async def test_a_stream_that_is_ended_ends_also_when_its_farewell_fails(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(_: RtspConnection) -> None:
        raise ZeroDivisionError("a defect")

    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        monkeypatch.setattr(RtspConnection, "_tear_down", stumble)
        assert await ends_when_cancelled(site.task), "it connects again"
