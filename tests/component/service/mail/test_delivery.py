"""From the outbox to a mail server: in order, once, patiently; what cannot be sent is seen, what is secret is gone."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from pydantic import SecretStr
from sqlalchemy import select

from gate.clock import SimulatedClock
from gate.service.mail import outbox
from gate.service.mail.letters import Letter, Recipient, password_expired, password_forgotten
from gate.service.mail.settings import SmtpSection
from gate.service.mail.smtp import MailServerError, SmtpServer
from gate.service.operations.actor import Actor
from gate.service.operations.mails import LoggedMail, mail_log, send_again
from gate.service.store.schema import outbox as rows
from tests.component.service.jobs.post import SENDER, Post, delivery_to, server_at
from tests.component.service.site import NOON, OPERATOR, Site


class Picky:
    """A mail server that answers what a test says, and keeps what it took."""

    def __init__(self) -> None:
        self.recipient_says = "250 ok"
        self.data_says = "250 ok"
        self.hangs_up = False
        self.taken: list[Envelope] = []

    async def handle_RCPT(self, server: SMTP, _: object, envelope: Envelope, address: str, __: object) -> str:
        if self.hangs_up:
            assert server.transport is not None
            server.transport.close()
        if self.recipient_says.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.recipient_says

    async def handle_DATA(self, _: SMTP, __: object, envelope: Envelope) -> str:
        if self.data_says.startswith("2"):
            self.taken.append(envelope)
        return self.data_says


@contextlib.asynccontextmanager
async def serving(make: Callable[[], SMTP]) -> AsyncIterator[tuple[str, int]]:
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def picky() -> AsyncIterator[tuple[Picky, tuple[str, int]]]:
    handler = Picky()
    async with serving(lambda: SMTP(handler, hostname="picky", loop=asyncio.get_running_loop())) as address:
        yield handler, address


def letter(name: str, **changes: str) -> Letter:
    to = Recipient(email=f"{name}@example.com", name=name)
    return password_expired(to, account=changes.get("account", name), expired=NOON)


async def waiting(site: Site) -> list[outbox.WaitingMail]:
    async with site.store.read() as tx:
        found = await tx.rows(select(rows).order_by(rows.c.id))
    return [row for row in found if row.sent_at is None and row.given_up_at is None]


async def log(site: Site) -> list[LoggedMail]:
    async with site.store.read() as tx:
        lines = await mail_log(tx, OPERATOR)
    assert isinstance(lines, list)
    return lines


async def test_mails_leave_in_the_order_they_were_written_and_arrive_whole(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    async with site.store.begin() as tx:
        ids = await outbox.write_all(tx, [letter(f"user{n}") for n in range(5)], clock.now())
    assert await post.delivery.deliver() is None
    mails = await post.mails()
    assert [mail.recipients for mail in mails] == [(f"user{n}@example.com",) for n in range(5)]
    headers = [dict(mail.headers) for mail in mails]
    assert [one["Message-ID"] for one in headers] == [f"<{mail}@recording.example>" for mail in ids]
    assert headers[0]["From"] == "エッジ録画サービス <no-reply@recording.example>"
    assert headers[0]["Auto-Submitted"] == "auto-generated"
    assert mails[0].subject == "初期パスワードの期限が切れました"
    assert "user0 さま" in mails[0].text and mails[0].html is not None
    assert await post.delivery.deliver() is None
    assert len(await post.mails()) == 5, "sent once"


async def test_a_letter_with_a_key_is_written_once(site: Site, clock: SimulatedClock, post: Post) -> None:
    async with site.store.begin() as tx:
        first = await outbox.write(tx, letter("carol"), clock.now())
        again, other = await outbox.write_all(tx, [letter("carol"), letter("dave")], clock.now())
    assert first is not None and again is None and other is not None
    await post.delivery.deliver()
    assert len(await post.mails()) == 2


async def test_what_is_undone_leaves_no_mail(site: Site, clock: SimulatedClock, post: Post) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with site.store.begin() as tx:
            await outbox.write(tx, letter("carol"), clock.now())
            raise ZeroDivisionError
    await post.delivery.deliver()
    assert await post.mails() == []


async def test_a_password_is_in_the_mail_and_afterwards_nowhere(
    site: Site, clock: SimulatedClock, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    to = Recipient(email="carol@example.com", name="carol", language="en")
    async with site.store.begin() as tx:
        await outbox.write(tx, password_forgotten(to, password="Vq7-secret", expires=NOON), clock.now())
    await post.delivery.deliver()
    [mail] = await post.mails()
    assert "Vq7-secret" in mail.text and "Vq7-secret" in str(mail.html)
    async with site.store.read() as tx:
        [row] = await tx.rows(select(rows))
    assert "Vq7-secret" not in str(row)
    assert "••••" in row.body and row.subject == mail.subject
    assert "Vq7-secret" not in caplog.text


async def test_a_recipient_refused_for_good_is_given_up_at_once_and_others_get_theirs(
    site: Site, clock: SimulatedClock
) -> None:
    async with picky() as (server, address):
        server.recipient_says = "550 5.1.1 no such mailbox"
        delivery = delivery_to(server_at(address), site.store, clock)
        async with site.store.begin() as tx:
            await outbox.write(tx, letter("nobody"), clock.now())
        assert await delivery.deliver() is None
        server.recipient_says = "250 ok"
        async with site.store.begin() as tx:
            await outbox.write(tx, letter("carol"), clock.now())
        await delivery.deliver()
        assert [envelope.rcpt_tos for envelope in server.taken] == [["carol@example.com"]]
    sent, dead = await log(site)
    assert (sent.state, dead.state) == ("sent", "given_up")
    assert dead.error == "550 5.1.1 no such mailbox" and dead.can_go_again
    assert delivery.given_up == 1


async def test_a_mail_that_was_given_up_can_be_sent_again_by_those_who_see_it(
    site: Site, clock: SimulatedClock
) -> None:
    partner, stranger = await site.partner(), await site.partner()
    async with picky() as (server, address):
        server.recipient_says = "550 no"
        delivery = delivery_to(server_at(address), site.store, clock)
        async with site.store.begin() as tx:
            to = Recipient(email="carol@example.com", name="carol")
            one = await outbox.write(
                tx, password_expired(to, account="c", expired=NOON, partner=partner.partner), clock.now()
            )
        assert one is not None
        await delivery.deliver()
        assert await site.refused(lambda tx: send_again(tx, stranger, one, clock.now())) == "UNKNOWN_MAIL"
        shared = Actor(id="s", role="shared", customer="c")
        assert await site.refused(lambda tx: send_again(tx, shared, one, clock.now())) == "NOT_ALLOWED"
        server.recipient_says = "250 ok"
        assert (await site.do(lambda tx: send_again(tx, partner, one, clock.now()))).state == "waiting"
        await delivery.deliver()
        assert len(server.taken) == 1
        assert await site.refused(lambda tx: send_again(tx, partner, one, clock.now())) == "MAIL_IS_OVER"


async def test_a_server_that_is_full_is_tried_again_later_and_given_up_after_days(
    site: Site, clock: SimulatedClock
) -> None:
    async with picky() as (server, address):
        server.data_says = "452 4.3.1 insufficient storage"
        delivery = delivery_to(server_at(address), site.store, clock)
        async with site.store.begin() as tx:
            await outbox.write(tx, letter("carol"), clock.now())
        attempts = []
        while (at := await delivery.deliver()) is not None:
            attempts.append(at - clock.now())
            await clock.jump(at)
        assert attempts[:4] == [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1)]
        assert clock.now() - NOON >= timedelta(days=4)
        [line] = await log(site)
        assert (line.state, line.error) == ("given_up", "452 4.3.1 insufficient storage")
        assert line.attempts == len(attempts) + 1 >= outbox.ATTEMPTS_MIN


async def test_a_jump_of_months_while_the_server_is_down_loses_no_mail(site: Site, clock: SimulatedClock) -> None:
    async with picky() as (server, address):
        server.data_says = "451 later"
        delivery = delivery_to(server_at(address), site.store, clock)
        async with site.store.begin() as tx:
            await outbox.write(tx, letter("carol"), clock.now())
        await delivery.deliver()
        await clock.jump(clock.now() + timedelta(days=200))
        await delivery.deliver()
        assert [line.state for line in await log(site)] == ["waiting"]
        server.data_says = "250 ok"
        await clock.jump(clock.now() + timedelta(days=1))
        await delivery.deliver()
        [taken] = server.taken
    assert isinstance(taken.content, bytes)
    assert message_from_bytes(taken.content, policy=default)["Date"] == "Thu, 15 Jan 2026 12:00:00 +0900"


@pytest.mark.parametrize("trouble", ["nobody listens", "hangs up"])
async def test_a_server_in_trouble_costs_one_attempt_and_is_left_alone_for_a_while(
    site: Site, clock: SimulatedClock, trouble: str
) -> None:
    async with picky() as (server, address):
        if trouble == "hangs up":
            server.hangs_up = True
        else:
            address = ("127.0.0.1", 1)
        delivery = delivery_to(server_at(address), site.store, clock)
        async with site.store.begin() as tx:
            await outbox.write_all(tx, [letter(f"user{n}") for n in range(20)], clock.now())
        await delivery.deliver()
        assert delivery.trouble is not None and delivery.paused_seconds == 2.0
        assert sum(row.attempts for row in await waiting(site)) <= 1
        await clock.advance(2)
        await delivery.deliver()
        assert delivery.paused_seconds == 5.0


async def test_a_lost_answer_brings_the_same_mail_again_recognisably(site: Site, clock: SimulatedClock) -> None:
    async with picky() as (server, address):
        delivery = delivery_to(server_at(address), site.store, clock)
        async with site.store.begin() as tx:
            await outbox.write(tx, letter("carol"), clock.now())
        server.data_says = "421 closing"
        original = server.handle_DATA

        async def keep_and_deny(smtp: SMTP, session: object, envelope: Envelope) -> str:
            server.taken.append(envelope)
            return await original(smtp, session, envelope)

        server.handle_DATA = keep_and_deny  # type: ignore[method-assign]
        await delivery.deliver()
        server.data_says, server.handle_DATA = "250 ok", original  # type: ignore[method-assign]
        await clock.jump(clock.now() + timedelta(minutes=2))
        await clock.advance(120)
        await delivery.deliver()
        first, second = server.taken
        assert first.content == second.content


async def test_an_address_that_is_none_is_given_up_and_says_so(site: Site, clock: SimulatedClock, post: Post) -> None:
    to = [Recipient(email=address, name="x\r\nBcc: evil@example.com") for address in ("日本@example.com", "no address")]
    async with site.store.begin() as tx:
        await outbox.write_all(tx, [password_expired(one, account=one.email, expired=NOON) for one in to], clock.now())
        fine = Recipient(email="ok@example.com", name="x\r\nBcc: evil@example.com")
        await outbox.write(tx, password_expired(fine, account="ok", expired=NOON), clock.now())
    await post.delivery.deliver()
    assert sorted(line.state for line in await log(site)) == ["given_up", "given_up", "sent"]
    [mail] = await post.mails()
    assert mail.recipients == ("ok@example.com",)
    assert "Bcc" not in dict(mail.headers)


async def test_a_sign_in_that_is_refused_says_so_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    def deny(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    def make() -> SMTP:
        return SMTP(Picky(), hostname="p", auth_require_tls=False, authenticator=deny, loop=asyncio.get_running_loop())

    caplog.set_level(logging.DEBUG)
    async with serving(make) as (host, port):
        section = SmtpSection(host=host, port=port, security="none", user="u", password=SecretStr("hunter-2"))
        with pytest.raises(MailServerError, match=f"{host}:{port} refuses the sign-in of u") as caught:
            async with SmtpServer(section).conversation():
                pass
    assert "hunter-2" not in str(caught.value)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path, security: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    loop = asyncio.get_running_loop()
    if security == "starttls":
        listening = serving(lambda: SMTP(Picky(), hostname="p", tls_context=context, loop=loop))
    else:
        listening = serving(lambda: SMTP(Picky(), hostname="p", loop=loop))
    async with listening as (host, port):
        section = SmtpSection(host=host, port=port, security=security, timeout_seconds=2)
        with pytest.raises(MailServerError, match="cannot be used"):
            async with SmtpServer(section).conversation():
                pass
    assert SENDER.address == "no-reply@recording.example"


def self_signed(folder: Path) -> Path:
    """A certificate and its key, in one file."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
