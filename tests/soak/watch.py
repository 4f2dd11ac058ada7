"""Follows a demo that plays its story as a page does, with the monitor's picture and a remote one; and measures it."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from gate.clock import Clock
from tests.soak.growth import Growth, growth_of
from tests.soak.sample import MEASURES, bytes_below, sample_site

RETRY_SECONDS = 0.5
READ_SECONDS_MAX = 30.0
SCENES_LOOK_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class Watched:
    """`series`: by (who, what), points of (seconds since the beginning, value). `resets`: seconds each visitor took."""

    series: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    resets: list[float] = field(default_factory=list)
    rounds: int = 0
    pictures: int = 0
    live_bytes: int = 0
    troubles: list[str] = field(default_factory=list)

    def growths(self) -> dict[tuple[str, str], Growth]:
        """Of everything that was measured more than twice."""
        return {key: growth_of(key[1], points) for key, points in sorted(self.series.items()) if len(points) > 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """`site`: what `edge-recorder demo --json` told; `root`: its folder."""

    site: dict[str, Any]
    root: Path
    supervisor: int
    clock: Clock

    async def run(self, watched: Watched, *, every_seconds: float, enough: Callable[[Watched], bool]) -> None:
        """Until enough has been seen."""
        jobs = [self._follow(watched), self._watch_monitor(watched), self._watch_live(watched)]
        tasks = [asyncio.create_task(job) for job in jobs]
        began_ns = self.clock.monotonic_ns()
        try:
            while not enough(watched):
                at = (self.clock.monotonic_ns() - began_ns) / 1e9
                await self._measure(watched, at)
                for task in tasks:
                    if task.done():
                        task.result()
                await self.clock.sleep(every_seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def scenes_drawn(self) -> None:
        """Returns when the simulated cameras have all their pictures: until then they fill memory and disk."""
        while "workers" in await asyncio.to_thread(sample_site, self.supervisor, await self._pids()):
            await self.clock.sleep(SCENES_LOOK_SECONDS)

    async def _pids(self) -> dict[str, int]:
        pids: dict[str, int] = (await self._order("show"))["site"]["pids"]
        return pids

    async def _measure(self, watched: Watched, at: float) -> None:
        samples = await asyncio.to_thread(sample_site, self.supervisor, await self._pids())
        for name, sample in samples.items():
            for measure in MEASURES:
                watched.series[name, measure].append((at, getattr(sample, measure)))
        data = await asyncio.to_thread(bytes_below, self.root / "data", but=self.root / "data" / "sim-cache")
        watched.series["site", "disk_mb"].append((at, data / 1e6))

    async def _order(self, name: str) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(self.root / "run" / "site.sock", limit=1 << 20)
        try:
            writer.write(json.dumps({"order": name}).encode() + b"\n")
            done: dict[str, Any] = json.loads(await reader.readline())["done"]
            return done
        finally:
            writer.close()

    async def _follow(self, watched: Watched) -> None:
        """The board's own state."""
        url, visitor, said = self.site["addresses"]["show"], 1, ""
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}v1/board") as socket:
            async for message in socket:
                state = json.loads(message.data)
                told, watched.rounds = state["told"], state["story"]["rounds"]
                if told and told["kind"] == "visitor" and state["visitor"] != visitor:
                    visitor = state["visitor"]
                    watched.resets.append(told["seconds"])
                elif told and told["text"] and told["text"] != said:
                    said = told["text"]
                    watched.troubles.append(said)

    async def _watch_monitor(self, watched: Watched) -> None:
        def took(piece: bytes) -> None:
            watched.pictures += piece.count(b"Content-Type: image/jpeg")

        await self._read_again_and_again("hdmi.mjpeg", took)

    async def _watch_live(self, watched: Watched) -> None:
        url = f"{self.site['addresses']['show']}api/v1/cameras/{self.site['site']['cameras'][0]}/live"
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.ws_connect(url, max_msg_size=4 << 20) as socket:
                        async for message in socket:
                            watched.live_bytes += len(message.data)
                await self.clock.sleep(RETRY_SECONDS)

    async def _read_again_and_again(self, path: str, took: Callable[[bytes], None]) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_read=READ_SECONDS_MAX)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.site['addresses']['show']}{path}") as response:
                        async for piece in response.content.iter_any():
                            took(piece)
                await self.clock.sleep(RETRY_SECONDS)
