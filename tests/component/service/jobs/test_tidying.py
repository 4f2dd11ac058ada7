"""Rows that nobody needs any more."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from gate.service.errors import StoreError
from gate.service.jobs.tidying import ATTEMPTS_KEPT, IDEMPOTENCY_KEPT, tidy
from gate.service.store.alone import alone
from gate.service.store.engine import open_store
from gate.service.store.schema import challenges, idempotency, sign_in_attempts
from tests.component.service.site import NOON, Site

SECOND = timedelta(seconds=1)


async def test_what_is_over_goes_and_what_is_in_force_stays(site: Site) -> None:
    async with site.store.begin() as tx:
        for number, at in enumerate((NOON - SECOND, NOON + SECOND)):
            await tx.execute(insert(challenges).values(challenge=str(number), expires_at=at))
            attempt = {"email": str(number), "address": "a", "succeeded": False, "at": at - ATTEMPTS_KEPT}
            await tx.execute(insert(sign_in_attempts).values(attempt))
            key = {"actor": "a", "key": str(number), "request_sha256": "", "created_at": at - IDEMPOTENCY_KEPT}
            await tx.execute(insert(idempotency).values(key))
    assert await tidy(site.store, NOON) == 3
    assert await tidy(site.store, NOON) == 0
    async with site.store.read() as tx:
        assert [row.challenge for row in await tx.rows(select(challenges))] == ["1"]
        assert [row.email for row in await tx.rows(select(sign_in_attempts))] == ["1"]
        assert [row.key for row in await tx.rows(select(idempotency))] == ["1"]


async def test_sqlite_has_one_service_and_postgresql_may_have_several(site: Site, service_database: str) -> None:
    other = open_store(service_database)
    with alone(site.store):
        if other.dialect == "sqlite":
            with pytest.raises(StoreError, match="another licence service is running on it"), alone(other):
                pass
        else:
            with alone(other):
                pass
    with alone(other):
        pass
    await other.close()
