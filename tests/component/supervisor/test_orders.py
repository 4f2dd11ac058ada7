"""Orders to a demo site: a socket for this user alone, an answer to every line."""

import asyncio
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest

from gate.client.errors import LicensingError
from recorder.config import load_config
from recorder.errors import RecorderError
from recorder.supervisor.clearing import IDENTITY, Clearing
from recorder.supervisor.orders import Orders


async def ask(socket: Path, line: bytes) -> Any:
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(line + b"\n")
    answer = json.loads(await reader.readline())
    writer.close()
    return answer


async def refuse() -> Mapping[str, Any]:
    raise RecorderError("not now")


async def test_an_order_is_carried_out_and_its_outcome_told(tmp_path: Path) -> None:
    async def show() -> Mapping[str, Any]:
        return {"network": "connected"}

    async with Orders(tmp_path / "site.sock", {"show": show}).taken():
        assert await ask(tmp_path / "site.sock", b'{"order": "show"}') == {"done": {"network": "connected"}}


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"{}", b'{"order": "explode"}', b'{"order": []}', b"\xff"])
async def test_what_is_no_order_is_told_so(tmp_path: Path, line: bytes) -> None:
    async with Orders(tmp_path / "site.sock", {"show": refuse}).taken():
        assert "one of show" in (await ask(tmp_path / "site.sock", line))["error"]


async def test_a_refusal_is_one_sentence(tmp_path: Path) -> None:
    async with Orders(tmp_path / "site.sock", {"show": refuse}).taken():
        assert await ask(tmp_path / "site.sock", b'{"order": "show"}') == {"error": "not now"}


async def test_a_key_that_cannot_be_made_is_a_refusal_too(tmp_path: Path) -> None:
    async def fail() -> Mapping[str, Any]:
        raise LicensingError("device.key: cannot be written")

    async with Orders(tmp_path / "site.sock", {"show": fail}).taken():
        assert await ask(tmp_path / "site.sock", b'{"order": "show"}') == {"error": "device.key: cannot be written"}


async def test_nobody_else_may_give_orders(tmp_path: Path) -> None:
    socket = tmp_path / "site.sock"
    async with Orders(socket, {}).taken():
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert not socket.exists()


async def test_while_the_socket_is_made_other_files_get_their_usual_modes(tmp_path: Path) -> None:
    """A process that is begun in that moment would keep the mask, and could not enter the folders it makes."""
    seen: set[int] = set()

    async def look() -> None:
        while True:
            mask = os.umask(0)
            os.umask(mask)
            seen.add(mask)
            await anyio.lowlevel.checkpoint()

    looking = asyncio.create_task(look())
    await anyio.lowlevel.checkpoint()
    async with Orders(tmp_path / "site.sock", {}).taken():
        looking.cancel()
    assert len(seen) == 1


async def test_a_file_in_the_place_of_the_socket_stays(tmp_path: Path) -> None:
    place = tmp_path / "recorder.yaml"
    place.write_text("precious")
    with pytest.raises(RecorderError, match="no socket"):
        async with Orders(place, {}).taken():
            pass
    assert place.read_text() == "precious"


CONFIG = """\
device: {id: rec-1, data_dir: data/rec}
clock: {mode: shared, socket: run/clock.sock, site_data: [data/service, data/issuer, data/sd]}
licence: {mode: service, url: "http://127.0.0.1:8700", root_key: data/issuer/root.pub}
local: {socket: run/rec.sock}
cameras: [{id: cam1, main: {url: "rtsp://127.0.0.1:8554/cam1/main"}}]
"""


def site_of(folder: Path, config: str = CONFIG) -> Clearing:
    (folder / "recorder.yaml").write_text(config)
    for name in ("rec/media/cam1/main/a.mp4", "rec/index.db", "rec/licence/entitlement.a", "service/service.db",
                 "issuer/signing.key", "issuer/root.pub", "sd/cam1/card.json", "sd/cam1/2026-01-01/a.mp4",
                 *(f"rec/{one}" for one in IDENTITY)):  # fmt: skip
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return Clearing(load_config(folder / "recorder.yaml"))


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def test_between_visitors_all_goes_but_who_the_recorder_is_whom_it_trusts_and_blank_cards(tmp_path: Path) -> None:
    clearing = site_of(tmp_path)
    await clearing.take_away()
    await clearing.finish()
    kept = {f"rec/{name}" for name in IDENTITY} | {"issuer/signing.key", "issuer/root.pub", "sd/cam1/card.json"}
    assert files_below(tmp_path / "data") == kept


async def test_footage_is_moved_aside_first_so_that_gigabytes_keep_nobody_waiting(tmp_path: Path) -> None:
    clearing = site_of(tmp_path)
    await clearing.take_away()
    assert not (tmp_path / "data" / "rec" / "media").exists()
    aside = files_below(tmp_path / "data" / "rec.gone")
    assert any(name.endswith("media/cam1/main/a.mp4") for name in aside)
    await clearing.finish()
    assert not (tmp_path / "data" / "rec.gone").exists()


async def test_footage_on_disks_of_its_own_is_never_touched(tmp_path: Path) -> None:
    storage = "storage: {volumes: [{path: disk, bytes_max: 1GB}]}\n"
    clearing = site_of(tmp_path, CONFIG + storage)
    with pytest.raises(RecorderError, match="volumes"):
        await clearing.take_away()
    assert (tmp_path / "data" / "rec" / "index.db").exists()


async def test_what_a_link_leads_to_is_never_deleted_and_nothing_is_cleared_half(tmp_path: Path) -> None:
    clearing = site_of(tmp_path)
    media, disk = tmp_path / "data" / "rec" / "media", tmp_path / "disk"
    media.rename(disk)
    media.symlink_to(disk)
    before = files_below(tmp_path)
    with pytest.raises(RecorderError, match=r"media is a link"):
        await clearing.take_away()
    assert files_below(tmp_path) == before and media.is_symlink()
