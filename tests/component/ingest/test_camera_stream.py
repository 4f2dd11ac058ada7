"""One camera's stream, whatever the camera does."""

import asyncio
import logging
import socket
from datetime import timedelta

import pytest

from gate.clock import ns_of
from tests.component.ingest.conftest import FRAME_SECONDS, START, Always, OpenSite
from tests.fakes.h264_rtp import PPS, SPS_LARGER, idr, inter, interleaved, with_lengths
from tests.fakes.rtsp_camera import PASSWORD, USER, FakeCamera, description, serving


async def test_pictures_become_units_with_labels_of_our_clock(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        await site.send(camera, 10)
        assert [unit.data for unit in site.units[:2]] == [with_lengths([idr(0)]), with_lengths([inter(1)])]
        assert [unit.key for unit in site.units[:11]] == [i % 10 == 0 for i in range(11)]
        assert [unit.utc_ns for unit in site.units] == [
            ns_of(START) + round(i * FRAME_SECONDS * 1e9) for i in range(len(site.units))
        ]
        assert (site.state.width, site.state.height, site.state.codec) == (320, 240, "h264")
        assert site.state.units == len(site.units) and site.state.message == ""


async def test_rates_are_measured(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        await site.send(camera, 40)
        assert site.state.fps == pytest.approx(10, abs=1)
        assert 2000 < site.state.bitrate_bps < 8000


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_login_is_made_and_survives_stale_nonces(open_site: OpenSite, algorithm: str) -> None:
    camera = FakeCamera(login=True, algorithm=algorithm, uses_of_nonce=3, session_seconds=4)
    async with serving(camera), open_site(camera.url, user=USER, password=PASSWORD) as site:
        await site.playing(camera)
        await site.send(camera, 150)
        assert site.state.phase == "streaming" and camera.connections == 1
        assert camera.methods.count("GET_PARAMETER") >= 7


async def test_nonces_renewed_without_a_word_are_survived(open_site: OpenSite) -> None:
    camera = FakeCamera(login=True, uses_of_nonce=3, says_stale=False, session_seconds=4)
    async with serving(camera), open_site(camera.url, user=USER, password=PASSWORD) as site:
        await site.playing(camera)
        await site.send(camera, 150)
        assert site.state.phase == "streaming" and camera.connections == 1


async def test_a_wrong_password_is_said_and_causes_no_login_storm(
    open_site: OpenSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    camera = FakeCamera(login=True, says_stale=False)
    async with serving(camera), open_site(camera.url, user=USER, password="wrong password") as site:
        await site.phase("unauthorized")
        await site.clock.advance(600)
        tries = [request for request in camera.requests if "authorization" in request.headers]
        assert 2 <= len(tries) <= 5
        assert "does not accept" in site.state.message
        assert "wrong password" not in site.state.message + caplog.text


async def test_a_camera_without_login_data_is_said(open_site: OpenSite) -> None:
    async with serving(FakeCamera(login=True)) as camera, open_site(camera.url) as site:
        await site.phase("unauthorized")
        assert "configuration" in site.state.message


async def test_a_refused_connection_is_tried_again_until_the_camera_is_there(open_site: OpenSite) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        camera = FakeCamera(port=probe.getsockname()[1])
    async with open_site(camera.url) as site:
        await site.phase("refused")
        assert f"127.0.0.1:{camera.port}" in site.state.message
        async with serving(camera):
            await site.clock.advance(1.5)
            await site.playing(camera)


async def test_a_refusal_by_rtsp_is_said_with_its_status(open_site: OpenSite) -> None:
    async with serving(FakeCamera(statuses={"DESCRIBE": "404 Not Found"})) as camera, open_site(camera.url) as site:
        await site.phase("refused")
        assert "404 Not Found" in site.state.message
        await site.clock.advance(0.9)
        assert camera.connections == 1
        await site.clock.advance(0.2)
        await site.until(lambda: camera.connections == 2)


async def test_another_codec_is_unsupported_and_named(open_site: OpenSite) -> None:
    async with serving(FakeCamera(sdp=description("a=rtpmap:96 JPEG/90000"))) as camera, open_site(camera.url) as site:
        await site.phase("unsupported")
        assert "JPEG" in site.state.message


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
async def test_a_camera_that_does_not_answer_has_stalled(open_site: OpenSite, method: str) -> None:
    async with serving(FakeCamera(silent={method})) as camera, open_site(camera.url) as site:
        await site.until(lambda: method in camera.methods)
        await site.clock.advance(9.5)
        assert site.state.phase == "connecting"
        await site.clock.advance(1)
        await site.phase("stalled")


async def test_a_frozen_stream_has_stalled_after_ten_seconds_and_is_left_with_teardown(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        await site.clock.advance(9)
        assert site.state.phase == "streaming"
        await site.clock.advance(2)
        await site.phase("stalled")
        await site.until(lambda: "TEARDOWN" in camera.methods)
        runs = {unit.run for unit in site.units}
        await site.clock.advance(2)
        await site.until(lambda: camera.methods.count("PLAY") == 2)
        camera.packer.sequence = 5
        await site.send(camera, 10)
        await site.phase("streaming")
        assert {unit.run for unit in site.units} - runs


async def test_a_half_open_connection_is_given_up(open_site: OpenSite) -> None:
    """Neither packets nor answers come any more, and TEARDOWN is not answered either."""
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.silent |= {"GET_PARAMETER", "TEARDOWN"}
        await site.clock.advance(11)
        await site.phase("stalled")
        await site.clock.advance(2.5)
        await site.until(lambda: camera.connections == 2)


async def test_a_lost_connection_is_made_again_at_once_with_a_new_run(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.hang_up()
        await site.phase("connecting")
        assert "lost" in site.state.message and site.state.fps == 0
        await site.clock.advance(1.1)
        await site.until(lambda: camera.methods.count("PLAY") == 2)
        site.frame = 0
        await site.send(camera, 10)
        await site.phase("streaming")
        runs = [unit.run for unit in site.units]
        assert runs == sorted(runs) and len(set(runs)) == 2


async def test_a_minute_of_good_stream_starts_the_waits_anew(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        for attempt in range(1, 7):
            await site.until(lambda wanted=attempt: camera.methods.count("PLAY") == wanted)  # type: ignore[misc]
            camera.hang_up()
            await site.until(lambda: "lost" in site.state.message and not camera.open)
            await site.clock.advance(1.1)
        assert camera.connections == 6  # the wait is now longer
        await site.clock.advance(5)
        await site.until(lambda: camera.methods.count("PLAY") == 7)
        for _ in range(65):
            await site.send(camera, 1, gop=1, seconds=1)
        camera.hang_up()
        await site.phase("connecting")
        await site.clock.advance(1.1)
        await site.until(lambda: camera.connections == 8)


async def test_losses_are_counted_over_connections(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.packer.sequence += 3
        await site.send(camera, 2)
        camera.hang_up()
        await site.clock.advance(1.1)
        await site.until(lambda: camera.methods.count("PLAY") == 2)
        site.frame = 0
        await site.send(camera, 10)
        assert site.state.packets_lost == 3


async def test_a_camera_clock_that_runs_slow_keeps_its_labels_near_arrival(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url, batching=False) as site:
        await site.playing(camera)
        for _ in range(1300):
            await site.send(camera, 1)
            site.ticks -= 3  # 333 ppm slow, far worse than any crystal
        newest = site.units[-1]
        late_ns = newest.arrival_ns + ns_of(START) - newest.utc_ns
        assert 0 <= late_ns <= 22_000_000  # of a minute between two soundings


async def test_the_session_is_kept_alive_at_half_its_time(open_site: OpenSite) -> None:
    async with serving(FakeCamera(session_seconds=10)) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        await site.send(camera, 210)
        assert camera.methods.count("GET_PARAMETER") == 4
        reports = [packet for packet in camera.feedback if packet[:2] == b"\x81\xc9"]
        assert len(reports) == 4


async def test_the_end_is_said_to_the_camera(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        site.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await site.task
        assert camera.methods[-1] == "TEARDOWN"
        assert site.feed.on_key_wanted is None


async def test_the_answer_to_teardown_is_not_waited_for_below_the_mark(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        await site.send(camera, 300, seconds=0.01, gop=1)
        site.task.cancel()
        await site.until(site.task.done)  # simulated time stands still


async def test_loss_is_counted_and_a_key_frame_asked_for(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        before, asked = len(site.units), camera.key_requests()
        camera.packer.sequence += 3
        await site.send(camera, 5)
        assert len(site.units) == before
        await site.until(lambda: camera.key_requests() > asked)
        site.frame = 20
        await site.send(camera, 5)
        assert len(site.units) == before + 5 and site.units[before].key
        assert site.state.packets_lost == 3


async def test_a_key_frame_wanted_is_asked_for_at_once(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        asked = camera.key_requests()
        site.feed.want_key()
        site.feed.want_key()
        await site.until(lambda: camera.key_requests() == asked + 1)
        await site.clock.settle()
        assert camera.key_requests() == asked + 1


async def test_a_key_frame_may_be_asked_for_again_as_soon_as_it_has_come(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        asked = camera.key_requests()
        site.feed.want_key()
        camera.send([idr(1)], site.ticks)
        await site.until(lambda: site.units[-1].data == with_lengths([idr(1)]))
        site.feed.want_key()
        await site.until(lambda: camera.key_requests() == asked + 2)


async def test_a_clock_step_begins_a_run_and_loses_no_picture(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        before = len(site.units)
        later = site.clock.now() + timedelta(days=30)
        await site.clock.jump(later)
        site.frame = 15
        await site.send(camera, 5)
        assert len(site.units) == before + 5
        unit = site.units[before]
        assert unit.run == site.units[0].run + 1 and unit.pts_90k == 0
        assert ns_of(later) <= unit.utc_ns <= site.clock.now_ns()
        assert camera.connections == 1


async def test_a_jump_of_the_camera_s_times_begins_a_run_and_asks_for_its_key_frame(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        before, asked = len(site.units), camera.key_requests()
        site.ticks += 20 * 90_000
        site.frame = 15
        await site.send(camera, 5)
        assert len(site.units) == before and camera.key_requests() > asked
        await site.send(camera, 5)
        assert site.units[before].key and site.units[before].run == site.units[0].run + 1
        assert site.units[before].utc_ns <= site.clock.now_ns()
        assert camera.connections == 1


async def test_changed_parameter_sets_give_a_new_format_with_the_next_key_frame(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        formats = site.units[-1].format
        camera.send([SPS_LARGER, PPS, idr(1)], site.ticks)
        await site.clock.advance(0.1)
        assert site.units[-2].format is formats
        assert (site.units[-1].format.width, site.state.width) == (640, 640)
        camera.send([SPS_LARGER, PPS, idr(2)], site.ticks + 9000)
        await site.clock.advance(0.1)
        assert site.units[-1].format is site.units[-2].format


async def test_video_without_parameter_sets_is_said(open_site: OpenSite) -> None:
    async with serving(FakeCamera(sdp=description(sprop=False))) as camera, open_site(camera.url) as site:
        await site.until(lambda: "PLAY" in camera.methods)
        for _ in range(13):
            await site.send(camera, 1)
            await site.clock.advance(5)
        await site.phase("stalled")
        assert "parameter sets" in site.state.message and not site.units


async def test_a_camera_that_breaks_the_protocol_is_left_and_tried_again(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        camera.send_raw(b"\x00" * 100)
        await site.phase("unsupported")
        await site.clock.advance(2.5)
        await site.until(lambda: camera.connections == 2)


async def test_pictures_larger_than_the_buffer_arrive_whole(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        nals = [idr(site.frame, 700_000), inter(1, 300_000)]
        packets = camera.packer.picture(nals, site.ticks, size=60_000)
        camera.send_raw(interleaved(packets))
        await site.until(lambda: site.units[-1].data == with_lengths(nals))


async def test_the_board_is_told_of_phases_only(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        assert site.board.version == 1
        await site.send(camera, 50)
        assert site.board.version == 1


async def test_pictures_come_in_batches_only_while_nobody_needs_each(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:

        async def waits(count: int = 50) -> int:
            """How many pictures are still in the kernel at the worst, of a camera with 100 pictures a second."""
            held = 0
            for _ in range(count):
                await site.send(camera, 1, seconds=0.01, gop=1)
                held = max(held, site.frame - len(site.units))
            return held

        await site.playing(camera)
        await site.send(camera, 300, seconds=0.01, gop=1)
        assert 3 <= await waits() <= 15
        with site.feed.subscribe(Always(), now_ns=site.clock.monotonic_ns()):
            assert await waits() == 0
        await site.clock.advance(0.5)
        await site.send(camera, 100, seconds=0.01, gop=1)
        assert await waits() >= 3
        site.stream.set_batching(False)
        assert await waits() == 0


async def test_what_lies_below_the_mark_is_seen_when_the_stream_pauses(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url) as site:
        await site.playing(camera)
        await site.send(camera, 302, seconds=0.01, gop=1)
        await site.clock.advance(1.1)
        assert len(site.units) == site.frame
