"""Renewals on the remote side: a stream that is being watched runs on over the old end, without a seam."""

import json
from datetime import timedelta

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from recorder.web.media_header import parse_media_header
from tests.fakes.footage import Footage
from tests.fakes.remote_site import RemoteSite

BOUND_SECONDS = 5.0


async def sequences(ws: ClientWebSocketResponse, site: RemoteSite, last: int) -> list[int]:
    """Numbers of the media messages up to `last`; nothing but the first `hello` may come between."""
    found: list[int] = []
    async with site.clock.timeout(BOUND_SECONDS):
        while not found or found[-1] < last:
            message = await ws.receive()
            if message.type == WSMsgType.TEXT:
                assert "hello" in json.loads(message.data) and found == []
            else:
                assert message.type == WSMsgType.BINARY, message
                found.append(parse_media_header(message.data).sequence)
    return found


async def test_a_renewal_never_disturbs_an_open_stream(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    old_end = site.clock.now() + timedelta(seconds=0.6)
    site.entitle(old_end)
    stream = site.stream("cam1", "sub", footage)
    stream.publish(5)
    async with client.ws_connect("/api/v1/cameras/cam1/live") as ws:
        assert await sequences(ws, site, 5) == list(range(6))
        for renewal in range(3):
            site.entitle(old_end + timedelta(hours=1 + renewal))
            stream.publish()
        while site.clock.now() <= old_end:
            await site.clock.sleep(0.05)
        stream.publish(2)
        assert await sequences(ws, site, 10) == list(range(6, 11))


async def test_a_renewal_for_another_camera_cuts_the_one_that_it_leaves_out(
    site: RemoteSite, client: ClientSession, footage: Footage
) -> None:
    streams = [site.stream(camera, "sub", footage) for camera in ("cam1", "cam2")]
    for stream in streams:
        stream.publish(3)
    async with (
        client.ws_connect("/api/v1/cameras/cam1/live") as left_out,
        client.ws_connect("/api/v1/cameras/cam2/live") as kept,
    ):
        await sequences(left_out, site, 3)
        await sequences(kept, site, 3)
        site.entitle(site.clock.now() + timedelta(hours=2), ["cam2"])
        async with site.clock.timeout(BOUND_SECONDS):
            end = json.loads((await left_out.receive()).data)
            assert end["end"]["problem"]["code"] == "NOT_LICENSED"
            await left_out.receive()
        assert left_out.close_code == 4403
        streams[1].publish()
        assert await sequences(kept, site, 4) == [4]
