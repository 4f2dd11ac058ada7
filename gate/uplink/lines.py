"""Lines over an SSH channel, bounded."""

import asyncio

import asyncssh

from gate.uplink.errors import ChannelLostError, MessageError
from gate.uplink.messages import LINE_BYTES_MAX, Message, line_of, message_of

_CHUNK_BYTES = 64 << 10


class MessageChannel:
    """Messages both ways over one channel's streams. One reader at a time; anybody may send."""

    def __init__(self, reader: "asyncssh.SSHReader[bytes]", writer: "asyncssh.SSHWriter[bytes]") -> None:
        self._reader = reader
        self._writer = writer
        self._rest = bytearray()
        self._sending = asyncio.Lock()

    async def receive(self) -> Message | None:
        """The next message; None where it is of an unknown kind. Raises MessageError, ChannelLostError."""
        while (end := self._rest.find(b"\n")) < 0:
            if len(self._rest) > LINE_BYTES_MAX:
                raise MessageError(f"a line of more than {LINE_BYTES_MAX} bytes")
            try:
                piece = await self._reader.read(_CHUNK_BYTES)
            except (OSError, asyncssh.Error) as error:
                raise ChannelLostError(str(error)) from None
            if not piece:
                raise ChannelLostError("the connection was closed")
            self._rest += piece
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        return message_of(line)

    async def send(self, message: Message) -> None:
        """Returns when there is room for the next one. Raises ChannelLostError."""
        async with self._sending:
            try:
                self._writer.write(line_of(message))
                await self._writer.drain()
            except (OSError, asyncssh.Error) as error:
                raise ChannelLostError(str(error)) from None
