"""A site whose ports somebody else took first begins again with others; any other trouble is told at once."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gate.clock import SystemClock
from gate.verify import own_site
from gate.verify.errors import SiteError
from gate.verify.given import Given

TAKEN = "cannot listen on 127.0.0.1:20650: Address already in use; choose other ports with --port-base"


async def started(
    folder: Path, monkeypatch: pytest.MonkeyPatch, troubles: list[str]
) -> tuple[Path, dict[str, Any], list[str]]:
    words_seen: list[str] = []

    @asynccontextmanager
    async def running(words: list[str], clock: SystemClock, log: Path) -> AsyncIterator[None]:
        words_seen.append(words[1])
        log.write_text(troubles[0] if troubles else "")
        yield

    async def first_line(*_: Any) -> dict[str, Any]:
        if troubles:
            raise SiteError(troubles.pop(0))
        return {"addresses": {}}

    monkeypatch.setattr(own_site, "_running", running)
    monkeypatch.setattr(own_site, "_first_line", first_line)
    clock = SystemClock()
    try:
        async with contextlib.AsyncExitStack() as stack:
            place, up = await own_site._started(stack, folder, Given(), {}, clock, folder / "site.log")
    finally:
        clock.close()
    return place, up, words_seen


async def test_it_begins_again_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, up, demos = await started(tmp_path, monkeypatch, [TAKEN, TAKEN])
    assert (place, up) == (tmp_path / "site-3", {"addresses": {}})
    assert len(set(demos)) == 3 and all(Path(demo).exists() for demo in demos)


@pytest.mark.parametrize("troubles", [["the disk is full"], [TAKEN] * own_site.STARTS_MAX])
async def test_it_gives_up_in_the_end_and_for_any_other_trouble_at_once(
    troubles: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SiteError, match=troubles[-1][:20]):
        await started(tmp_path, monkeypatch, troubles)
    assert troubles == []
