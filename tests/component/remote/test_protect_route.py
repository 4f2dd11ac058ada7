"""Footage is protected through the recorder that runs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, UnixConnector

from recorder.catalog.database import Catalog
from recorder.catalog.retention_queries import protected_ranges
from recorder.local.app import serve_local
from tests.fakes.remote_site import RemoteSite


@pytest_asyncio.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    catalog = Catalog(tmp_path / "index.db")
    await catalog.do(lambda db: db.execute("INSERT INTO camera (name) VALUES ('cam1')") and None)
    yield catalog
    catalog.close()


@pytest_asyncio.fixture
async def local(site: RemoteSite, catalog: Catalog) -> AsyncIterator[ClientSession]:
    async with (
        serve_local(replace(site.parts, catalog=catalog)) as path,
        ClientSession("http://site", connector=UnixConnector(path=str(path))) as session,
    ):
        yield session


async def test_a_range_is_protected_shown_and_released(local: ClientSession, catalog: Catalog) -> None:
    wanted = {"camera": "cam1", "start_utc_ns": 10**18, "end_utc_ns": 2 * 10**18, "note": "case 12"}
    async with local.post("/v1/protected", json=wanted) as answer:
        [shown] = (await answer.json())["protected"]
    assert (shown["camera"], shown["note"], shown["start"]) == ("cam1", "case 12", "2001-09-09T01:46:40+00:00")
    async with local.get("/v1/protected") as answer:
        assert await answer.json() == {"protected": [shown]}
    assert len(await catalog.read(protected_ranges)) == 1
    async with local.post("/v1/protected", json=wanted | {"note": None}) as answer:
        assert await answer.json() == {"protected": []}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"camera": "cam9", "start_utc_ns": 1, "end_utc_ns": 2}, "cam9"),
        ({"camera": "cam1", "start_utc_ns": 2, "end_utc_ns": 2}, "later"),
        ({"camera": "cam1", "start_utc_ns": -1, "end_utc_ns": 2}, "start_utc_ns"),
        ({"camera": "cam1", "start_utc_ns": 1}, "end_utc_ns"),
        ([], "dictionary"),
    ],
)
async def test_nonsense_is_refused_and_changes_nothing(
    local: ClientSession, catalog: Catalog, body: object, word: str
) -> None:
    async with local.post("/v1/protected", json=body) as answer:
        problem = await answer.json()
        assert answer.status == 400 and problem["code"] == "protection_refused" and word in problem["detail"]
    assert await catalog.read(protected_ranges) == []
