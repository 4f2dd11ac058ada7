"""A database that cannot be reached is answered like one that fails."""

import socket
from pathlib import Path

import pytest
from aiohttp import ClientSession
from argon2 import PasswordHasher

from gate.clock import SimulatedClock
from gate.licence.rules import Rules
from gate.service.app import create_app
from gate.service.config import ServiceConfig
from gate.service.front import serve_http
from gate.service.store.engine import open_store
from gate.sign_in.passwords import Passwords
from tests.component.service.site import NOON


async def test_everybody_is_told_and_the_log_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:  # bound, and listening to nobody
        taken.bind(("127.0.0.1", 0))
        store = open_store(f"postgresql+asyncpg://u:very-secret@127.0.0.1:{taken.getsockname()[1]}/service")
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        config = ServiceConfig(data_dir=tmp_path, keys=tmp_path)
        app, _ = create_app(config, store=store, clock=SimulatedClock(NOON), rules=Rules(), passwords=passwords)
        async with serve_http(app, listen="127.0.0.1:0") as (host, port):
            cookies = {"portal_session": "x"}
            async with ClientSession(f"http://{host}:{port}", cookies=cookies) as session:
                async with session.get("/api/v1/stock", headers={"Authorization": "Bearer x"}) as answer:
                    assert (answer.status, (await answer.json(content_type=None))["code"]) == (503, "UNAVAILABLE")
                for path, status in (("/livez", 200), ("/readyz", 503), ("/healthz", 503)):
                    async with session.get(path) as answer:
                        assert answer.status == status, path
                for path in ("/customers", "/relay/0123456789abcdef/"):
                    async with session.get(path) as answer:
                        assert answer.status == 500
        await store.close()
    assert "Connect call failed" in caplog.text
    assert "very-secret" not in caplog.text
