"""What the other side sends over HTTP, all of it or nothing."""

import aiohttp


async def read_bounded(stream: aiohttp.StreamReader, bytes_max: int) -> bytes | None:
    """To its end, however many pieces it comes in; None where it is longer, which is then left unread."""
    content = bytearray()
    while len(content) <= bytes_max:
        piece = await stream.read(bytes_max + 1 - len(content))
        if not piece:
            return bytes(content)
        content += piece
    return None
