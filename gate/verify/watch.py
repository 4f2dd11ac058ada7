"""Streams that are opened before an expiry and watched across it: what the last thing was that they gave, and when."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import aiohttp

from gate.verify.marks import marks_in
from gate.verify.probes.bench import KnownFootage
from gate.verify.site import Site
from gate.verify.watch_download import follow_download
from gate.verify.watch_ways import follow_hls, follow_restream, follow_stills
from gate.verify.watched import Watched

OPEN_SECONDS = 6.0
_HLS_LAG_MS = 4000
"""A piece is named once it is whole, a second or two long."""
_STILLS_LAG_MS = 2500
"""Only key pictures are shown."""


class Watch:
    """A live view of every camera, the first one's by every way there is, the WebSocket of events, and a download of a
    known stretch: `open` begins, `close` ends what still goes on."""

    def __init__(self, site: Site, known: KnownFootage | None) -> None:
        self._site = site
        self._tasks: list[asyncio.Task[None]] = []
        self._following: list[tuple[Watched, Callable[[Watched], Coroutine[Any, Any, None]]]] = [
            (Watched(name="events", row="M8", camera=None, is_video=False), partial(self._follow, path="events"))
        ]
        for camera in site.cameras:
            follow = partial(self._follow, path=f"cameras/{camera}/live?stream=main")
            live = Watched(name=f"live view of {camera}", row="M2", camera=camera, is_video=True)
            self._following.append((live, follow))
        first = site.cameras[0]
        video = partial(Watched, row="M2", camera=first, is_video=True)
        hls = video(name=f"HLS of {first}", ends_by="a refusal", lag_ms_max=_HLS_LAG_MS)
        stills = video(name=f"JPEG of {first}", ends_by="its end", lag_ms_max=_STILLS_LAG_MS)
        self._following += [(hls, partial(follow_hls, site, first)), (stills, partial(follow_stills, site, first))]
        if (base := site.restream) is not None:
            restream = video(name=f"RTSP of {first}", ends_by="its end")
            self._following.append((restream, partial(follow_restream, site, f"{base}/{first}/main")))

        if known is not None:
            download = Watched(
                name=f"download of {known.camera}", row="M5", camera=known.camera, is_video=False, ends_by="its end"
            )
            follow = partial(follow_download, site, known)
            self._following.append((download, follow))

    @property
    def streams(self) -> list[Watched]:
        """All of them."""
        return [watched for watched, _ in self._following]

    async def open(self) -> None:
        """Returns once every stream is open, and every video flows, or after OPEN_SECONDS. HLS is not waited for: it
        takes seconds to begin."""
        for watched, follow in self._following:
            self._tasks.append(asyncio.create_task(follow(watched), name=watched.name))
        waited_for = [watched for watched in self.streams if watched.ends_by != "a refusal"]
        with contextlib.suppress(TimeoutError):
            async with self._site.clock.timeout(OPEN_SECONDS):
                while not all(one.messages or (one.opened_ns and not one.is_video) for one in waited_for):
                    await self._site.clock.sleep(0.05)

    async def close(self) -> None:
        """Nothing is received any more."""
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        for watched, end in zip(self.streams, ends, strict=False):
            if isinstance(end, Exception):
                watched.trouble = f"what it sends cannot be understood: {type(end).__name__} {end}"

    async def _follow(self, watched: Watched, path: str) -> None:
        site = self._site
        try:
            forever = aiohttp.ClientWSTimeout(ws_receive=None, ws_close=5.0)
            async with site.session.ws_connect(
                site.remote(path), max_msg_size=16 << 20, timeout=forever, autoclose=False
            ) as ws:
                watched.opened_ns = site.clock.now_ns()
                async for message in ws:
                    if message.type is aiohttp.WSMsgType.BINARY:
                        watched.last_ns = site.clock.now_ns()
                        watched.messages += 1
                        newest_us = max((mark.utc_us for mark in marks_in(message.data)), default=0)
                        watched.newest_utc_us = max(watched.newest_utc_us, newest_us)
                    elif message.type is aiohttp.WSMsgType.TEXT:
                        told = json.loads(message.data)
                        watched.end = told.get("end", watched.end)
                        if "event" in told:
                            watched.last_ns = site.clock.now_ns()
                            watched.messages += 1
                watched.close, watched.closed_ns = int(ws.close_code or 0), site.clock.now_ns()
        except (aiohttp.ClientError, OSError) as error:
            watched.trouble = f"{type(error).__name__} {error}"
            watched.closed_ns = site.clock.now_ns()
