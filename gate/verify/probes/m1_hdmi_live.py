"""M1: the wall's pictures, decoded from what is on the screen: each camera's barcode is there, fresh, and moves, in a
scene that no other camera shows."""

import asyncio
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from gate.verify.marks import Barcode, barcodes_in
from gate.verify.matrix import Part
from gate.verify.probes import monitor
from gate.verify.probes.bench import Bench

Places = list[list[tuple[Barcode, float]]]
"""Where barcodes are: what was read there, and how old that was (ms)."""

SECONDS = 12.0
_SAME_PLACE = 8
_SCENES_APART_MIN = 8.0
"""Mean difference of grey levels between two scenes; of one scene twice it is next to nothing."""


async def probe(bench: Bench) -> list[Part]:
    """A part a camera, in the order of the wall."""
    site = bench.site
    await monitor.order(site, show={"view": "wall"})
    places: Places = []
    png = b""
    gray: monitor.Gray | None = None
    try:
        async with site.clock.timeout(SECONDS):
            while sum(map(_moves, places)) < len(site.cameras):
                gray, png = await monitor.picture(site)
                ages = [(code, bench.age_ms(code.value)) for code in await asyncio.to_thread(barcodes_in, gray)]
                for code, age_ms in ages:
                    if age_ms <= bench.limits.fresh_ms:
                        _place_of(code, places).append((code, age_ms))
                await site.clock.sleep(monitor.LOOK_SECONDS)
    except TimeoutError:
        pass
    moving = sorted(
        (place for place in places if _moves(place)), key=lambda place: (place[0][0].y // 40, place[0][0].x)
    )
    evidence = {"picture": bench.keep("M1", png) if png else None}
    return [_part(f"{camera} on the wall", gray, moving, at, evidence) for at, camera in enumerate(site.cameras)]


def _part(name: str, gray: monitor.Gray | None, places: Places, at: int, evidence: Mapping[str, Any]) -> Part:
    """Of the place with that number, if there are so many."""
    if gray is None or at >= len(places):
        return Part(name=name, works=False, evidence={"barcodes": [], "age_ms": [], **evidence})
    seen = places[at]
    twice = any(_is_same(gray, seen[0][0], other[0][0]) for other in places[:at])
    barcodes, ages = [code.value for code, _ in seen], [round(age_ms) for _, age_ms in seen]
    shown = {"barcodes": barcodes[-8:], "age_ms": ages[-8:]} | ({"scene": "another camera's, too"} if twice else {})
    return Part(name=name, works=not twice, faulty=twice, evidence={**shown, **evidence})


def _is_same(gray: monitor.Gray, one: Barcode, other: Barcode) -> bool:
    """Whether what is above both barcodes is one scene: every camera counts its pictures alike."""
    return float(cv2.absdiff(_scene(gray, one), _scene(gray, other)).mean()) < _SCENES_APART_MIN


def _scene(gray: monitor.Gray, code: Barcode) -> monitor.Gray:
    above = gray[max(code.y - 2 * code.width, 0) : max(code.y - _SAME_PLACE, 1), code.x : code.x + 3 * code.width]
    return np.asarray(cv2.resize(above, (48, 32), interpolation=cv2.INTER_AREA), np.uint8)


def _place_of(code: Barcode, places: Places) -> list[tuple[Barcode, float]]:
    for place in places:
        if abs(place[0][0].x - code.x) <= _SAME_PLACE and abs(place[0][0].y - code.y) <= _SAME_PLACE:
            return place
    places.append([])
    return places[-1]


def _moves(place: list[tuple[Barcode, float]]) -> bool:
    return len({code.value for code, _ in place}) >= 2
