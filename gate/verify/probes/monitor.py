"""The HDMI monitor as somebody in front of it has it: its picture, and its keys."""

import asyncio
from collections.abc import Callable, Iterator

import aiohttp
import cv2
import numpy as np
from numpy.typing import NDArray

from gate.verify.errors import ProbeError
from gate.verify.site import Site

Gray = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""x, y, width, height."""
LOOK_SECONDS = 0.15
_SETTLE_SECONDS = 8.0
_STILL_SHARE_MAX = 0.002
_LIGHT = 180
_LETTERS_SHARE_MIN = 0.0005
_FRAME_SHARE_MIN, _FRAME_SHARE_MAX = 0.03, 0.12
"""Of the screen: a notice is more than a small picture in it, and less than a view."""
_CLEARLY = 2.0
"""So much more sharply a frame stands out in the picture that has it."""
_EDGE = 4
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


def pops_up(before: Gray, after: Gray) -> bool:
    """Whether a notice has appeared on a screen that stands still: a frame is there that was not. A frame that has gone
    is an older notice's, and what comes to light in its place is none. Where one takes the place of another in the same
    moment, the frame stays, and letters go and come in it."""
    frames = [(_outline(before, one), _outline(after, one)) for one in _frames(before, after)]
    if any(now > _CLEARLY * then for then, now in frames):
        return True
    if any(then > _CLEARLY * now for then, now in frames):
        return False
    come, gone = (after >= _LIGHT) & (before < _LIGHT), (before >= _LIGHT) & (after < _LIGHT)
    replaced = min(float(come.mean()), float(gone.mean())) >= _LETTERS_SHARE_MIN
    return replaced and changed_share(before, after) <= _FRAME_SHARE_MAX


def _frames(before: Gray, after: Gray) -> Iterator[Box]:
    """What has changed and hangs together, if it is large enough for a notice and free of the screen's lower edge,
    where the monitor's own bar is."""
    changed = (cv2.absdiff(before, after) >= _DIFFERENCE_MIN).astype(np.uint8)
    joined = cv2.dilate(changed, np.ones((3, 3), np.uint8))
    _, _, found, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for x, y, width, height in (map(int, one[:4]) for one in found[1:]):
        is_one = _FRAME_SHARE_MIN <= width * height / before.size <= _FRAME_SHARE_MAX
        if is_one and y + height < before.shape[0] - _EDGE:
            yield x, y, width, height


def _outline(gray: Gray, box: Box) -> float:
    """How sharply the box stands out from what is around it, in grey levels: the mean over its four sides."""
    x, y, width, height = box
    signed = gray.astype(np.int16)
    across, down = np.abs(np.diff(signed, axis=1)), np.abs(np.diff(signed, axis=0))
    rows, columns = slice(y, y + height), slice(x, x + width)
    sides = [across[rows, _near(at)].max(axis=1, initial=0) for at in (x, x + width)]
    sides += [down[_near(at), columns].max(axis=0, initial=0) for at in (y, y + height)]
    return float(np.mean([side.mean() for side in sides]))


def _near(at: int) -> slice:
    return slice(max(at - _EDGE, 0), at + _EDGE)


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
