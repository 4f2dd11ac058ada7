"""The verifier's receivers of mail and MQTT, spoken to by other people's clients."""

import asyncio
from email.message import EmailMessage

import aiomqtt
import aiosmtplib
import pytest

from gate.clock import SystemClock
from gate.verify.inbox import receiving_mail, receiving_mqtt


async def test_what_is_published_is_taken_with_its_time_at_every_quality() -> None:
    clock = SystemClock()
    began_ns = clock.now_ns()
    async with receiving_mqtt(clock) as inbox:
        async with aiomqtt.Client("127.0.0.1", inbox.port, will=aiomqtt.Will("gone", "yes")) as client:
            await client.subscribe("announced/#", qos=1)
            for quality in (0, 1, 2):
                text = f'{{"detail": "verify-{quality}"}}' + "x" * 200 * quality
                await client.publish("site/event", text, qos=quality)
            await client.unsubscribe("announced/#")
        assert [inbox.about(f"verify-{quality}") is not None for quality in range(4)] == [True, True, True, False]
        assert began_ns <= (inbox.about("verify-1") or 0) <= clock.now_ns()
    clock.close()


async def test_who_talks_otherwise_disturbs_nobody() -> None:
    clock = SystemClock()
    async with receiving_mqtt(clock) as inbox:
        _, writer = await asyncio.open_connection("127.0.0.1", inbox.port)
        writer.write(b"\x10\xff\xff\xff\xff\xff")
        await writer.drain()
        async with aiomqtt.Client("127.0.0.1", inbox.port) as client:
            await client.publish("site/event", '"verify-1"', qos=1)
        assert inbox.about("verify-1") is not None
        writer.close()
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client("127.0.0.1", inbox.port, timeout=2):
            pass
    clock.close()


async def test_a_mail_is_taken_with_its_words_decoded() -> None:
    clock = SystemClock()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@recording.example", "b@recording.example", "お知らせ"
    mail.set_content("2027-01-01 10:00:00  玄関  来客  verify-12\n", cte="base64")
    async with receiving_mail(clock) as inbox:
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=inbox.port)
        assert inbox.about("verify-12") is not None and inbox.about("verify-1") is None
    clock.close()
