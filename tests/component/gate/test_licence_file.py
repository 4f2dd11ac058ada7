"""The licence file and what may be done to it: nothing but a newer licence of the pinned root changes anything."""

import asyncio
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path, PosixPath
from typing import Any

import pytest
import pytest_asyncio

from gate.client.errors import RootKeyError
from gate.client.gate import Gate
from gate.client.licence_file import ABSENT_SECONDS, SETTLE_POLLS, LicenceFile
from gate.clock import SimulatedClock, SystemClock
from gate.licence.decision import Granted
from gate.licence.entitlement import parse_payload, payload_of
from gate.licence.features import Feature
from gate.licence.profile import REMO
from gate.signing.envelope import ENVELOPE_BYTES_MAX, seal, verify
from gate.signing.issue import Request, issue
from gate.signing.keys import load_root_key, open_keys
from gate.signing.two_slots import TwoSlots
from tests.fakes.entitlements import at, entitlement, span


class CoarsePath(PosixPath):
    """On a file system whose clock has not ticked since the first look."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        status = super().stat(follow_symlinks=follow_symlinks)
        return os.stat_result((*status[:7], 0, 0, 0))


class Site:
    """A folder with a licence, its keys, and a watcher that looks when told to."""

    def __init__(self, folder: Path, clock: SimulatedClock, gate: Gate) -> None:
        self.folder = folder
        self.clock = clock
        self.gate = gate
        self.path = folder / "licence.json"
        self.events: list[str] = []
        open_keys(folder)
        self.watcher = LicenceFile(
            path=self.path,
            root_key=folder / "root.pub",
            gate=gate,
            clock=clock,
            slots=TwoSlots(folder / "slots", "entitlement"),
            language="en",
            on_event=self.events.append,
        )

    def issue(self, until: float, *, keys: Path | None = None, **changes: Any) -> bytes:
        fields = {"device_id": "rec-1", "cameras": ["cam1"], "issued_at": at(0), "until": at(until)} | changes
        issue(Request(**fields), out=self.path, keys=keys or self.folder)
        return self.path.read_bytes()

    def seal(self, **changes: Any) -> bytes:
        """A licence by the site's own key, with fields that `issue` would not give it."""
        payload = verify(self.path.read_bytes(), load_root_key(self.folder / "root.pub"))
        return seal(payload_of(replace(parse_payload(payload), **changes)), open_keys(self.folder))

    @property
    def until(self) -> object:
        decision = self.gate.decide(Feature.RECORDING, "cam1")
        return decision.until if isinstance(decision, Granted) else decision.code.value

    @property
    def message(self) -> str:
        return self.watcher.message

    async def look(self, seconds: float = 0) -> None:
        await self.clock.advance(seconds)
        await self.watcher.run_once()

    async def refusal(self, content: bytes) -> str:
        """The code with which that content is refused: it changes nothing, is told to people, and is logged once."""
        before, told = self.until, len(self.events)
        self.path.write_bytes(content)
        for _ in range(SETTLE_POLLS + 3):
            await self.look(0.2)
        assert self.until == before
        (event,) = self.events[told:]
        code = event.split(":")[0].removeprefix("LICENCE_REFUSED code=")
        assert f"({code})" in self.message and self.watcher.text.ja and "last good licence stays" in self.message
        return code


@pytest_asyncio.fixture
async def site(tmp_path: Path, clock: SimulatedClock, gate: Gate) -> Site:
    """A site whose licence, good until 1000 s, is in force."""
    site = Site(tmp_path, clock, gate)
    site.issue(1000)
    await site.look()
    assert site.until == at(1000) and site.message == ""
    return site


async def test_a_new_licence_is_in_force_at_the_next_look(site: Site) -> None:
    site.issue(2000)
    await site.look(0.2)
    assert site.until == at(2000)
    assert site.events[-1] == "LICENCE_ACCEPTED seq=2 cameras=cam1"


async def test_an_unchanged_file_is_accepted_once(site: Site) -> None:
    version = site.gate.version
    for _ in range(20):
        await site.look(0.2)
    assert len(site.events) == 1 and site.gate.version == version


