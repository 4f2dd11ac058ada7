"""A forwarded SSH channel and one end of a socket pair, joined: what comes out of one goes into the other.

Whichever side is slow holds the other back: a full channel stops the reading of the socket, a full socket that of the
channel. An orderly end is passed on behind the data before it, and once both sides have come to theirs both are closed.
A side that is torn down tears down the other, and what was still queued is thrown away.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import asyncssh

CHANNEL_BYTES_MAX = 256 << 10
"""A forwarded channel's window: what may be under way before its reader must take some."""
SOCKET_BYTES_MAX = 64 << 10
"""Asked of the kernel for either end of a pair, and the bound of the transports above."""


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that nobody else can reach."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES_MAX)
    return ends


class Pipe:
    """`channel_side` is the channel's session, `socket_side` the protocol of the socket. The socket may come first."""

    def __init__(self) -> None:
        self.channel_side = _ChannelSide(self)
        self.socket_side = _SocketSide(self)
        self._on_end: list[Callable[[], None]] = []

    def abort(self) -> None:
        """Tears down both sides."""
        self.channel_side.tear_down()
        self.socket_side.tear_down()

    def on_end(self, callback: Callable[[], None]) -> None:
        """Calls back once when the channel is gone."""
        self._on_end.append(callback)

    def has_ended(self) -> None:
        """Called by the channel's side."""
        callbacks, self._on_end = self._on_end, []
        for callback in callbacks:
            callback()

    def close_if_both_ended(self) -> None:
        """Called by either side at its end."""
        if self.channel_side.ended and self.socket_side.ended:
            self.channel_side.close()
            self.socket_side.close()


class _ChannelSide(asyncssh.SSHTCPSession[bytes]):
    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._channel: asyncssh.SSHTCPChannel[bytes] | None = None
        self.ended = False

    @property
    def open(self) -> "asyncssh.SSHTCPChannel[bytes] | None":
        """The channel while something can be written to it."""
        return self._channel if self._channel is not None and not self._channel.is_closing() else None

    def connection_made(self, chan: "asyncssh.SSHTCPChannel[bytes]") -> None:
        self._channel = chan
        chan.set_write_buffer_limits(SOCKET_BYTES_MAX)
        if self._pipe.socket_side.lost:
            chan.abort()
        else:
            self._pipe.socket_side.pause(False)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._pipe.socket_side.write(data)

    def eof_received(self) -> bool:
        self.ended = True
        self._pipe.socket_side.write_eof()
        self._pipe.close_if_both_ended()
        return True

    def pause_writing(self) -> None:
        self._pipe.socket_side.pause(True)

    def resume_writing(self) -> None:
        self._pipe.socket_side.pause(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        if exc is None:
            self._pipe.socket_side.close()
        else:
            self._pipe.socket_side.tear_down()
        self._pipe.has_ended()

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()

    def tear_down(self) -> None:
        if self._channel is not None:
            self._channel.abort()


class _SocketSide(asyncio.Protocol):
    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._transport: asyncio.Transport | None = None
        self.ended = self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's own is none by its class
        transport.set_write_buffer_limits(SOCKET_BYTES_MAX)
        if self._pipe.channel_side.open is None:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if (channel := self._pipe.channel_side.open) is not None:
            channel.write(data)

    def eof_received(self) -> bool:
        self.ended = True
        if (channel := self._pipe.channel_side.open) is not None:
            channel.write_eof()
        self._pipe.close_if_both_ended()
        return True

    def pause_writing(self) -> None:
        if (channel := self._pipe.channel_side.open) is not None:
            channel.pause_reading()

    def resume_writing(self) -> None:
        if (channel := self._pipe.channel_side.open) is not None:
            channel.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self.lost = None, True
        if exc is None:
            self._pipe.channel_side.close()
        else:
            self._pipe.channel_side.tear_down()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def write_eof(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def pause(self, wanted: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if wanted:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def tear_down(self) -> None:
        if self._transport is not None:
            self._transport.abort()
