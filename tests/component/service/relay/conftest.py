"""A relay on either database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.component.service.relay.line import Line, line_of
from tests.component.service.site import Site


@pytest_asyncio.fixture
async def line(site: Site, tmp_path: Path) -> AsyncIterator[Line]:
    async with line_of(site, tmp_path / "service") as running:
        yield running
