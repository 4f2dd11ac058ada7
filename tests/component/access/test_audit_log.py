"""What the audit log tells, that it only grows at one end, and that what it lost is said."""

import sqlite3
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from recorder.access import audit as audit_module
from recorder.access.actor import Actor
from recorder.access.audit import AuditLog, Entry, Wanted, append, find
from tests.fakes.footage import make_footage
from tests.fakes.guarded_site import GuardedSite

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def _execute(db: sqlite3.Connection, statement: str) -> None:
    db.execute(statement)


async def entries_of(site: GuardedSite) -> list[tuple[str, str, str | None]]:
    async with site.clock.timeout(5):
        while site.access._stays:  # a browser is gone a moment before the recorder knows
            await site.clock.sleep(0.01)
    await site.access.close()
    found = await site.database.do(lambda db: find(db, wanted=Wanted(), count_max=100))
    return [(entry.actor, entry.action, entry.camera) for entry in reversed(found.entries)]


async def test_signing_in_changes_and_refusals_are_told_with_who_and_where(site: GuardedSite) -> None:
    async with site.client("boss") as browser:
        await browser.post("/api/v1/users", json={"name": "nina", "role": "viewer"})
        await browser.post("/api/v1/sign-out")
        await browser.post("/api/v1/sign-in", json={"name": "boss", "password": "wrong"})
    async with site.client("vera") as browser:
        await browser.get("/api/v1/audit")
    assert [(who, what) for who, what, _ in await entries_of(site)] == [
        ("boss", "sign_in"),
        ("boss", "user.added"),
        ("boss", "sign_out"),
        ("boss", "sign_in.failed"),
        ("vera", "sign_in"),
        ("vera", "refused"),
    ]
    async with site.client("boss") as browser:
        answer = await (await browser.get("/api/v1/audit?action=user&limit=1")).json()
        assert [entry["detail"] for entry in answer["entries"]] == ["nina: viewer, all cameras"]
        assert answer["entries"][0]["address"] == "127.0.0.1"
        assert (await browser.get("/api/v1/audit?before=x")).status == 400
        assert (await browser.get("/api/v1/audit?colour=red")).status == 400


async def test_nobody_floods_the_log_with_what_is_refused(site: GuardedSite) -> None:
    async with site.client("vera") as browser:
        for number in range(5):
            assert (await browser.delete(f"/api/v1/users/u{number}")).status == 403
        assert (await browser.get("/api/v1/audit")).status == 403
    told = [what for who, what, _ in await entries_of(site) if who == "vera"]
    assert told == ["sign_in", "refused", "refused"]


async def test_a_view_is_told_when_it_begins_and_ends_and_one_that_was_denied_is_none(site: GuardedSite) -> None:
    stream = site.stream("cam1", "sub", make_footage())
    stream.publish()
    async with site.client("vera") as browser:
        async with browser.ws_connect("/api/v1/cameras/cam1/live") as live:
            await live.receive(5)
        site.entitle(site.clock.now() - timedelta(seconds=1))
        async with browser.ws_connect("/api/v1/cameras/cam1/live") as live:
            await live.receive(5)
    told = [entry for entry in await entries_of(site) if entry[1].startswith("view")]
    assert told == [("vera", "view.begun", "cam1"), ("vera", "view.ended", "cam1")]


async def test_entries_are_neither_changed_nor_taken_out_of_the_middle(site: GuardedSite) -> None:
    log = AuditLog(now=lambda: NOW)
    for number in range(3):
        log.note(Actor(name=f"n{number}", role="viewer"), "view.begun")
    assert await log.flush(site.database)
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE actor = 'n2'"):
        with pytest.raises(sqlite3.IntegrityError):
            await site.database.do(partial(_execute, statement=statement))


async def test_what_is_too_old_or_too_much_is_cut_at_its_end_and_counted(
    site: GuardedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "ENTRIES_MAX", 5)

    def entry(days: int) -> Entry:
        return Entry(at=NOW + timedelta(days=days), actor="a", origin="user", role=None, address="", action=f"d{days}")

    await site.database.do(lambda db: append(db, entries=[entry(day) for day in range(8)], lost=2, now=NOW))
    found = await site.database.do(lambda db: find(db, wanted=Wanted(), count_max=100))
    assert [one.action for one in found.entries] == ["d7", "d6", "d5", "d4", "d3"]
    assert (found.cut, found.lost) == (3, 2)
    later = NOW + audit_module.AGE_MAX + timedelta(days=5, hours=1)
    await site.database.do(lambda db: append(db, entries=[entry(500)], lost=0, now=later))
    found = await site.database.do(lambda db: find(db, wanted=Wanted(), count_max=100))
    assert [one.action for one in found.entries] == ["d500", "d7", "d6"]
    assert found.cut == 6


async def test_a_flood_is_bounded_and_what_was_lost_is_told_by_the_log(site: GuardedSite) -> None:
    log = AuditLog(now=lambda: NOW)
    for _ in range(audit_module.WAITING_MAX + 7):
        log.note(Actor(name="a", role="viewer"), "view.begun")
    assert (log.waiting, log.lost) == (audit_module.WAITING_MAX, 7)
    while log.waiting:
        assert await log.flush(site.database)
    found = await site.database.do(lambda db: find(db, wanted=Wanted(), count_max=1))
    assert found.lost == 7
