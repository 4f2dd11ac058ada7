"""Notices end when they are told to, whatever the broker does at that moment: a recorder that waits for them for ever
would not end on SIGTERM. The broker is played here: it answers, keeps silent or stops reading as a test wants."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import pytest

from gate.cancelled import cancellable
from gate.clock import SystemClock
from recorder.notify.channel import Failed, Told
from recorder.notify.entities import Topics
from recorder.notify.mqtt import Mqtt
from recorder.notify.notice import Notice
from recorder.notify.settings import MqttSection
from tests.fakes.entitlements import NEW_YEAR

END_SECONDS_MAX = 5.0
"""Half of what the library gives a broker; it ends in 1.5 s at most."""
TICKS = 8
"""How many iterations of the loop an answer takes to its task, and more."""
CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
LEFT = "homeassistant/sensor/edge_rec-1/cam9_licence_days/config"
NOTICE = Notice(
    channel="mqtt", id="msg_1", event=1, phase="pulse", camera="cam1", created=NEW_YEAR, body=json.dumps({"a": 1})
)


@dataclass(slots=True)
class PlayedBroker:
    """MQTT 3.1.1 as far as a recorder speaks it. It holds one entity of a camera that is no more."""

    silent_to: frozenset[int] = frozenset()
    reads_on: bool = True
    port: int = 0
    connections: list[asyncio.Task[None]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.current_task())  # type: ignore[arg-type]
        with contextlib.closing(writer.transport), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readexactly(1))[0]
                length, shift = 0, 0
                while (byte := (await reader.readexactly(1))[0]) & 0x80:
                    length, shift = length | (byte & 0x7F) << shift, shift + 7
                body = await reader.readexactly(length | byte << shift)
                if head >> 4 not in self.silent_to:
                    writer.write(_answer(head >> 4, body))
                if head >> 4 == SUBSCRIBE and not self.reads_on:
                    await asyncio.Event().wait()


def _answer(kind: int, body: bytes) -> bytes:
    match kind:
        case 1:
            return b"\x20\x02\x00\x00"
        case 3:
            place = 2 + int.from_bytes(body[:2])
            return b"\x40\x02" + body[place : place + 2]
        case 8:
            held = len(LEFT).to_bytes(2) + LEFT.encode() + b"{}"
            return b"\x90\x03" + body[:2] + b"\x01" + b"\x31" + bytes([len(held)]) + held
        case _:
            return b""


@contextlib.asynccontextmanager
async def playing(**fields: Any) -> AsyncIterator[PlayedBroker]:
    broker = PlayedBroker(**fields)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        for one in broker.connections:
            one.cancel()
        await asyncio.gather(*broker.connections, return_exceptions=True)


@pytest.fixture
def clock() -> Iterator[SystemClock]:
    made = SystemClock()
    yield made
    made.close()


def to(port: int, clock: SystemClock, wanted: Callable[[Topics], dict[str, str]] = lambda _: {}, **fields: Any) -> Mqtt:
    section = MqttSection.model_validate({"host": "127.0.0.1", "port": port, **fields})
    return Mqtt(section, device="rec-1", wanted=wanted, clock=clock)


async def ended(task: asyncio.Task[Any]) -> None:
    """Fails unless the task ends soon, cancelled."""
    await asyncio.wait([task], timeout=END_SECONDS_MAX)
    assert task.done(), "it goes on although it was cancelled"
    assert task.cancelled()


def when_told(monkeypatch: pytest.MonkeyPatch, answer: str, ticks: int, act: Callable[[], object]) -> None:
    """So many iterations of the loop after the broker's first such answer."""
    original, seen = getattr(aiomqtt.Client, answer), list[int]()

    def count(left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(count, left - 1)
        else:
            act()

    def noted(self: aiomqtt.Client, *arguments: Any) -> None:
        original(self, *arguments)
        if not seen:
            seen.append(ticks)
            count(ticks)

    monkeypatch.setattr(aiomqtt.Client, answer, noted)


@pytest.mark.parametrize("ticks", range(TICKS))
@pytest.mark.parametrize("answer", ["_on_connect", "_on_subscribe", "_on_publish"])
async def test_a_session_ends_also_when_the_broker_answers_at_that_very_moment(
    monkeypatch: pytest.MonkeyPatch, clock: SystemClock, answer: str, ticks: int
) -> None:
    async with playing() as broker:
        task = asyncio.create_task(to(broker.port, clock).run())
        when_told(monkeypatch, answer, ticks, task.cancel)
        await ended(task)


@pytest.mark.parametrize("ticks", range(TICKS))
async def test_telling_an_event_ends_also_when_the_broker_takes_it_at_that_very_moment(
    monkeypatch: pytest.MonkeyPatch, clock: SystemClock, ticks: int
) -> None:
    async def tell_for_ever(mqtt: Mqtt) -> None:
        told: Told | Failed = Told()
        while isinstance(told, Told):
            told = await mqtt.send([NOTICE])
            await clock.sleep(1)

    async with playing() as broker:
        mqtt = to(broker.port, clock, discovery=None)
        when_told(monkeypatch, "_on_publish", ticks, lambda: task.cancel())
        session = asyncio.create_task(mqtt.run())
        task = asyncio.create_task(tell_for_ever(mqtt))
        await ended(task)
        session.cancel()
        await ended(session)


@pytest.mark.parametrize("ticks", range(4))
async def test_what_a_library_makes_of_a_cancellation_does_not_matter(ticks: int) -> None:
    answer = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(cancellable(asyncio.wait_for(answer, 60)))  # noqa: TID251 - as libraries wait
    await asyncio.wait([task], timeout=0)
    answer.set_result("taken")
    for _ in range(ticks):
        await asyncio.wait([task], timeout=0)
    cancelled = task.cancel()
    await asyncio.wait([task], timeout=END_SECONDS_MAX)
    assert task.done() and task.cancelled() is cancelled, "told to end it ends, with the answer only where it had it"


async def test_a_session_ends_soon_at_a_broker_that_no_longer_answers(clock: SystemClock) -> None:
    async with playing(silent_to=frozenset([PUBLISH])) as broker:
        mqtt = to(broker.port, clock, wanted=lambda _: {})
        task = asyncio.create_task(mqtt.run())
        await mqtt._connected.wait()
        task.cancel()
        await ended(task)


async def test_a_session_ends_soon_at_a_broker_that_no_longer_reads(
    monkeypatch: pytest.MonkeyPatch, clock: SystemClock
) -> None:
    wanted = {f"edge-recorder/rec-1/{number}": "x" * 4_000_000 for number in range(8)}
    async with playing(reads_on=False) as broker:
        task = asyncio.create_task(to(broker.port, clock, wanted=lambda _: wanted).run())
        when_told(monkeypatch, "_on_subscribe", 100, task.cancel)  # what it writes until then fills every buffer
        await ended(task)


@pytest.mark.parametrize("tls", [False, True])
async def test_connecting_ends_at_once_at_a_port_that_never_speaks(clock: SystemClock, tls: bool) -> None:
    """And leaves no thread behind that a process would wait for."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as tarpit:
        tarpit.setblocking(False)
        task = asyncio.create_task(to(tarpit.getsockname()[1], clock, tls=tls).run())
        taken, _ = await loop.sock_accept(tarpit)
        with taken:
            if tls:
                assert await loop.sock_recv(taken, 1), "the client's hello"
            task.cancel()
            await ended(task)
            assert await loop.sock_recv(taken, 1 << 16) is not None
            async with clock.timeout(2):
                await loop.shutdown_default_executor()
