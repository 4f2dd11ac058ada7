"""What is done to the connection of a peer that watches: bounds on what lies in buffers, and its end at a cut."""

import asyncio
import contextlib
import socket
import struct

from gate.clock import Clock

KERNEL_BYTES_MAX = 256 << 10
"""Send buffer of a viewer's connection: what lies in it cannot be called back at a cut."""
DRAIN_SECONDS_MAX = 0.03
"""What was written before a revocation leaves within this time or not at all."""

_DRAIN_POLL_SECONDS = 0.002
_NO_LINGER = struct.pack("ii", 1, 0)


def bound_kernel_buffer(transport: asyncio.BaseTransport | None) -> None:
    """Makes the kernel hold KERNEL_BYTES_MAX at most."""
    if transport is not None:
        with contextlib.suppress(OSError):
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES_MAX)


async def drain(transport: asyncio.WriteTransport | None, clock: Clock, seconds_max: float = DRAIN_SECONDS_MAX) -> None:
    """Waits until what is written has gone to the kernel. Raises TimeoutError for a stalled peer."""
    if transport is None or not transport.get_write_buffer_size():
        return
    async with clock.timeout(seconds_max):
        while transport.get_write_buffer_size():
            await clock.sleep(_DRAIN_POLL_SECONDS)


def reset(transport: asyncio.WriteTransport | None) -> None:
    """Ends the connection and throws away what the kernel still holds for it."""
    if transport is None:
        return
    sock: socket.socket = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
