"""What comes over HTTP is read whole, however it arrives, and never beyond its bound."""

import asyncio

from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from gate.uplink.bounded import read_bounded


async def read_of(pieces: list[bytes], bytes_max: int) -> bytes | None:
    """What is read while the pieces come, one in each turn of the loop."""
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    stream = StreamReader(protocol, 2**16, loop=loop)
    coming = iter(pieces)

    def feed() -> None:
        piece = next(coming, None)
        if piece is None:
            stream.feed_eof()
            return
        stream.feed_data(piece)
        loop.call_soon(feed)

    loop.call_soon(feed)
    return await read_bounded(stream, bytes_max)


async def test_all_pieces_are_read_up_to_the_bound() -> None:
    assert await read_of([], 4) == b""
    assert await read_of([b"a", b"bc", b"d"], 4) == b"abcd"


async def test_one_byte_more_is_nothing_whether_it_comes_alone_or_with_the_rest() -> None:
    assert await read_of([b"a", b"bc", b"d", b"e"], 4) is None
    assert await read_of([b"abcde"], 4) is None
