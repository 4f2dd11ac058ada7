"""What a column makes of probes that find nothing out: cells that are not run, with the reason, whatever went wrong."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from gate.clock import SystemClock
from gate.verify import column
from gate.verify.errors import ProbeError
from gate.verify.matrix import Cell, Part
from gate.verify.probes.bench import Bench

PART = Part(name="recorded", works=False)


async def cell_of(
    monkeypatch: pytest.MonkeyPatch, probe: Callable[[Bench], Awaitable[list[Part]]], before: datetime | None = None
) -> Cell:
    clock = SystemClock()
    monkeypatch.setattr(column, "_PROBES", {"M3": probe})

    async def happen() -> None:
        raise ProbeError("no recorder")

    site = SimpleNamespace(clock=clock, now=clock.now)
    bench = cast(Bench, SimpleNamespace(site=site, begin=lambda column, cameras, is_listened_for: None, happen=happen))
    cells: list[Cell] = []
    await column.probe_column(bench, "after X", ("cam1",), {"M3": "stops"}, before, cells.append)
    clock.close()
    (cell,) = cells
    return cell


async def absent(_: Any) -> list[Part]:
    return [PART]


async def test_what_was_seen_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = await cell_of(monkeypatch, absent)
    assert (cell.seen, cell.verdict, cell.parts) == ("stops", "pass", [PART])


@pytest.mark.parametrize(
    "error",
    [
        ProbeError("no answer"),
        TimeoutError(),
        KeyError("id"),
        aiohttp.ClientConnectionError("gone"),
        ProcessLookupError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_probe_that_fails_is_not_run_even_where_absence_was_expected(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fails(_: Any) -> list[Part]:
        raise error

    cell = await cell_of(monkeypatch, fails)
    assert (cell.seen, cell.verdict) == (None, "not run") and cell.reason


async def test_a_probe_that_looked_at_nothing_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Any) -> list[Part]:
        return []

    assert (await cell_of(monkeypatch, nothing)).verdict == "not run"


@pytest.mark.parametrize(
    ("denial", "verdict"), [("EXPIRED", "pass"), ("STALE", "pass"), ("CLOCK_UNTRUSTED", "not run")]
)
async def test_a_refusal_that_has_nothing_to_do_with_a_licence_proves_no_expiry(
    denial: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_: Any) -> list[Part]:
        return [Part(name="live", works=False, evidence={"denial": denial})]

    assert (await cell_of(monkeypatch, refused)).verdict == verdict


async def test_what_was_not_seen_before_x_does_not_count_as_seen_before_x(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SystemClock().now()
    late = await cell_of(monkeypatch, absent, before=now - timedelta(seconds=1))
    assert late.verdict == "not run" and "begin earlier" in late.reason
    assert (await cell_of(monkeypatch, absent, before=now + timedelta(hours=1))).verdict == "pass"