class TestAttacks:
    async def test_forged_by_another_key(self, site: Site, tmp_path: Path) -> None:
        (tmp_path / "forger").mkdir()
        assert await site.refusal(site.issue(9000, keys=tmp_path / "forger")) == "UNKNOWN_KEY"

    async def test_forged_by_another_key_under_the_roots_name(self, site: Site, tmp_path: Path) -> None:
        good = json.loads(site.path.read_bytes())
        (tmp_path / "forger").mkdir()
        forged = json.loads(site.issue(9000, keys=tmp_path / "forger"))
        forged["signatures"][0]["kid"] = good["signatures"][0]["kid"]
        assert await site.refusal(json.dumps(forged).encode()) == "BAD_SIGNATURE"

    async def test_root_key_swapped_beside_the_forged_licence(self, site: Site, tmp_path: Path) -> None:
        (tmp_path / "forger").mkdir()
        forged = site.issue(9000, keys=tmp_path / "forger")
        shutil.copy(tmp_path / "forger/root.pub", tmp_path / "root.pub")
        assert await site.refusal(forged) == "UNKNOWN_KEY"

    async def test_edited_end(self, site: Site) -> None:
        newer = json.loads(site.issue(2000))
        site.path.write_bytes(b"")
        longer = json.loads(site.issue(9000))
        newer["payload"] = longer["payload"]
        assert await site.refusal(json.dumps(newer).encode()) == "BAD_SIGNATURE"

    async def test_truncated(self, site: Site) -> None:
        newer = site.issue(2000)
        assert await site.refusal(newer[: len(newer) // 2]) == "MALFORMED"

    async def test_empty(self, site: Site) -> None:
        assert await site.refusal(b"") == "EMPTY"

    async def test_oversized(self, site: Site) -> None:
        assert await site.refusal(b"{" + b" " * ENVELOPE_BYTES_MAX) == "OVERSIZED"

    async def test_foreign_device(self, site: Site) -> None:
        assert await site.refusal(site.issue(9000, device_id="rec-2")) == "FOREIGN"

    async def test_another_kind_of_document(self, site: Site) -> None:
        payload = payload_of(entitlement({"cam1": (span(0, 9000),)}))
        assert await site.refusal(seal(payload, open_keys(site.folder), "edge-keys/v1")) == "WRONG_TYPE"

    async def test_signed_rubbish(self, site: Site) -> None:
        assert await site.refusal(seal(b'{"seq": 7}', open_keys(site.folder))) == "INVALID"

    async def test_key_named_inside_is_not_the_one_that_signed(self, site: Site) -> None:
        assert await site.refusal(site.seal(seq=5, kid="f" * 16)) == "UNKNOWN_KEY"

    async def test_replay_of_an_older_licence(self, site: Site) -> None:
        older = site.path.read_bytes()
        site.issue(500)
        await site.look(0.2)
        assert site.until == at(500)
        assert await site.refusal(older) == "REPLAYED"

    async def test_another_licence_of_the_same_number(self, site: Site) -> None:
        assert await site.refusal(site.seal(issued_at=at(0.5))) == "REPLAYED"

    async def test_directory_in_its_place(self, site: Site) -> None:
        site.path.unlink()
        site.path.mkdir()
        for _ in range(5):
            await site.look(0.2)
        assert site.until == at(1000) and "(UNREADABLE)" in site.message and len(site.events) == 2

    async def test_pipe_in_its_place_does_not_hang(self, site: Site) -> None:
        site.path.unlink()
        os.mkfifo(site.path)
        await site.look(0.2)
        assert site.until == at(1000) and "(UNREADABLE)" in site.message

    async def test_deleted_to_go_on_for_ever(self, site: Site) -> None:
        site.path.unlink()
        await site.look(0.2)
        await site.look(999)
        assert site.until == at(1000)
        await site.look(1)
        assert site.until == "EXPIRED"

    async def test_profile_edited_on_the_device(self, tmp_path: Path, clock: SimulatedClock) -> None:
        softer = replace(REMO, name="soft", survives_stale=frozenset(Feature))
        site = Site(tmp_path, clock, Gate(clock=clock, device_id="rec-1", cameras=["cam1"], profile=softer))
        site.issue(1000)
        await site.look()
        assert site.until == "NOT_LICENSED" and "profile" in site.message


class TestReplacing:
    async def test_the_same_licence_put_back_ends_the_complaint(self, site: Site) -> None:
        good = site.path.read_bytes()
        assert await site.refusal(b"rubbish") == "MALFORMED"
        site.path.write_bytes(good)
        await site.look(0.2)
        assert site.until == at(1000) and site.message == ""

    async def test_a_replacement_that_takes_the_file_away_for_a_moment_is_no_news(self, site: Site) -> None:
        content = site.path.read_bytes()
        site.path.unlink()
        for _ in range(9):
            await site.look(0.2)
        site.path.write_bytes(content)
        await site.look(0.2)
        assert site.message == "" and not [event for event in site.events if "GONE" in event]

    async def test_a_file_that_stays_away_is_told_once(self, site: Site) -> None:
        content = site.path.read_bytes()
        site.path.unlink()
        await site.look()
        await site.look(ABSENT_SECONDS)
        await site.look(10)
        assert "is gone" in site.message and site.until == at(1000)
        assert site.events.count("LICENCE_GONE") == 1
        site.path.write_bytes(content)
        await site.look(0.2)
        assert site.message == "" and site.until == at(1000)

    async def test_two_writes_within_one_tick_of_the_file_system_are_both_seen(self, site: Site) -> None:
        site.issue(2000)
        watcher = LicenceFile(
            path=CoarsePath(site.path),
            root_key=site.folder / "root.pub",
            gate=site.gate,
            clock=site.clock,
            slots=TwoSlots(site.folder / "other-slots", "entitlement"),
        )
        await watcher.run_once()
        assert site.until == at(2000)
        longer = site.seal(seq=9, cameras=entitlement({"cam1": (span(0, 3000),)}).cameras)
        assert len(longer) == site.path.stat().st_size, "the test needs two files of one size"
        site.path.write_bytes(longer)
        await watcher.run_once()
        assert site.until == at(3000)

    async def test_a_licence_from_the_future_waits_for_its_time_while_the_last_good_one_goes_on(
        self, site: Site
    ) -> None:
        site.issue(2000, issued_at=at(60))
        for _ in range(SETTLE_POLLS + 3):
            await site.look(0.2)
        assert site.until == at(1000) and "(FUTURE)" in site.message and len(site.events) == 2
        await site.look(60)
        assert site.until == at(2000) and site.message == ""


async def test_a_recorder_without_a_licence_says_so_and_takes_the_first_one(
    tmp_path: Path, clock: SimulatedClock, gate: Gate
) -> None:
    site = Site(tmp_path, clock, gate)
    await site.look()
    assert site.message == ""
    await site.look(ABSENT_SECONDS)
    assert "no licence file" in site.message and site.until == "UNREGISTERED"
    site.issue(1000)
    await site.look(0.2)
    assert site.message == "" and site.until == at(1000)


async def test_a_first_licence_from_the_future_is_denied_by_the_clock_until_its_time(
    tmp_path: Path, clock: SimulatedClock, gate: Gate
) -> None:
    site = Site(tmp_path, clock, gate)
    site.issue(2000, issued_at=at(60))
    await site.look()
    assert site.until == "CLOCK_UNTRUSTED"
    await site.look(60)
    assert site.until == at(2000)


async def test_the_message_is_in_the_devices_language(tmp_path: Path, clock: SimulatedClock, gate: Gate) -> None:
    open_keys(tmp_path)
    path = tmp_path / "licence.json"
    path.write_bytes(b"")
    slots = TwoSlots(tmp_path, "entitlement")
    watcher = LicenceFile(path=path, root_key=tmp_path / "root.pub", gate=gate, clock=clock, slots=slots, language="ja")
    await watcher.run_once()
    assert "ファイルが空です" in watcher.message and "it is empty" in watcher.text.en


async def test_a_missing_root_key_is_said_at_once(tmp_path: Path, clock: SimulatedClock, gate: Gate) -> None:
    slots = TwoSlots(tmp_path, "entitlement")
    with pytest.raises(RootKeyError, match=r"root\.pub.*issue a licence first"):
        LicenceFile(path=tmp_path / "licence.json", root_key=tmp_path / "root.pub", gate=gate, clock=clock, slots=slots)


async def test_a_running_watcher_restores_within_a_second_of_real_time(tmp_path: Path) -> None:
    clock = SystemClock()
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"])
    open_keys(tmp_path)
    slots = TwoSlots(tmp_path, "entitlement")
    watcher = LicenceFile(
        path=tmp_path / "licence.json", root_key=tmp_path / "root.pub", gate=gate, clock=clock, slots=slots
    )
    tasks = [asyncio.create_task(job()) for job in (gate.run, watcher.run)]
    try:
        now = clock.now()
        request = Request(device_id="rec-1", cameras=["cam1"], issued_at=now, until=now.replace(year=now.year + 1))
        issue(request, out=tmp_path / "licence.json", keys=tmp_path)
        async with clock.timeout(1.0):
            await gate.wait_granted(Feature.RECORDING, "cam1")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        clock.close()
