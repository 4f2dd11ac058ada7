"""The local site: its socket, its live access units, and that a lapse never touches it."""

import base64
import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from aiohttp import ClientSession, UnixConnector, WSMsgType

from recorder.errors import AddressInUseError, RecorderError
from recorder.local.app import serve_local
from recorder.web.media_header import HEADER_BYTES, MediaKind, parse_media_header
from tests.fakes.footage import Footage
from tests.fakes.remote_site import RemoteSite


@pytest_asyncio.fixture
async def local(site: RemoteSite) -> AsyncIterator[ClientSession]:
    async with (
        serve_local(site.parts) as path,
        ClientSession("http://site", connector=UnixConnector(path=str(path))) as session,
    ):
        yield session


async def test_only_the_recorders_user_may_open_the_socket_and_it_goes_at_the_end(site: RemoteSite) -> None:
    async with serve_local(site.parts) as path:
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


async def test_a_dead_recorders_socket_is_replaced_and_a_living_ones_is_not(site: RemoteSite) -> None:
    path = site.config.local.socket
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with serve_local(site.parts):
        with pytest.raises(AddressInUseError, match="is in use by another recorder"):
            async with serve_local(site.parts):
                pass
        assert path.exists()


async def test_a_file_in_the_sockets_place_is_not_overwritten(site: RemoteSite) -> None:
    path = site.config.local.socket
    path.write_text("notes")
    with pytest.raises(RecorderError, match="is no socket"):
        async with serve_local(site.parts):
            pass
    assert path.read_text() == "notes"


async def test_live_access_units_go_on_without_any_licence(
    site: RemoteSite, local: ClientSession, footage: Footage
) -> None:
    stream = site.stream("cam1", "sub", footage)
    stream.publish(2)
    site.entitle(site.clock.now() + timedelta(hours=1))
    async with local.ws_connect("/v1/cameras/cam1/live?stream=sub") as ws:
        hello = (await ws.receive_json())["hello"]
        messages = [await ws.receive_bytes() for _ in range(2)]
        site.gate.install(None)
        stream.publish()
        messages.append(await ws.receive_bytes())
    assert (hello["codec"], hello["width"], hello["height"]) == ("h264", 320, 180)
    assert base64.b64decode(hello["decoder_configuration"]) == footage.format.decoder_configuration
    headers = [parse_media_header(message) for message in messages]
    assert [(header.kind, header.key, header.sequence) for header in headers] == [
        (MediaKind.ACCESS_UNIT, True, 0),
        (MediaKind.ACCESS_UNIT, False, 1),
        (MediaKind.ACCESS_UNIT, False, 2),
    ]
    assert [message[HEADER_BYTES:] for message in messages] == [footage.pictures[at][0] for at in range(3)]


async def test_the_state_is_that_of_the_remote_side(site: RemoteSite, local: ClientSession) -> None:
    async with local.get("/v1/state") as response:
        assert [camera["id"] for camera in (await response.json())["cameras"]] == ["cam1", "cam2", "cam3", "cam4"]
    async with local.get("/v1/nothing?lang=en") as response:
        assert json.loads(await response.text())["title"] == "Not found"


async def test_an_unknown_camera_is_closed_with_4404(local: ClientSession) -> None:
    async with local.ws_connect("/v1/cameras/cam9/live") as ws:
        assert (await ws.receive_json())["end"]["problem"]["code"] == "camera_unknown"
        assert (await ws.receive()).type is WSMsgType.CLOSE
    assert ws.close_code == 4404


async def test_the_device_tells_of_itself_at_the_recorder_without_a_licence(
    local: ClientSession, site: RemoteSite
) -> None:
    site.entitle(site.clock.now() - timedelta(seconds=1))
    async with local.get("/v1/device") as answer:
        assert answer.status == 200
        told = await answer.json()
    assert (told["id"], told["cameras"], told["storage"]["free_bytes"]) == (
        "rec-1",
        4,
        81_000_000_000,
    )
    assert told["uptime_seconds"] >= 0 and told["firmware"] and isinstance(told["addresses"], list)
