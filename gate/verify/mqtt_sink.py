"""The broker's side of one MQTT 3.1.1 connection (OASIS, mqtt-v3.1.1): takes whatever is published, tells nothing."""

import asyncio
from collections.abc import Callable

PACKET_BYTES_MAX = 1 << 20
_CONNECT, _PUBLISH, _PUBREL, _SUBSCRIBE, _UNSUBSCRIBE, _PINGREQ, _DISCONNECT = 1, 3, 6, 8, 10, 12, 14
_CONNACK = b"\x20\x02\x00\x00"
_PINGRESP = b"\xd0\x00"


async def serve_client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Callable[[str, str], None]
) -> None:
    """Until the client leaves. `take`: topic and text. Raises EOFError, OSError, or ValueError for what is no MQTT."""
    while True:
        head = (await reader.readexactly(1))[0]
        body = await reader.readexactly(await _length(reader))
        kind = head >> 4
        if kind == _CONNECT:
            writer.write(_CONNACK)
        elif kind == _PUBLISH:
            _publish(head, body, writer, take)
        elif kind == _PUBREL:
            writer.write(b"\x70\x02" + body[:2])
        elif kind == _SUBSCRIBE:
            granted = bytes(_topics(body[2:]))
            writer.write(bytes((0x90, 2 + len(granted))) + body[:2] + granted)
        elif kind == _UNSUBSCRIBE:
            writer.write(b"\xb0\x02" + body[:2])
        elif kind == _PINGREQ:
            writer.write(_PINGRESP)
        elif kind == _DISCONNECT:
            return
        await writer.drain()


async def _length(reader: asyncio.StreamReader) -> int:
    """2.2.3: seven bits a byte, the lowest first, four bytes at most."""
    length = 0
    for shift in (0, 7, 14, 21):
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            if length > PACKET_BYTES_MAX:
                raise ValueError(f"a packet of {length} bytes")
            return length
    raise ValueError("a length of more than four bytes")


def _publish(head: int, body: bytes, writer: asyncio.StreamWriter, take: Callable[[str, str], None]) -> None:
    topic_end = 2 + int.from_bytes(body[:2], "big")
    quality = head >> 1 & 3
    text_at = topic_end + (2 if quality else 0)
    take(body[2:topic_end].decode(errors="replace"), body[text_at:].decode(errors="replace"))
    if quality:
        writer.write(bytes((0x40 if quality == 1 else 0x50, 2)) + body[topic_end:text_at])


def _topics(body: bytes) -> list[int]:
    """What each wish of a SUBSCRIBE is granted: quality 1 at the most."""
    granted, at = [], 0
    while at + 2 < len(body):
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
        granted.append(min(body[end] if end < len(body) else 0, 1))
        at = end + 1
    return granted
