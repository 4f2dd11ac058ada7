"""Exports over the remote API: ordered, made, fetched with ranges and as a ZIP, and torn off with the licence."""

import asyncio
import contextlib
import hashlib
import io
import threading
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gate.client.attestation import Attestor
from gate.clock import instant_of
from gate.signing.identity import open_identity
from recorder.catalog.database import Catalog
from recorder.exports import making
from recorder.exports.opening import open_exporter
from recorder.remote import exports_download
from recorder.remote.app import serve_remote
from tests.fakes.recorded import Recorded
from tests.fakes.remote_site import RemoteSite
from tests.fakes.video import EPOCH_NS, FPS, access_units, shifted

SECOND = 10**9
EXPORTS = "/api/v1/exports"


@pytest_asyncio.fixture
async def client(site: RemoteSite) -> AsyncIterator[aiohttp.ClientSession]:
    """Two runs of nine and six seconds of cam1, with a licence gap between them."""
    data_dir = site.config.device.data_dir
    recorded = Recorded(data_dir, segment_seconds=3)
    recorded.write(access_units(9 * FPS))
    recorded.gap(EPOCH_NS + 9 * SECOND, EPOCH_NS + 20 * SECOND, "licence")
    recorded.write(shifted(access_units(6 * FPS), 20, run=2))
    recorded.close()
    storage = site.config.storage.model_copy(update={"free_bytes_min": 0})
    site.config = site.config.model_copy(update={"storage": storage})
    catalog = Catalog(data_dir / "index.db")
    attestor = Attestor(open_identity(data_dir))
    async with open_exporter(site.config, site.gate, site.clock, attestor) as exporter:
        task = asyncio.create_task(exporter.run())
        async with (
            serve_remote(replace(site.parts, catalog=catalog, exports=exporter)) as front,
            aiohttp.ClientSession(front.url) as session,
        ):
            yield session
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    catalog.close()


def wish(start: float, end: float, **more: Any) -> dict[str, Any]:
    instants = (instant_of(EPOCH_NS + round(second * SECOND)).isoformat() for second in (start, end))
    return dict(zip(("from", "to"), instants, strict=True)) | {"camera": "cam1"} | more


