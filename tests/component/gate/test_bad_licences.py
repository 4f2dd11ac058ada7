"""Bad licence files, before and across a restart: the last good one stays, a code is logged, HDMI goes on."""

import asyncio
import contextlib
import json
import logging
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from gate.client.licensing import CLOCK_SLOTS, FOLDER_NAME, Licensing, open_licensing
from gate.clock import SimulatedClock, ns_of
from gate.licence.decision import Decision, DenialCode, Denied, Granted
from gate.licence.features import Feature
from gate.signing.identity import open_identity
from gate.signing.keys import create_key, load_signing_key, open_keys
from gate.signing.two_slots import TwoSlots
from tests.fakes.entitlements import at
from tests.fakes.issuers import document, key_set

FORGER = "forger.key"


@dataclass(slots=True)
class Site:
    """A recorder's folder, and the recorder that runs on it now."""

    folder: Path
    clock: SimulatedClock
    caplog: pytest.LogCaptureFixture

    @property
    def path(self) -> Path:
        return self.folder / "licence.json"

    def document(self, seq: int, *, by: str = "signing.key", **changes: object) -> bytes:
        return document(seq, signed_by=load_signing_key(self.folder / by), **changes)  # type: ignore[arg-type]

    @asynccontextmanager
    async def recorder(self) -> AsyncIterator[Licensing]:
        """Started, as the recorder starts it; at the end stopped like a process, with nothing said to anybody."""
        licensing = open_licensing(
            clock=self.clock,
            data_dir=self.folder / "data",
            device_id="rec-1",
            cameras=["cam1"],
            path=self.path,
            root_key=self.folder / "root.pub",
        )
        await licensing.licence.run_once()
        tasks = [asyncio.create_task(job()) for job in (licensing.gate.run, licensing.timekeeper.run)]
        await self.settle()
        try:
            yield licensing
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Lets the writes in threads end, too."""
        for _ in range(3):
            await self.clock.settle()
            await anyio.to_thread.run_sync(lambda: None)

    async def look(self, licensing: Licensing, times: int = 8) -> None:
        for _ in range(times):
            await self.clock.advance(0.2)
            await licensing.licence.run_once()

    def codes(self) -> set[str]:
        """What was logged of licences."""
        return {
            word.removeprefix("code=").rstrip(":")
            for record in self.caplog.records
            for word in record.getMessage().split()
            if word.startswith("code=")
        }


@asynccontextmanager
async def hdmi_watched(licensing: Licensing) -> AsyncIterator[asyncio.Task[None]]:
    """Somebody looks at the monitor, and must never notice."""

    async def watch() -> None:
        async with licensing.gate.lease(Feature.HDMI_LIVE, "cam1"):
            await anyio.sleep_forever()

    task = asyncio.create_task(watch())
    yield task
    assert not task.done(), "HDMI stopped"
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def site(tmp_path: Path, clock: SimulatedClock, caplog: pytest.LogCaptureFixture) -> Site:
    caplog.set_level(logging.INFO)
    open_keys(tmp_path)
    create_key(tmp_path / FORGER)
    return Site(tmp_path, clock, caplog)


def decision(licensing: Licensing) -> Decision:
    return licensing.gate.decide(Feature.RECORDING, "cam1")


GOOD = Granted(since=at(0), until=at(1000))

BAD: dict[str, tuple[str, Callable[[Site], bytes]]] = {
    "forged": ("UNKNOWN_KEY", lambda site: site.document(9, by=FORGER, until=9000)),
    "edited": ("BAD_SIGNATURE", lambda site: edited(site)),
    "truncated": ("MALFORMED", lambda site: site.document(9)[:100]),
    "replayed": ("REPLAYED", lambda site: site.document(4, until=9000)),
    "replayed number": ("REPLAYED", lambda site: site.document(5, until=9000)),
    "foreign": ("FOREIGN", lambda site: site.document(9, device_id="rec-2", until=9000)),
    "cloned": ("CLONED", lambda site: site.document(9, device_pubkey_sha256="ab" * 32, until=9000)),
    "future": ("FUTURE", lambda site: site.document(9, issued_at=at(500), until=9000)),
    "empty": ("EMPTY", lambda _: b""),
    "keys by a forger": ("UNKNOWN_KEY", lambda site: forged_keys(site)),
}


def edited(site: Site) -> bytes:
    return json.dumps(json.loads(site.document(9)) | {"payload": json.loads(site.document(8))["payload"]}).encode()


def forged_keys(site: Site) -> bytes:
    forger = load_signing_key(site.folder / FORGER)
    return document(9, signed_by=forger, key_sets=[key_set(1, forger, root=forger)], until=9000)


@pytest.mark.parametrize(("code", "content"), BAD.values(), ids=BAD.keys())
async def test_a_bad_licence_leaves_the_last_good_one_in_force_also_across_a_restart(
    site: Site, code: str, content: Callable[[Site], bytes]
) -> None:
    site.path.write_bytes(site.document(5))
    async with site.recorder() as first, hdmi_watched(first):
        assert decision(first) == GOOD
        site.path.write_bytes(content(site))
        await site.look(first)
        assert decision(first) == GOOD
        assert site.codes() == {code} and f"({code})" in first.licence.text.en
    site.caplog.clear()
    async with site.recorder() as second, hdmi_watched(second):
        assert decision(second) == GOOD
        await site.look(second)
        assert decision(second) == GOOD
        assert site.codes() == {code} and f"({code})" in second.licence.text.en
        assert "LICENCE_RESTORED seq=5" in site.caplog.text
        site.path.write_bytes(site.document(10, until=2000))
        await site.look(second)
        assert decision(second) == Granted(since=at(0), until=at(2000)), "a good one is taken after all that"
        assert second.licence.message == ""


@pytest.mark.parametrize(("code", "content"), BAD.values(), ids=BAD.keys())
async def test_a_bad_licence_as_the_first_one_grants_nothing_and_stops_no_monitor(
    site: Site, code: str, content: Callable[[Site], bytes]
) -> None:
    site.path.write_bytes(content(site))
    async with site.recorder() as licensing, hdmi_watched(licensing):
        if code in ("REPLAYED", "FUTURE"):  # nothing to be older than, nothing in force: they are a device's first
            assert isinstance(decision(licensing), Granted) == (code == "REPLAYED")
            return
        await site.look(licensing)
        denied = decision(licensing)
        assert isinstance(denied, Denied) and denied.code is DenialCode.UNREGISTERED
        assert site.codes() == {code}


async def test_a_lost_licence_file_is_not_missed_after_a_restart(site: Site) -> None:
    site.path.write_bytes(site.document(5))
    async with site.recorder():
        pass
    site.path.unlink()
    async with site.recorder() as second:
        assert decision(second) == GOOD
        await site.clock.advance(10)
        await site.look(second, 20)
        assert "is gone" in second.licence.text.en


async def test_a_restart_after_a_renewal_is_quiet(site: Site) -> None:
    for seq in (5, 6):
        site.path.write_bytes(site.document(seq))
        async with site.recorder():
            pass
    site.caplog.clear()
    async with site.recorder() as last:
        assert site.codes() == set() and not [record for record in site.caplog.records if record.levelname != "INFO"]
        assert last.gate.entitlement is not None and last.gate.entitlement.seq == 6


async def test_a_forged_slot_is_passed_over(site: Site) -> None:
    site.path.write_bytes(site.document(5))
    async with site.recorder() as first:
        site.path.write_bytes(site.document(6, until=2000))
        await site.look(first)
        await site.settle()
    (site.folder / "data" / FOLDER_NAME / "entitlement.b").write_bytes(b"edge-slot/v1 9 00\nforged")
    site.path.write_bytes(b"")
    async with site.recorder() as second:
        assert decision(second) == GOOD, "the slot before it"


async def test_slots_of_another_root_grant_nothing(site: Site) -> None:
    site.path.write_bytes(site.document(5))
    async with site.recorder():
        pass
    site.path.unlink()
    for name in ("signing.key", "root.pub"):
        (site.folder / name).unlink()
    open_keys(site.folder)
    async with site.recorder() as second:
        assert isinstance(decision(second), Denied)
        assert site.codes() == {"UNKNOWN_KEY"}


async def test_a_clone_of_the_disk_has_the_key_and_a_reinstalled_device_has_not(site: Site) -> None:
    own = open_identity_of(site)
    site.path.write_bytes(site.document(5, device_pubkey_sha256=own))
    async with site.recorder() as first:
        assert decision(first) == GOOD
    shutil.rmtree(site.folder / "data")
    async with site.recorder() as second:
        assert isinstance(decision(second), Denied) and site.codes() == {"CLONED"}


def open_identity_of(site: Site) -> str:
    (site.folder / "data").mkdir()
    return open_identity(site.folder / "data").sha256


class TestClock:
    async def test_a_clock_set_back_denies_until_it_is_right_again_but_never_hdmi(self, site: Site) -> None:
        site.path.write_bytes(site.document(5))
        async with site.recorder() as licensing, hdmi_watched(licensing):
            await site.clock.advance(900)
            before = site.clock.now()
            await site.clock.jump(before - timedelta(seconds=800))
            denied = decision(licensing)
            assert isinstance(denied, Denied) and denied.code is DenialCode.CLOCK_UNTRUSTED
            async with asyncio.TaskGroup() as group:
                granted = group.create_task(licensing.gate.wait_granted(Feature.RECORDING, "cam1"))
                await site.clock.settle()
                assert not granted.done()
                await site.clock.jump(before)
            async with licensing.gate.lease(Feature.RECORDING, "cam1") as lease:
                assert lease.from_ns == site.clock.now_ns(), "what was captured while denied is not covered"

    async def test_a_clock_set_back_is_seen_across_a_restart_of_the_recorder(self, site: Site) -> None:
        site.path.write_bytes(site.document(5))
        async with site.recorder():
            await site.clock.advance(900)
        await site.clock.jump(at(10))
        async with site.recorder() as second:
            assert isinstance(decision(second), Denied)

    async def test_a_clock_behind_the_last_signed_time_is_believed_once_it_gets_there(self, site: Site) -> None:
        known = {"boot_id": "before the restart", "source": "signed", "anchor": None, "floor": at(60).isoformat()}
        TwoSlots(site.folder / "data" / FOLDER_NAME, CLOCK_SLOTS).store(json.dumps(known).encode())
        site.path.write_bytes(site.document(5))
        async with site.recorder() as licensing, asyncio.TaskGroup() as group:
            denied = decision(licensing)
            assert isinstance(denied, Denied) and denied.code is DenialCode.CLOCK_UNTRUSTED
            granted = group.create_task(licensing.gate.wait_granted(Feature.RECORDING, "cam1"))
            await site.clock.advance(59.9)
            assert not granted.done()
            await site.clock.advance(0.2)
            assert granted.done(), "nobody woke the gate"
            async with licensing.gate.lease(Feature.RECORDING, "cam1") as lease:
                assert lease.from_ns == ns_of(at(60)), "what was captured while denied is not covered"

    async def test_a_new_licence_ends_the_doubt(self, site: Site) -> None:
        site.path.write_bytes(site.document(5))
        async with site.recorder() as licensing:
            await site.clock.advance(900)
            await site.clock.jump(at(10))
            site.path.write_bytes(site.document(6, issued_at=at(9)))
            await site.look(licensing)
            assert isinstance(decision(licensing), Granted)

    async def test_damaged_memory_of_the_clock_is_passed_over(self, site: Site) -> None:
        site.path.write_bytes(site.document(5))
        async with site.recorder():
            pass
        for path in (site.folder / "data" / FOLDER_NAME).glob(f"{CLOCK_SLOTS}.*"):
            path.write_bytes(b"rubbish")
        async with site.recorder() as second:
            assert decision(second) == GOOD

    async def test_a_clock_that_flows_writes_nothing(self, site: Site) -> None:
        site.path.write_bytes(site.document(5))
        async with site.recorder():
            await site.settle()
            before = [path.stat().st_mtime_ns for path in (site.folder / "data" / FOLDER_NAME).iterdir()]
            await site.clock.advance(900)
            assert [path.stat().st_mtime_ns for path in (site.folder / "data" / FOLDER_NAME).iterdir()] == before
