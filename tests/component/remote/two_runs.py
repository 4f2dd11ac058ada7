"""A remote site with footage: two runs of nine and six seconds, eleven seconds apart by a licence gap."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp

from recorder.catalog.database import Catalog
from recorder.remote.app import serve_remote
from tests.fakes.recorded import Recorded
from tests.fakes.remote_site import RemoteSite
from tests.fakes.video import EPOCH_NS, FPS, access_units, shifted

SECOND = 10**9


@contextlib.asynccontextmanager
async def two_runs(site: RemoteSite) -> AsyncIterator[aiohttp.ClientSession]:
    """At work until the body ends; all cameras are licensed now."""
    recorded = Recorded(site.config.device.data_dir, segment_seconds=3)
    recorded.write(access_units(9 * FPS))
    recorded.gap(EPOCH_NS + 9 * SECOND, EPOCH_NS + 20 * SECOND, "licence")
    recorded.write(shifted(access_units(6 * FPS), 20, run=2))
    recorded.close()
    catalog = Catalog(site.config.device.data_dir / "index.db")
    async with (
        serve_remote(replace(site.parts, catalog=catalog)) as front,
        aiohttp.ClientSession(front.url) as session,
    ):
        yield session
    catalog.close()
