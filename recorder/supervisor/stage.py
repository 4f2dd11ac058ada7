"""A demo site between two visitors, and its cable: what the show board may order (docs/protocols.md)."""

import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp

from gate.clock import Clock
from recorder.errors import RecorderError
from recorder.supervisor.clearing import Clearing
from recorder.supervisor.orders import Order
from recorder.supervisor.site import LOOK_SECONDS, NEW_PARTS, Site, read_state

NEXT_SECONDS_MAX = 60.0
"""Longer than that a site does not take to be ready again, however slow the machine: then something is wrong."""

_log = logging.getLogger(__name__)


class Stage:
    """`facts`: what the board is told of the site."""

    def __init__(self, site: Site, facts: Callable[[], Mapping[str, Any]]) -> None:
        self._site = site
        self._facts = facts
        self._clearing = Clearing(site.recorder)

    @property
    def orders(self) -> Mapping[str, Order]:
        """By their names."""
        return {
            "show": self._show,
            "pull-network": self._pull,
            "put-back-network": self._put_back,
            "next-visitor": self.next_visitor,
        }

    async def _show(self) -> Mapping[str, Any]:
        cable = self._site.cable
        return {**self._facts(), "network": "none" if cable is None else "pulled" if cable.pulled else "connected"}

    async def _pull(self) -> Mapping[str, Any]:
        if self._site.cable is None:
            raise RecorderError("this recorder has its licence from no service on this machine: there is no cable")
        self._site.cable.pull()
        return await self._show()

    async def _put_back(self) -> Mapping[str, Any]:
        if self._site.cable is not None:
            self._site.cable.put_back()
        return await self._show()

    async def next_visitor(self) -> Mapping[str, Any]:
        """The site as at its first start: no footage, licences of their first day, the machine's time. Tells how long
        it took until every camera moved on the monitor again and the remote side accepted. Raises RecorderError."""
        site = self._site
        server = site.clock_server
        if server is None:
            raise RecorderError("this site runs on the machine's own clock, which nobody sets back")
        watch = _Stopwatch(site.clock)
        await self._to_the_wall()
        pictures = await self._pictures()
        async with contextlib.AsyncExitStack() as stack:
            for name in NEW_PARTS:
                if name in site.children:
                    await stack.enter_async_context(site.children[name].away())
            await self._clearing.take_away()
            late = await server.start_over()
            if late:
                _log.warning("next visitor: %s did not follow the clock at once", ", ".join(sorted(late)))
            await site.ensure_licence()
            if site.cable is not None:
                site.cable.put_back()
        watch.note("cleared")
        await self._within(NEXT_SECONDS_MAX, self._plays(pictures, watch))
        seconds = watch.seconds()
        await self._clearing.finish()
        return {"seconds": seconds, "parts": watch.noted}

    async def _plays(self, pictures_before: Mapping[str, int], watch: "_Stopwatch") -> None:
        """Waits until all cameras run, are licensed, and have moved on the monitor."""
        site = self._site
        for name in NEW_PARTS:
            if name in site.children:
                await site.children[name].ready.wait()
                watch.note(name)
        while True:
            with contextlib.suppress(RecorderError, aiohttp.ClientError):  # it is just beginning
                if _all_runs(await read_state(site.recorder.local.socket)):
                    watch.note("licensed")
                    if "hdmi" not in site.children or all_moved(pictures_before, await self._pictures()):
                        return
            await site.clock.sleep(LOOK_SECONDS)

    async def _pictures(self) -> dict[str, int]:
        """How many pictures of each camera have moved on the screen; nothing where the monitor does not answer."""
        try:
            cameras = (await self._site.hdmi_status())["cameras"]
        except (aiohttp.ClientError, KeyError):
            return {}
        return {camera: state["pictures"] for camera, state in cameras.items() if state["state"] == "live"}

    async def _to_the_wall(self) -> None:
        """Wherever the last visitor has left the monitor."""
        url = self._site.addresses.get("hdmi", "")
        with contextlib.suppress(aiohttp.ClientError, ValueError):  # without a preview it stays as it is
            async with aiohttp.ClientSession(headers={"Origin": url.rstrip("/")}) as session:
                await session.post(f"{url}v1/order", json={"show": {"view": "wall"}})

    async def _within(self, seconds: float, waiting: Awaitable[None]) -> None:
        try:
            async with self._site.clock.timeout(seconds):
                await waiting
        except TimeoutError:
            raise RecorderError(f"the site was not ready again within {seconds:.0f} s") from None


class _Stopwatch:
    """Since it was made; `noted`: the seconds at which each thing was first there."""

    def __init__(self, clock: Clock) -> None:
        self.noted: dict[str, float] = {}
        self._clock = clock
        self._began_ns = clock.monotonic_ns()

    def seconds(self) -> float:
        return round((self._clock.monotonic_ns() - self._began_ns) / 1e9, 3)

    def note(self, name: str) -> None:
        self.noted.setdefault(name, self.seconds())


def all_moved(before: Mapping[str, int], now: Mapping[str, int]) -> bool:
    """Whether every camera has other pictures than before; a monitor that was started meanwhile counts from 0."""
    return bool(now) and all(count != before.get(camera, 0) for camera, count in now.items())


def _all_runs(state: Mapping[str, Any]) -> bool:
    """Whether every stream runs, every function is allowed for every camera, and no recording stands still."""
    streams = [stream for camera in state["cameras"] for stream in camera["streams"].values()]
    return (
        all(stream["phase"] == "streaming" for stream in streams)
        and all(row["allowed"] and not row["denied_cameras"] for row in state["features"])
        and all(camera["recording"]["phase"] != "stopped" for camera in state["cameras"])
    )
