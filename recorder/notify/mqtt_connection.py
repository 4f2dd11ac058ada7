"""A connection to an MQTT broker: it begins, is answered and ends within a bounded time, whatever the broker does.

The socket is ours, so that it can be broken off while the library still waits at it in a thread, or is told nothing.
"""

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from functools import partial

import aiomqtt

from gate.cancelled import cancellable
from gate.clock import Clock
from recorder.notify.entities import OFFLINE
from recorder.notify.settings import MqttSection, secret_of
from recorder.notify.webhook import tls_context

CONNECT_SECONDS_MAX = 5.0
ANSWER_SECONDS_MAX = 10.0
FAREWELL_SECONDS_MAX = 0.5
KEEPALIVE_SECONDS = 30
INCOMING_MAX = 4096


class MqttConnection:
    """Stands as long as `mqtt_connection` lasts. What it awaits raises aiomqtt.MqttError where the broker is gone or
    does not answer."""

    def __init__(self, client: aiomqtt.Client, line: socket.socket) -> None:
        self._client = client
        self._line = line
        self.torn = False

    async def publish(self, topic: str, text: str, *, retain: bool = False) -> None:
        """Returns when the broker has it."""
        await cancellable(self._client.publish(topic, text, qos=1, retain=retain))

    async def subscribe(self, topics: str) -> None:
        """Their messages are in `messages`."""
        await cancellable(self._client.subscribe(topics, qos=1))

    @property
    def messages(self) -> AsyncIterator[aiomqtt.Message]:
        """What the broker sends, until the connection breaks."""
        return self._client.messages

    def tear(self) -> None:
        """Breaks the connection without what is still to be written; the broker then speaks the will."""
        self.torn = True
        self._client._client.on_disconnect = None
        with contextlib.suppress(OSError):  # it is broken already
            self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._line.shutdown(socket.SHUT_RDWR)


@contextlib.asynccontextmanager
async def mqtt_connection(
    section: MqttSection, *, identifier: str | None, will: str | None, clock: Clock
) -> AsyncIterator[MqttConnection]:
    """`will`: the topic that the broker sets to "offline" when we are lost. Raises aiomqtt.MqttError or OSError where
    there is no connection, ValueError or OSError where a file cannot be read."""
    context: ssl.SSLContext | None = None
    if section.tls:
        context = await asyncio.to_thread(tls_context, section.ca_file)
    client = await _client(section, context, identifier=identifier, will=will)
    line = await _line(section.host, section.port_used, clock)
    try:
        client._client._create_socket = partial(_secured, line, context, section.host)  # type: ignore[method-assign]
        await cancellable(client.__aenter__())
        connection = MqttConnection(client, line)
        try:
            yield connection
        finally:
            if not connection.torn:
                await _part(client, clock)
    finally:
        client._client.on_disconnect = None
        with contextlib.suppress(OSError):  # ended by the broker
            line.shutdown(socket.SHUT_RDWR)
        line.close()


async def _client(
    section: MqttSection, context: ssl.SSLContext | None, *, identifier: str | None, will: str | None
) -> aiomqtt.Client:
    password = await asyncio.to_thread(secret_of, section.password, section.password_file)
    return aiomqtt.Client(
        section.host,
        section.port_used,
        username=section.user,
        password=password,
        identifier=identifier,
        tls_context=context,
        keepalive=KEEPALIVE_SECONDS,
        timeout=ANSWER_SECONDS_MAX,
        max_queued_incoming_messages=INCOMING_MAX,
        will=aiomqtt.Will(will, OFFLINE, qos=1, retain=True) if will is not None else None,
    )


async def _line(host: str, port: int, clock: Clock) -> socket.socket:
    """To the first of the host's addresses that answers. Raises OSError."""
    loop = asyncio.get_running_loop()
    trouble = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        line = socket.socket(family, kind, protocol)
        try:
            line.setblocking(False)
            async with clock.timeout(CONNECT_SECONDS_MAX):
                await loop.sock_connect(line, address)
        except TimeoutError:
            line.close()
            trouble = OSError(f"no answer within {CONNECT_SECONDS_MAX:.0f} s")
        except OSError as error:
            line.close()
            trouble = OSError(error.errno, os.strerror(error.errno or 0))  # the loop's own words name the address only
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise trouble


def _secured(line: socket.socket, context: ssl.SSLContext | None, host: str) -> socket.socket:
    """The library's end of the line, which it closes; TLS if wanted. Blocks. Raises OSError."""
    end = line.dup()
    end.settimeout(CONNECT_SECONDS_MAX)
    return end if context is None else context.wrap_socket(end, server_hostname=host)


async def _part(client: aiomqtt.Client, clock: Clock) -> None:
    """In good order if the broker lets us; whoever calls breaks the line off anyway."""
    with contextlib.suppress(aiomqtt.MqttError, OSError):  # TimeoutError is an OSError
        async with clock.timeout(FAREWELL_SECONDS_MAX):
            await client.__aexit__(None, None, None)
