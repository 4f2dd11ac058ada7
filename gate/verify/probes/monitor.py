"""The HDMI monitor as somebody in front of it has it: its picture, and its keys."""

import asyncio
from collections.abc import Callable

import aiohttp
import cv2
import numpy as np
from numpy.typing import NDArray

from gate.verify.errors import ProbeError
from gate.verify.site import Site

Gray = NDArray[np.uint8]
LOOK_SECONDS = 0.15
_SETTLE_SECONDS = 8.0
_STILL_SHARE_MAX = 0.002
_LIGHT = 180
_FAR = 12
"""This part of the screen's width around a letter that has gone belongs to the notice it stood in."""
_ELSEWHERE_SHARE_MIN = 0.001
_DIFFERENCE_MIN = 24
"""Grey levels between two pictures that are more than coding."""


async def order(site: Site, **words: object) -> None:
    """One order, as by the remote control. Raises ProbeError."""
    address = site.monitor
    try:
        async with site.session.post(
            f"{address}v1/order", json=words, headers={"Origin": address.rstrip("/")}
        ) as answer:
            content = await answer.json(content_type=None)
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
        raise ProbeError(f"the monitor takes no orders: {type(error).__name__} {error}") from None
    if "error" in content or answer.status >= 400:
        raise ProbeError(f"the monitor refuses {words}: {content}")


async def picture(site: Site) -> tuple[Gray, bytes]:
    """What is on the screen now: grey (height, width), and as a PNG. Raises ProbeError."""
    try:
        async with site.session.get(f"{site.monitor}picture.png") as answer:
            png = await answer.read()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ProbeError(f"the monitor shows nothing: {type(error).__name__} {error}") from None
    return await asyncio.to_thread(_gray, png), png


def _gray(png: bytes) -> Gray:
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE) if png else None
    if found is None:
        raise ProbeError("the monitor's picture cannot be decoded")
    return np.asarray(found, np.uint8)


def changed_share(before: Gray, after: Gray) -> float:
    """How much of the screen has changed, 0 to 1."""
    if before.shape != after.shape:
        return 1.0
    return float((cv2.absdiff(before, after) >= _DIFFERENCE_MIN).mean())


async def settled(site: Site) -> tuple[Gray, bytes]:
    """The screen once only its clock moves. Raises ProbeError if it never stands still."""
    before, _ = await picture(site)
    try:
        async with site.clock.timeout(_SETTLE_SECONDS):
            while True:
                await site.clock.sleep(2 * LOOK_SECONDS)
                now, png = await picture(site)
                if changed_share(before, now) <= _STILL_SHARE_MAX:
                    return now, png
                before = now
    except TimeoutError:
        raise ProbeError("the monitor's picture does not stand still, so nothing can be seen to appear on it") from None


def brightens(before: Gray, after: Gray) -> bool:
    """Whether letters have appeared on the screen: more of it has become light than dark, or some of it has far from
    where an older notice has gone at the same time."""
    lit, gone = (after >= _LIGHT) & (before < _LIGHT), (before >= _LIGHT) & (after < _LIGHT)
    if int(lit.sum()) > int(gone.sum()):
        return True
    reach = np.ones((before.shape[1] // _FAR + 1,) * 2, np.uint8)
    near = cv2.dilate(gone.astype(np.uint8), reach)
    return float((lit & (near == 0)).mean()) >= _ELSEWHERE_SHARE_MIN


async def appears(
    site: Site,
    before: Gray,
    share_min: float,
    seconds: float,
    told_ns: int,
    is_new: Callable[[Gray, Gray], bool] = lambda before, after: True,
) -> tuple[bool, float, float, bytes]:
    """Whether so much of the screen changes within that time, to something new: yes or no, the largest share, how many
    ms after `told_ns` (the machine's clock), and the picture that shows it (or the last one)."""
    largest, png = 0.0, b""
    end_ns = site.clock.monotonic_ns() + round(seconds * 1e9)
    while site.clock.monotonic_ns() < end_ns:
        now, png = await picture(site)
        share = changed_share(before, now)
        largest = max(largest, share)
        if share >= share_min and is_new(before, now):
            return True, share, (site.clock.now_ns() - told_ns) / 1e6, png
        await site.clock.sleep(LOOK_SECONDS)
    return False, largest, (site.clock.now_ns() - told_ns) / 1e6, png
