"""The WebSockets of both sides: one set of bounds."""

from aiohttp import web

HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 1.0
"""How long a peer may take to answer our close frame."""
MESSAGE_BYTES_MAX = 4096
WRITER_BYTES_MAX = 64 << 10


def new_socket() -> web.WebSocketResponse:
    """One that is to be prepared. Never compressed: that costs eighteen times the CPU."""
    return web.WebSocketResponse(
        compress=False,
        heartbeat=HEARTBEAT_SECONDS,
        timeout=CLOSE_SECONDS,
        max_msg_size=MESSAGE_BYTES_MAX,
        writer_limit=WRITER_BYTES_MAX,
    )
