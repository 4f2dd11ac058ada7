"""A download of the past that is under way across an expiry, taken slowly: it is cut as everything is."""

import contextlib
import socket
from datetime import datetime
from urllib.parse import urlencode

import aiohttp

from gate.verify.errors import ProbeError
from gate.verify.probes.answers import ask
from gate.verify.site import Site
from gate.verify.watched import Watched

_BUFFER_BYTES = 8 << 10
"""Of our end of the connection: what waits in it has been given already."""
_READ_BYTES = 16 << 10
_READ_SECONDS = 0.02


async def follow_download(site: Site, camera: str, start: datetime, end: datetime, watched: Watched) -> None:
    """Again and again, so that one is always under way, until one is torn off or refused."""
    span = urlencode({"from": start.isoformat(), "to": end.isoformat()})
    address = site.remote(f"cameras/{camera}/footage.mp4?{span}")
    async with contextlib.AsyncExitStack() as stack:
        session = site.session
        if not address.startswith("https:"):  # whose certificate only the site's session knows
            connector = aiohttp.TCPConnector(socket_factory=_small_socket)
            own = aiohttp.ClientSession(
                connector=connector, cookie_jar=site.session.cookie_jar, headers=site.session.headers
            )
            session = await stack.enter_async_context(own)
        try:
            while await _taken(site, session, address, watched):
                pass
            watched.closed_ns = site.clock.now_ns()
            watched.end = {"problem": {"code": (await ask(site, address)).denial}}
        except ProbeError as error:
            watched.trouble = str(error)
        except (aiohttp.ClientError, OSError):
            pass  # torn off, as it is at a cut
    watched.closed_ns = watched.closed_ns or site.clock.now_ns()


async def _taken(site: Site, session: aiohttp.ClientSession, address: str, watched: Watched) -> bool:
    """Whether it is given; it is taken to its end then."""
    endless = aiohttp.ClientTimeout(total=None)
    async with session.get(address, read_bufsize=_BUFFER_BYTES, timeout=endless) as response:
        if response.status != 200:
            return False
        watched.opened_ns = watched.opened_ns or site.clock.now_ns()
        while await response.content.read(_READ_BYTES):
            watched.last_ns = site.clock.now_ns()
            watched.messages += 1
            await site.clock.sleep(_READ_SECONDS)
    return True


def _small_socket(info: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = info
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    return made
