"""Mails in the API: what was given up goes again; the mailbox is for whoever runs the service."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import insert, update

from gate.service.mail import outbox
from gate.service.mail.letters import Recipient, password_expired
from gate.service.store.schema import mailbox
from gate.service.store.schema import outbox as rows
from tests.component.service.api_server import ApiServer, api_server
from tests.component.service.site import NOON


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path) -> Iterator[ApiServer]:
    shutil.copy(sqlite_template, tmp_path / "service.db")
    with api_server(f"sqlite+aiosqlite:///{tmp_path / 'service.db'}", tmp_path) as serving:
        yield serving


def ask(server: ApiServer, role: str, method: str, path: str) -> tuple[int, Any]:
    answer = requests.request(method, f"{server.url}/api/v1{path}", headers=server.headers(role), timeout=10)
    return answer.status_code, answer.json()


async def given_up(server: ApiServer) -> str:
    letter = password_expired(Recipient(email="x@example.com", name="x"), account="x", expired=NOON)
    async with server.store.begin() as tx:
        one = await outbox.write(tx, letter, NOON - timedelta(days=9))
        await tx.execute(update(rows).where(rows.c.id == one).values(given_up_at=NOON, attempts=9, error="550 no"))
    assert one is not None
    return one


async def received(server: ApiServer) -> None:
    source = b"Subject: =?utf-8?b?5Lu25ZCN?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n"
    row = {"received_at": NOON, "sender": "s@x", "recipients": ["a@x"], "subject": "件名", "message": source}
    async with server.store.begin() as tx:
        await tx.execute(insert(mailbox).values(row))


def test_a_mail_that_was_given_up_is_sent_again_once_and_by_nobody_elses_partner(server: ApiServer) -> None:
    one = server.run(given_up(server))
    assert ask(server, "partner", "POST", f"/mails/{one}/again")[0] == 404
    status, mail = ask(server, "operator", "POST", f"/mails/{one}/again")
    assert (status, mail["state"], mail["attempts"]) == (200, "waiting", 0)
    status, problem = ask(server, "operator", "POST", f"/mails/{one}/again")
    assert (status, problem["code"]) == (409, "MAIL_IS_OVER")
    assert ask(server, "operator", "POST", "/mails/none/again")[1]["code"] == "UNKNOWN_MAIL"


def test_the_mailbox_is_listed_and_read_by_the_operator_alone(server: ApiServer) -> None:
    server.run(received(server))
    status, found = ask(server, "operator", "GET", "/mailbox?recipient=A@X")
    [line] = found["mails"]
    assert (status, line["subject"], line["recipients"]) == (200, "件名", ["a@x"])
    status, mail = ask(server, "operator", "GET", f"/mailbox/{line['id']}")
    assert (mail["text"], mail["html"], mail["sender"]) == ("hello\n", None, "s@x")
    assert ["Subject", "件名"] in mail["headers"]
    for number in ("0", "x", "9" * 30):
        assert ask(server, "operator", "GET", f"/mailbox/{number}")[1]["code"] == "UNKNOWN_MAIL"
    for role in ("partner", "customer"):
        assert ask(server, role, "GET", "/mailbox")[0] == 403
        assert ask(server, role, "GET", f"/mailbox/{line['id']}")[0] == 403
