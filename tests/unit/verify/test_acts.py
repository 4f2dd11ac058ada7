"""What counts as a refusal by the licence service: a rule says no; a service that fails has refused nothing."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from gate.verify.acts import _refused
from gate.verify.errors import SiteError
from gate.verify.licences import LicenceService


def service(status: int) -> LicenceService:
    async def read() -> bytes:
        return json.dumps({"title": "no", "code": "NO"}).encode()

    @asynccontextmanager
    async def request(*_: Any, **__: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(status=status, read=read)

    session = cast(aiohttp.ClientSession, SimpleNamespace(request=request))
    return LicenceService(session, "http://127.0.0.1:1/", {}, "a@b.example")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
async def test_a_rule_that_says_no_is_a_refusal(status: int) -> None:
    check = await _refused("a licence", lambda: service(status).act("licences", {}))
    assert check.holds is True and check.evidence == {"code": "NO"}


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_a_service_that_fails_has_not_refused(status: int) -> None:
    with pytest.raises(SiteError):
        await _refused("a licence", lambda: service(status).act("licences", {}))