async def told(client: aiohttp.ClientSession, id: str) -> dict[str, Any]:
    async with client.get(f"{EXPORTS}/{id}") as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def until(client: aiohttp.ClientSession, id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    for _ in range(2000):
        found = await told(client, id)
        if wanted(found):
            return found
        await asyncio.to_thread(threading.Event().wait, 0.005)
    raise AssertionError(found)


async def exported(client: aiohttp.ClientSession, start: float = 2.5, end: float = 24) -> dict[str, Any]:
    async with client.post(EXPORTS, json=wish(start, end)) as answer:
        assert answer.status == 202
        assert answer.headers["Location"].endswith((await answer.json())["id"])
        id = (await answer.json())["id"]
    return await until(client, id, lambda found: found["state"] in ("done", "failed"))


async def test_an_export_is_ordered_made_and_fetched_whole_or_in_parts(client: aiohttp.ClientSession) -> None:
    export = await exported(client)
    assert (export["state"], len(export["files"]), export["problem"]) == ("done", 2, None)
    file = export["files"][0]
    address = "/" + file["href"]
    async with client.get(address) as answer:
        whole = await answer.read()
        assert (answer.status, answer.content_type, len(whole)) == (200, "video/mp4", file["size"])
        assert file["name"] in answer.headers["Content-Disposition"]
        tag = answer.headers["ETag"]
    assert hashlib.sha256(whole[: len(whole) - _box_bytes(whole)]).hexdigest() == file["sha256"]
    for asked, status, wanted in (
        ("bytes=100-199", 206, whole[100:200]),
        ("bytes=-50", 206, whole[-50:]),
        ("bytes=1000-", 206, whole[1000:]),
        (f"bytes={len(whole)}-", 416, b""),
        ("bytes=nonsense", 200, whole),
    ):
        async with client.get(address, headers={"Range": asked, "If-Range": tag}) as answer:
            assert (answer.status, await answer.read()) == (status, wanted)
    async with client.get(address, headers={"Range": "bytes=5-9", "If-Range": '"another"'}) as answer:
        assert (answer.status, len(await answer.read())) == (200, len(whole))
    async with client.get(address, headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    async with client.head(address) as answer:
        assert (answer.status, answer.content_length) == (200, len(whole))


def _box_bytes(content: bytes) -> int:
    at = content.rindex(making.MANIFEST_UUID) - 8
    return int.from_bytes(content[at : at + 4], "big")


async def test_the_zip_is_a_whole_zip_of_all_files_and_the_manifest(client: aiohttp.ClientSession) -> None:
    export = await exported(client)
    async with client.get(f"{EXPORTS}/{export['id']}/export.zip") as answer:
        content = await answer.read()
        assert (answer.status, answer.content_type) == (200, "application/zip")
    async with client.get(f"{EXPORTS}/{export['id']}/export.zip", headers={"Range": "bytes=30-99999"}) as answer:
        assert await answer.read() == content[30:100_000]
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    names = [one.filename for one in archive.infolist()]
    assert names == [*(file["name"] for file in export["files"]), "manifest.json"]
    async with client.get(f"{EXPORTS}/{export['id']}/manifest.json") as answer:
        assert archive.read("manifest.json") == await answer.read()


async def test_orders_that_make_no_sense_are_problems_and_say_what_is_wrong(client: aiohttp.ClientSession) -> None:
    for content, status, code in (
        (wish(5, 5), 400, "export_malformed"),
        (wish(0, 100_000), 400, "export_malformed"),
        ({"camera": "cam1", "from": "now", "to": "then"}, 400, "export_malformed"),
        ({**wish(0, 5), "cameras": ["cam1"]}, 400, "export_malformed"),
        ([1], 400, "export_malformed"),
        (wish(0, 5, camera="nobody"), 404, "camera_unknown"),
        (wish(0, 5, stream="third"), 400, "export_malformed"),
    ):
        async with client.post(EXPORTS, json=content) as answer:
            assert (answer.status, (await answer.json())["code"]) == (status, code), content
    for method, path, status in (
        ("GET", f"{EXPORTS}/0123456789abcdef", 404),
        ("DELETE", f"{EXPORTS}/0123456789abcdef", 404),
        ("GET", f"{EXPORTS}/0123456789abcdef/files/a.mp4", 404),
        ("GET", f"{EXPORTS}/..%2f..%2fdevice.key/files/a.mp4", 404),
    ):
        async with client.request(method, path) as answer:
            assert (answer.status, (await answer.json())["code"]) == (status, "export_unknown")
    export = await exported(client, 11, 19)
    assert (export["state"], export["problem"]["code"]) == ("failed", "no_footage")
    async with client.get(f"{EXPORTS}/{export['id']}/export.zip") as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "export_not_done")


async def test_a_lapsed_camera_gives_nothing_away_but_the_list_says_why(
    client: aiohttp.ClientSession, site: RemoteSite
) -> None:
    export = await exported(client)
    site.entitle(site.clock.now() - timedelta(seconds=1))
    for method, path in (
        ("POST", EXPORTS),
        ("DELETE", f"{EXPORTS}/{export['id']}"),
        ("GET", "/" + export["files"][0]["href"]),
        ("GET", f"{EXPORTS}/{export['id']}/manifest.json"),
        ("GET", f"{EXPORTS}/{export['id']}/export.zip"),
    ):
        async with client.request(method, path, json=wish(0, 5) if method == "POST" else None) as answer:
            problem = await answer.json()
        assert (answer.status, problem["code"], problem["feature"]) == (403, "EXPIRED", "remote_download"), path
    async with client.get(EXPORTS) as answer:
        assert [one["state"] for one in (await answer.json())["exports"]] == ["done"]
    site.entitle(site.clock.now() + timedelta(hours=1))
    async with client.get("/" + export["files"][0]["href"]) as answer:
        assert len(await answer.read()) == export["files"][0]["size"]


async def test_an_export_that_is_being_made_waits_with_its_reason_and_goes_on_by_itself(
    client: aiohttp.ClientSession, site: RemoteSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "STEP_BYTES", 200)  # slow: it takes breaths between pieces
    async with client.post(EXPORTS, json=wish(0, 26)) as answer:
        id = (await answer.json())["id"]
    await until(client, id, lambda found: found["done_bytes"] > 0)
    site.entitle(site.clock.now() - timedelta(seconds=1))
    waiting = await until(client, id, lambda found: found["state"] == "waiting")
    assert (waiting["problem"]["code"], waiting["done_bytes"], waiting["restarts"]) == ("EXPIRED", 0, 1)
    monkeypatch.undo()
    site.entitle(site.clock.now() + timedelta(hours=1))
    assert (await until(client, id, lambda found: found["state"] == "done"))["problem"] is None


@pytest.mark.parametrize("what", ["file", "zip"])
async def test_a_download_under_way_is_torn_off_and_does_not_look_whole(
    client: aiohttp.ClientSession, site: RemoteSite, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    export = await exported(client)
    monkeypatch.setattr(exports_download, "CHUNK_BYTES", 2000)
    write, sent = aiohttp.web.StreamResponse.write, 0

    async def lapse_then_write(response: aiohttp.web.StreamResponse, data: bytes) -> None:
        nonlocal sent
        sent += 1
        if sent == 4:
            site.entitle(site.clock.now() - timedelta(seconds=1))
        await write(response, data)
        await site.clock.sleep(0.001)

    monkeypatch.setattr(aiohttp.web.StreamResponse, "write", lapse_then_write)
    address = f"{EXPORTS}/{export['id']}/export.zip" if what == "zip" else "/" + export["files"][0]["href"]
    with pytest.raises(aiohttp.ClientError):
        async with client.get(address) as answer:
            await answer.read()
    assert 4 <= sent < 8


async def test_what_the_kernel_still_holds_of_a_download_is_thrown_away_at_the_end_of_the_licence(
    client: aiohttp.ClientSession, site: RemoteSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = await exported(client)
    monkeypatch.setattr(exports_download, "CHUNK_BYTES", 2000)
    write = aiohttp.web.StreamResponse.write

    async def lapse_after_write(response: aiohttp.web.StreamResponse, data: bytes) -> None:
        await write(response, data)
        site.entitle(site.clock.now() - timedelta(seconds=1))
        await site.clock.sleep(0.001)

    monkeypatch.setattr(aiohttp.web.StreamResponse, "write", lapse_after_write)
    address = str(client._base_url)
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{export['files'][0]['href']} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_orders_fetches_and_removals_are_noted(client: aiohttp.ClientSession, site: RemoteSite) -> None:
    export = await exported(client)
    async with client.get("/" + export["files"][0]["href"]) as answer:
        await answer.read()
    async with client.delete(f"{EXPORTS}/{export['id']}") as answer:
        assert answer.status == 204
    async with client.get(EXPORTS) as answer:
        assert (await answer.json())["exports"] == []
    actions = [entry.action for entry in site.access.audit._waiting]
    assert [action for action in actions if action.startswith("export")] == [
        "export.ordered",
        "export.fetched",
        "export.removed",
    ]
