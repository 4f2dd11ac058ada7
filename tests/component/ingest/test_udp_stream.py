"""RTP over UDP, as bad as networks are."""

import logging
import random
import socket

import pytest

from recorder.ingest.udp import bind_ports
from tests.component.ingest.conftest import OpenSite
from tests.fakes.h264_rtp import idr, inter, with_lengths
from tests.fakes.rtsp_camera import FakeCamera, serving


async def test_pictures_come_by_udp_and_reports_go_back(open_site: OpenSite) -> None:
    async with serving(FakeCamera(udp=True)) as camera, open_site(camera.url, transport="udp") as site:
        await site.playing(camera)
        await site.send(camera, 60)
        assert len(site.units) == 70 and site.state.transport == "udp"
        assert site.state.packets_lost == 0 and site.state.fps == pytest.approx(10, abs=1)
        site.feed.want_key()
        await site.until(lambda: camera.key_requests() >= 1)
        assert any(packet[:2] == b"\x81\xc9" for packet in camera.feedback)


async def test_auto_takes_udp_where_tcp_is_refused_and_remembers(open_site: OpenSite) -> None:
    async with serving(FakeCamera(udp=True)) as camera, open_site(camera.url, transport="auto") as site:
        await site.playing(camera)
        assert site.state.transport == "udp" and camera.connections == 2
        camera.hang_up()
        await site.clock.advance(1.1)
        await site.until(lambda: camera.methods.count("PLAY") == 2)
        assert camera.connections == 3, "TCP is not tried again"


async def test_auto_takes_tcp_first(open_site: OpenSite) -> None:
    async with serving(FakeCamera()) as camera, open_site(camera.url, transport="auto") as site:
        await site.playing(camera)
        assert site.state.transport == "tcp" and camera.connections == 1


@pytest.mark.parametrize(("udp", "wanted"), [(True, "tcp"), (False, "udp")])
async def test_a_transport_that_is_not_offered_is_said(open_site: OpenSite, udp: bool, wanted: str) -> None:
    async with serving(FakeCamera(udp=udp)) as camera, open_site(camera.url, transport=wanted) as site:
        await site.phase("unsupported")
        assert f"over {wanted.upper()}" in site.state.message


async def test_packets_in_disorder_and_twice_cost_nothing(open_site: OpenSite) -> None:
    shuffler = random.Random(5)

    def on_way(packets: list[bytes]) -> list[bytes]:
        mixed = [*packets, shuffler.choice(packets)]
        shuffler.shuffle(mixed)
        return mixed

    async with serving(FakeCamera(udp=True)) as camera, open_site(camera.url, transport="udp") as site:
        await site.playing(camera)
        camera.on_way = on_way
        before = len(site.units)
        for number in range(20):
            nals = [idr(number, 9000) if number % 5 == 0 else inter(number, 7000)]
            camera.send(nals, site.ticks)
            site.ticks += 9000
            await site.clock.advance(0.1)
        assert [unit.data[:12] for unit in site.units[before:]] == [
            with_lengths([idr(n, 9000) if n % 5 == 0 else inter(n, 7000)])[:12] for n in range(20)
        ]
        assert site.state.packets_lost == 0


async def test_lost_datagrams_are_counted_once_and_a_key_frame_asked_for(open_site: OpenSite) -> None:
    async with serving(FakeCamera(udp=True)) as camera, open_site(camera.url, transport="udp") as site:
        await site.playing(camera)
        asked, before = camera.key_requests(), len(site.units)
        camera.on_way = lambda packets: packets[:2] + packets[4:] + packets[-1:]
        camera.send([inter(1, 9000)], site.ticks)
        camera.on_way = list
        site.ticks += 9000
        site.frame = 1
        await site.send(camera, 5)
        assert len(site.units) == before
        await site.until(lambda: camera.key_requests() > asked)
        site.frame = 20
        await site.send(camera, 5)
        assert len(site.units) == before + 5 and site.state.packets_lost == 2


async def test_datagrams_of_strangers_are_dropped(open_site: OpenSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with serving(FakeCamera(udp=True)) as camera, open_site(camera.url, transport="udp") as site:
        await site.playing(camera)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.sendto(camera.packer.packet(idr(1), 0, marker=True), ("127.0.0.1", camera._client[0]))
        camera.packer.sequence -= 1
        await site.send(camera, 10)
        assert len(site.units) == 20 and site.state.packets_lost == 0
        camera.hang_up()
        await site.phase("connecting")
    assert "1 datagrams from other addresses" in caplog.text


async def test_a_silent_stream_by_udp_has_stalled_after_ten_seconds(open_site: OpenSite) -> None:
    async with serving(FakeCamera(udp=True)) as camera, open_site(camera.url, transport="udp") as site:
        await site.playing(camera)
        await site.clock.advance(11)
        await site.phase("stalled")


def test_ports_come_in_pairs_with_room_for_a_burst() -> None:
    ports = [bind_ports("127.0.0.1", "127.0.0.1", socket.AF_INET) for _ in range(20)]
    try:
        for one in ports:
            assert one.pair.rtp % 2 == 0 and one.pair.rtcp == one.pair.rtp + 1
            assert one.buffer_bytes > 212992, "more than the kernel gives by itself"
    finally:
        for one in ports:
            one.close()
