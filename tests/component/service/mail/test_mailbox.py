"""The built-in mailbox: takes what SMTP brings, within bounds, and shows it."""

import asyncio
from email.message import EmailMessage

import aiosmtplib
import pytest

from gate.clock import SimulatedClock
from gate.service.errors import ListenError
from gate.service.mail import mailbox
from gate.service.mail.mailbox import CONNECTIONS_MAX, MESSAGE_BYTES_MAX, Mailbox
from gate.service.mail.settings import MailboxSection
from tests.component.service.jobs.post import Post, post_office
from tests.component.service.site import Site


async def send(post: Post, to: str, subject: str, size: int = 0) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", to, subject
    message.set_content("本文 <script>alert(1)</script>\n" + "x" * 70 * (size and 1) + "\n" * size)
    host, port = post.mailbox.address
    await aiosmtplib.send(message, hostname=host, port=port, start_tls=False)


async def test_what_arrives_is_listed_newest_first_searched_read_and_thrown_away(site: Site, post: Post) -> None:
    for name in ("alice", "bob", "ALICE"):
        await send(post, f"{name}@example.com", f"件名 {name}")
    async with site.store.read() as tx:
        listed = await mailbox.mails(tx)
        assert [line.subject for line in listed] == ["件名 ALICE", "件名 bob", "件名 alice"]
        assert [line.subject for line in await mailbox.mails(tx, before=listed[0].id, limit=1)] == ["件名 bob"]
        assert len(await mailbox.mails(tx, recipient="alice@")) == 2
        assert await mailbox.mails(tx, recipient="%") == []
        one = await mailbox.mail(tx, listed[1].id)
        assert await mailbox.mail(tx, 10**9) is None
    assert one is not None and one.recipients == ("bob@example.com",)
    assert "本文 <script>" in one.text and one.html is None and b"Subject" in one.source
    async with site.store.begin() as tx:
        assert await mailbox.empty(tx) == 3
    assert await post.mails() == []


async def test_the_oldest_go_when_it_is_full(site: Site, clock: SimulatedClock) -> None:
    async with post_office(site.store, clock, mails_max=3) as post:
        for number in range(5):
            await send(post, "a@example.com", str(number))
        assert [mail.subject for mail in await post.mails()] == ["2", "3", "4"]
        assert (post.mailbox.received, post.mailbox.dropped) == (5, 2)


async def test_a_mail_that_is_too_large_is_refused(post: Post) -> None:
    with pytest.raises(aiosmtplib.SMTPResponseException, match="552"):
        await send(post, "a@example.com", "big", size=MESSAGE_BYTES_MAX)
    assert await post.mails() == []


async def test_too_many_connections_are_turned_away_and_counted(post: Post) -> None:
    host, port = post.mailbox.address
    held = [await asyncio.open_connection(host, port) for _ in range(CONNECTIONS_MAX)]
    for reader, _ in held:
        assert (await reader.readline()).startswith(b"220")
    reader, writer = await asyncio.open_connection(host, port)
    await reader.read()
    assert post.mailbox.refused == 1
    writer.close()
    for _, writer in held:
        writer.close()
        await writer.wait_closed()


async def test_a_taken_port_is_one_sentence(site: Site, clock: SimulatedClock, post: Post) -> None:
    host, port = post.mailbox.address
    second = Mailbox(MailboxSection(address=f"{host}:{port}"), site.store, clock)
    with pytest.raises(ListenError, match=f"the mailbox cannot listen on {host}:{port}"):
        async with second.serving():
            pass
