"""The monitor's wall, watched across an expiry: whether a picture on it ever stood still for too long."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from gate.verify.errors import ProbeError
from gate.verify.marks import Barcode, barcodes_in
from gate.verify.matrix import Check
from gate.verify.probes import monitor
from gate.verify.probes.decoding import gray_of
from gate.verify.probes.m2_other_ways import next_jpeg
from gate.verify.site import Site

BEFORE_SECONDS = 1.0
"""So much before X is looked at, too."""
STILL_SECONDS = 0.7
"""A picture that still stands so long before the end has stopped; arrivals are blurred by less."""
PICTURES_MAX = 400
_SAME_PLACE, _MARGIN = 8, 16


@dataclass(slots=True, kw_only=True)
class Place:
    """Where on the wall a camera is shown: what its barcode said, picture by picture, without repetitions. By site time
    (ns) of their arrival."""

    code: Barcode
    seen: list[tuple[int, int]] = field(default_factory=list)


class MonitorWatch:
    """`open` shows the wall and begins; `close` ends it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._task: asyncio.Task[None] | None = None
        self._pictures: list[tuple[int, bytes]] = []
        self.trouble = ""

    @property
    def is_open(self) -> bool:
        """Whether it was ever begun."""
        return self._task is not None

    async def open(self) -> None:
        """Returns at once; what goes wrong is the check's."""
        self._task = asyncio.create_task(self._follow(), name="monitor across X")

    async def close(self) -> None:
        """Nothing is received any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def check(self, expiry_ns: int, until_ns: int, pause_ms_max: int) -> Check:
        """That every camera's picture on the wall moved on from BEFORE_SECONDS before X to the end of the crossing."""
        site, from_ns = self._site, expiry_ns - round(BEFORE_SECONDS * 1e9)
        places: list[Place] = []
        for arrived_ns, jpeg in self._pictures:
            if arrived_ns >= from_ns:
                await asyncio.to_thread(_read, jpeg, arrived_ns, places, len(site.cameras))
        return judge(places, expiry_ns, until_ns, site, self.trouble, pause_ms_max)

    async def _follow(self) -> None:
        site = self._site
        endless = aiohttp.ClientTimeout(total=None)
        try:
            await monitor.order(site, show={"view": "wall"})
            async with site.session.get(f"{site.monitor}stream.mjpeg", timeout=endless) as response:
                with contextlib.suppress(ValueError):
                    while (jpeg := await next_jpeg(response.content)) is not None:
                        self._pictures = [*self._pictures[-PICTURES_MAX:], (site.now_ns(), jpeg)]
            self.trouble = "the monitor has ended its stream"
        except (ProbeError, aiohttp.ClientError, OSError) as error:
            self.trouble = f"{type(error).__name__} {error}"


def judge(places: Sequence[Place], expiry_ns: int, until_ns: int, site: Site, trouble: str, pause_ms_max: int) -> Check:
    """By the times that the pictures themselves say: a busy machine does not blur them; but for the last one, which may
    stand there until the end of the crossing. Pure."""
    name, wanted = "monitor across X", len(site.cameras)
    lively = [place for place in places if len(place.seen) > 1]
    pauses = [_pause_ms(place, site) for place in lively]
    evidence: dict[str, Any] = {
        "pictures": [len(place.seen) for place in lively],
        "pause_ms_max": [round(pause) for pause in pauses],
        "last_ms": [round((place.seen[-1][0] - expiry_ns) / 1e6) for place in lively],
    } | ({"trouble": trouble} if trouble else {})
    begun = [place for place in lively if place.seen[0][0] < expiry_ns]
    if trouble or len(begun) < wanted:
        text = trouble or f"only {len(begun)} of {wanted} cameras were seen to move on the wall before X"
        return Check(name=name, row="M1", holds=None, text=text, evidence=evidence)
    alive_ns = max(expiry_ns, until_ns - round(max(STILL_SECONDS * 1e9, pause_ms_max * 1e6)))
    moved_on = all(place.seen[-1][0] > alive_ns for place in begun)
    text = f"the wall moves on across X: no picture stands still for more than {max(pauses):.0f} ms"
    return Check(name=name, row="M1", holds=moved_on and max(pauses) <= pause_ms_max, text=text, evidence=evidence)


def _pause_ms(place: Place, site: Site) -> float:
    """The longest time from one picture to the next, by their numbers."""
    steps = [
        (later - earlier) % site.loop_pictures
        for (_, earlier), (_, later) in zip(place.seen, place.seen[1:], strict=False)
    ]
    return max(steps) * 1000 / site.fps


def _read(jpeg: bytes, arrived_ns: int, places: list[Place], wanted: int) -> None:
    """The whole picture until every camera has been found, then the known places alone: that is ten times as fast."""
    gray = gray_of(jpeg)
    if gray is None:
        return
    if len(places) < wanted:
        for code in barcodes_in(gray):
            if not any(abs(one.code.x - code.x) <= _SAME_PLACE and abs(one.code.y - code.y) <= _SAME_PLACE
                       for one in places):  # fmt: skip
                places.append(Place(code=code))
    for place in places:
        x, y, width = place.code.x, place.code.y, place.code.width
        around = gray[max(y - _MARGIN, 0) : y + width // 8 + _MARGIN, max(x - _MARGIN, 0) : x + width + _MARGIN]
        read = next(iter(barcodes_in(around)), None)
        if read is not None and (not place.seen or place.seen[-1][1] != read.value):
            place.seen.append((arrived_ns, read.value))
