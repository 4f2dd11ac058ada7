"""Events by mail, at a real SMTP server: what came together in one mail, with pictures, in both languages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from recorder.events.thumbnails import Thumbnails
from recorder.notify.letter import ROWS_MAX
from tests.component.notify.bench import Bench, until

JPEG = b"\xff\xd8\xff\xe0 a small picture \xff\xd9"


@dataclass(slots=True)
class Post:
    """A mail server that answers what a test says, and keeps what it took."""

    port: int = 0
    says: str = "250 ok"
    holds: bool = False
    begun: int = 0
    taken: list[Envelope] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, _: SMTP, __: object, envelope: Envelope) -> str:
        self.begun += 1
        if self.holds:
            await self.released.wait()
        if self.says.startswith("2"):
            self.taken.append(envelope)
        return self.says

    @property
    def mails(self) -> list[EmailMessage]:
        found = [message_from_bytes(envelope.original_content or b"", policy=default) for envelope in self.taken]
        assert all(isinstance(one, EmailMessage) for one in found)
        return found  # type: ignore[return-value]


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Post]:
    post = Post()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(post), "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        post.released.set()


def mailed(folder: Path, post: Post, **fields: Any) -> Bench:
    mail = {"host": "127.0.0.1", "port": post.port, "security": "none", "from_address": "rec@example.net",
            "to": ["keeper@example.net", "night@example.net"], **fields}  # fmt: skip
    return Bench(folder, {"mail": mail})


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.fixture(autouse=True)
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no footage here to make them of (tests/component/events has it)."""

    async def picture(self: Thumbnails, event: Any) -> bytes | None:
        return JPEG if event.kind == "person" else None

    monkeypatch.setattr(Thumbnails, "picture", picture)


@pytest.mark.parametrize(
    ("language", "subject", "line"),
    [
        ("ja", "[rec-1] 玄関 人物 09:00", "2026-01-01 09:00:00  玄関  人物  door"),
        ("en", "[rec-1] 玄関: Person, 09:00", "2026-01-01 09:00:00  玄関  Person  door"),
    ],
)
async def test_an_event_is_mailed_with_its_picture_in_the_readers_language(
    tmp_path: Path, language: str, subject: str, line: str
) -> None:
    async with receiving() as post, mailed(tmp_path, post, language=language).running() as bench:
        bench.happen("cam1", "start", rule="door")
        await bench.advance_until(lambda: post.taken)
        bench.happen("cam1", "end", rule="door")
        await bench.clock.advance(1000)
        await bench.until_counts("mail", lambda count: (count.waiting, count.sent) == (0, 1))
    [mail] = post.mails
    assert (mail["Subject"], mail["From"], mail["Content-Language"]) == (subject, "rec@example.net", language)
    assert line in text_of(mail)
    assert post.taken[0].rcpt_tos == ["keeper@example.net", "night@example.net"]
    [picture] = mail.iter_attachments()
    assert picture.get_filename() == "cam1-20260101-090000-person.jpg" and picture.get_content() == JPEG


async def test_a_storm_is_one_mail_and_the_next_comes_five_minutes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.events.bus.EVENTS_PER_MINUTE_MAX", 10**6)
    async with receiving() as post, mailed(tmp_path, post).running() as bench:
        for number in range(10_000):
            bench.happen("cam1" if number % 2 else "cam2")
        await bench.until_counts("mail", lambda count: count.waiting + count.left_out == 10_000)
        await bench.advance_until(lambda: post.taken)
        await bench.until_counts("mail", lambda count: count.waiting == 0)
        bench.happen("cam1", kind="vehicle")
        await bench.clock.advance(200)
        assert len(post.taken) == 1
        await bench.advance_until(lambda: len(post.taken) == 2)
    first, second = post.mails
    assert first["Subject"] == "[rec-1] イベント2000件(駐車場、玄関)"
    assert text_of(first).count("人物\n") == ROWS_MAX and "ほか1950件" in text_of(first)
    assert len(list(first.iter_attachments())) == 5
    assert "車両" in text_of(second)


async def test_what_a_camera_saw_is_not_mailed_once_its_licence_has_ended_but_what_others_saw_is(
    tmp_path: Path,
) -> None:
    async with receiving() as post, mailed(tmp_path, post).running() as bench:
        bench.happen("cam1")
        bench.happen("cam2")
        await bench.clock.advance(5)
        bench.lapse("cam2")
        bench.happen("cam1", kind="vehicle")
        await bench.advance_until(lambda: post.taken)
        await bench.until_counts("mail", lambda count: (count.waiting, count.sent) == (1, 1))
        assert "駐車場" in text_of(post.mails[0]) and "玄関" not in text_of(post.mails[0])
        bench.entitle(3600)
        await bench.advance_until(lambda: len(post.taken) == 2)
    assert "人物" in text_of(post.mails[1]) and "車両" not in text_of(post.mails[1])


async def test_a_mail_in_flight_is_broken_off_at_the_licences_end_and_goes_out_when_it_is_back(tmp_path: Path) -> None:
    async with receiving() as post, mailed(tmp_path, post, gather_seconds=0).running(entitled_seconds=60) as bench:
        post.holds = True
        bench.happen("cam1")
        await until(lambda: post.begun)
        await bench.clock.advance(60)
        await until(lambda: bench.notices._couriers[0].standing.cut)
        post.holds = False
        await bench.clock.advance(600)
        assert (await bench.counts("mail")).waiting == 1
        bench.entitle(3600)
        await bench.until_counts("mail", lambda count: count.sent == 1)
    assert post.begun == 2


async def test_a_server_that_is_down_or_says_not_now_is_tried_again(tmp_path: Path) -> None:
    async with receiving() as post, mailed(tmp_path, post, gather_seconds=0).running() as bench:
        post.says = "451 not now"
        bench.happen()
        await until(bench.trouble)
        assert "451 not now" in bench.trouble()
        post.says = "250 ok"
        await bench.advance_until(lambda: post.taken)
        await bench.until_counts("mail", lambda count: count.sent == 1)
        assert bench.trouble() == ""


async def test_a_server_without_encryption_where_it_is_wanted_gets_no_password(tmp_path: Path) -> None:
    async with receiving() as post:
        bench = mailed(tmp_path, post, gather_seconds=0, security="starttls", user="rec", password="hush")
        async with bench.running():
            bench.happen()
            await until(bench.trouble)
            assert "STARTTLS" in bench.trouble() and "hush" not in bench.trouble()
        assert post.taken == []
