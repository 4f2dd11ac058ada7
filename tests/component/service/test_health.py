"""The service says whether it lives and whether it can work, to anybody, and nothing else."""

from pathlib import Path

from aiohttp import ClientSession
from argon2 import PasswordHasher

from gate.clock import SimulatedClock
from gate.licence.rules import Rules
from gate.service.app import create_app
from gate.service.config import ServiceConfig
from gate.service.front import serve_http
from gate.service.store.engine import Store
from gate.sign_in.passwords import Passwords
from tests.component.service.site import NOON


async def test_with_its_database_it_is_ready_and_says_no_more(tmp_path: Path, service_store: Store) -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    config = ServiceConfig(data_dir=tmp_path, keys=tmp_path)
    app, _ = create_app(config, store=service_store, clock=SimulatedClock(NOON), rules=Rules(), passwords=passwords)
    wanted = {"/livez": {"alive": True}, "/readyz": {"ready": True}, "/healthz": {"ready": True}}
    async with serve_http(app, listen="127.0.0.1:0") as (host, port), ClientSession() as session:
        for path, content in wanted.items():
            async with session.get(f"http://{host}:{port}{path}") as answer:
                assert (answer.status, await answer.json()) == (200, content)
                assert answer.headers["Cache-Control"] == "no-store"
