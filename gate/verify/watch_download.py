"""A download of the past that is under way across an expiry, taken slowly: it is cut in its middle, as everything is.

1. Kernels would take a short one at once, so it is of all that the known stretch's run has; and it is taken so slowly
   that more than they hold still lies at the recorder when X comes.
2. What is on its way at X has been given: at most LATE_BYTES_MAX come afterwards, and are taken at once then.
"""

import contextlib
import socket
from datetime import timedelta
from urllib.parse import urlencode

import aiohttp

from gate.clock import ns_of
from gate.verify.errors import ProbeError
from gate.verify.marks import marks_in
from gate.verify.probes.answers import ask
from gate.verify.probes.bench import KnownFootage
from gate.verify.site import Site
from gate.verify.watched import Watched

LATE_BYTES_MAX = 576 << 10
"""A recorder has the kernel hold half a megabyte of an answer at most; a little lies elsewhere on the way."""
_LEFT_BYTES = LATE_BYTES_MAX * 3 // 2
"""So much is to lie there at X."""
_AROUND = timedelta(seconds=15)
_PACE_MIN = 0.3
"""Of the pace of its pictures. Who takes too little for ten seconds is dropped."""
_BYTES_A_SECOND_MIN = 32 << 10
"""Kernels take more only when a third of what they hold has gone."""
_BUFFER_BYTES = 8 << 10
"""Of our end of the connection: what waits in it has been given already."""
_READ_SECONDS = 0.1


async def follow_download(site: Site, known: KnownFootage, watched: Watched) -> None:
    """Again and again, so that one is always under way, until one is torn off or refused."""
    async with contextlib.AsyncExitStack() as stack:
        session, is_ours = site.session, site.remote("").startswith("http:")
        if is_ours:  # the certificate of the others is known to the site's session alone
            connector = aiohttp.TCPConnector(socket_factory=_small_socket)
            own = aiohttp.ClientSession(
                connector=connector, cookie_jar=site.session.cookie_jar, headers=site.session.headers
            )
            session = await stack.enter_async_context(own)
        try:
            whole = await ask(site, address := _address(site, known))
            read_bytes = max(round(_bytes_a_second(site, whole.body, watched) * _READ_SECONDS), 1)
            while await _taken(site, session, address, read_bytes, watched, counts=is_ours):
                pass
            watched.closed_ns = site.clock.now_ns()
            watched.end = {"problem": {"code": (await ask(site, address)).denial}}
        except ProbeError as error:
            watched.trouble = str(error)
        except (aiohttp.ClientError, OSError):
            pass  # torn off, as it is at a cut
    watched.closed_ns = watched.closed_ns or site.clock.now_ns()


def _address(site: Site, known: KnownFootage) -> str:
    span = urlencode({"from": (known.start - _AROUND).isoformat(), "to": (known.end + _AROUND).isoformat()})
    return site.remote(f"cameras/{known.camera}/footage.mp4?{span}")


def _bytes_a_second(site: Site, film: bytes, watched: Watched) -> float:
    """How fast to take it, so that _LEFT_BYTES are left at X."""
    times_us = [mark.utc_us for mark in marks_in(film)]
    if not times_us:
        return 0.0
    own = len(film) / (max(times_us) - min(times_us) + 1) * 1e6
    expiry = site.expiries.get(watched.camera or "")
    left_seconds = max((ns_of(expiry) - site.now_ns()) / 1e9, 1.0) if expiry is not None else 1.0
    wanted = min((len(film) - _LEFT_BYTES) / left_seconds, own)
    return max(wanted, own * _PACE_MIN, _BYTES_A_SECOND_MIN)


async def _taken(
    site: Site, session: aiohttp.ClientSession, address: str, read_bytes: int, watched: Watched, *, counts: bool
) -> bool:
    """Whether it is given; it is taken to its end then. `counts`: what comes after X."""
    endless = aiohttp.ClientTimeout(total=None)
    expiry = site.expiries.get(watched.camera or "")
    async with session.get(address, read_bufsize=_BUFFER_BYTES, timeout=endless) as response:
        if response.status != 200:
            return False
        watched.opened_ns = watched.opened_ns or site.clock.now_ns()
        while piece := await response.content.read(read_bytes):
            watched.last_ns = site.clock.now_ns()
            watched.messages += 1
            if expiry is None or site.now_ns() < ns_of(expiry) or watched.late_bytes > LATE_BYTES_MAX:
                await site.clock.sleep(_READ_SECONDS)
            elif counts:
                watched.late_bytes += len(piece)
    return True


def _small_socket(info: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = info
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    return made
