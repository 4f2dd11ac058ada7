"""Streams that are opened before an expiry and watched across it: what the last thing was that they gave, and when."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from gate.clock import instant_of
from gate.verify.marks import marks_in
from gate.verify.site import Site

OPEN_SECONDS = 6.0


@dataclass(slots=True, kw_only=True)
class Watched:
    """A stream: the machine's clock at its last media message, the camera's time of its newest picture, its end."""

    name: str
    is_video: bool
    opened_ns: int = 0
    messages: int = 0
    last_ns: int = 0
    newest_utc_us: int = 0
    close: int | None = None
    closed_ns: int = 0
    end: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""

    def evidence(self, expiry_ns: int, offset_ns: int) -> dict[str, Any]:
        """For a report; times relative to X in ms."""
        return {
            "messages": self.messages,
            "last_media_ms": _relative_ms(self.last_ns + offset_ns, expiry_ns) if self.messages else None,
            "last_media": _iso(self.last_ns + offset_ns) if self.messages else None,
            "newest_picture_ms": _relative_ms(self.newest_utc_us * 1000, expiry_ns) if self.newest_utc_us else None,
            "close": self.close,
            "closed_ms": _relative_ms(self.closed_ns + offset_ns, expiry_ns) if self.closed_ns else None,
            "denial": self.end.get("problem", {}).get("code"),
        } | ({"trouble": self.trouble} if self.trouble else {})


def _relative_ms(at_ns: int, expiry_ns: int) -> float:
    return round((at_ns - expiry_ns) / 1e6, 3)


def _iso(at_ns: int) -> str:
    return instant_of(at_ns).isoformat(timespec="milliseconds")


class Watch:
    """A live view of every camera and the WebSocket of events: `open` begins, `close` ends what still goes on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tasks: list[asyncio.Task[None]] = []
        self.streams = [
            *(Watched(name=f"live view of {camera}", is_video=True) for camera in site.cameras),
            Watched(name="events", is_video=False),
        ]
        self._paths = [*(f"cameras/{camera}/live?stream=main" for camera in site.cameras), "events"]

    async def open(self) -> None:
        """Returns once every stream is open, and every video flows, or after OPEN_SECONDS."""
        for watched, path in zip(self.streams, self._paths, strict=True):
            self._tasks.append(asyncio.create_task(self._follow(watched, path), name=watched.name))
        with contextlib.suppress(TimeoutError):
            async with self._site.clock.timeout(OPEN_SECONDS):
                while not all(one.messages or (one.opened_ns and not one.is_video) for one in self.streams):
                    await self._site.clock.sleep(0.05)

    async def close(self) -> None:
        """Nothing is received any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
