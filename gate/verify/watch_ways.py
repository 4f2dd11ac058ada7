"""The ways of live view beside the WebSocket, followed across an expiry: HLS, JPEG, RTSP."""

import asyncio
import re
from urllib.parse import urljoin

import aiohttp

from gate.verify.errors import ProbeError
from gate.verify.marks import barcodes_in, marks_in
from gate.verify.probes.answers import ask
from gate.verify.probes.decoding import gray_of
from gate.verify.probes.m2_other_ways import next_jpeg
from gate.verify.rtsp import StreamRefusedError, playing
from gate.verify.site import Site
from gate.verify.watched import Watched

_LOOK_SECONDS = 0.1
_PIECE = re.compile(r"^(?!#).+", re.MULTILINE)


async def follow_hls(site: Site, camera: str, watched: Watched) -> None:
    """As a player does: the playlist again and again, and what is new in it. A piece is asked for once more when the
    playlist is refused."""
    address, had = site.remote(f"cameras/{camera}/hls/main.m3u8"), ""
    try:
        while True:
            answer = await ask(site, address)
            if answer.denial is None:
                watched.opened_ns = watched.opened_ns or site.clock.now_ns()
                names = [urljoin(address, name) for name in _PIECE.findall(answer.body.decode())]
                if not names or names[-1] == had:
                    await site.clock.sleep(_LOOK_SECONDS)
                    continue
                had = names[-1]
            piece = await ask(site, had) if had else answer
            if answer.denial is not None and piece.denial is not None:
                watched.end = {"problem": {"code": answer.denial}}
                watched.closed_ns = site.clock.now_ns()
                return
            _note(site, watched, max((mark.utc_us for mark in marks_in(piece.body)), default=0))
            await site.clock.sleep(_LOOK_SECONDS)
    except ProbeError as error:
        watched.trouble, watched.closed_ns = str(error), site.clock.now_ns()


async def follow_stills(site: Site, camera: str, watched: Watched) -> None:
    """Pictures carry their barcode alone: their time is what it says, at their arrival."""
    endless = aiohttp.ClientTimeout(total=None)
    try:
        async with site.session.get(
            site.remote(f"cameras/{camera}/live.mjpeg?stream=main"), timeout=endless
        ) as response:
            if response.status != 200:
                raise ProbeError(f"it is answered with {response.status}")
            watched.opened_ns = site.clock.now_ns()
            while (jpeg := await next_jpeg(response.content)) is not None:
                arrived_ns, site_ns = site.clock.now_ns(), site.now_ns()
                gray = await asyncio.to_thread(gray_of, jpeg)
                codes = [] if gray is None else await asyncio.to_thread(barcodes_in, gray)
                age_ms = min((site.age_ms(code.value, site_ns) for code in codes), default=None)
                if age_ms is not None:
                    _note(site, watched, round(site_ns / 1000 - age_ms * 1000), arrived_ns)
    except (ProbeError, ValueError) as error:
        watched.trouble = str(error)
    except (aiohttp.ClientError, OSError):
        pass  # it has been reset, as it is at a cut
    watched.closed_ns = site.clock.now_ns()


async def follow_restream(site: Site, url: str, watched: Watched) -> None:
    """Until the recorder ends the connection."""
    try:
        async with playing(url) as packets:
            watched.opened_ns = site.clock.now_ns()
            async for packet in packets:
                _note(site, watched, max((mark.utc_us for mark in marks_in(packet)), default=0))
    except StreamRefusedError as refused:
        watched.end = {"problem": refused.problem}
    except ProbeError as error:
        watched.trouble = str(error)
    except OSError:
        pass
    watched.closed_ns = site.clock.now_ns()


def _note(site: Site, watched: Watched, newest_utc_us: int, arrived_ns: int | None = None) -> None:
    watched.last_ns = site.clock.now_ns() if arrived_ns is None else arrived_ns
    watched.messages += 1
    watched.newest_utc_us = max(watched.newest_utc_us, newest_utc_us)
