"""M1: the wall's pictures, decoded from what is on the screen: each camera's barcode is there, fresh, and moves."""

import asyncio

from gate.verify.marks import Barcode, barcodes_in
from gate.verify.matrix import Part
from gate.verify.probes import monitor
from gate.verify.probes.bench import Bench

SECONDS = 12.0
_SAME_PLACE = 8


async def probe(bench: Bench) -> list[Part]:
    """A part a camera, in the order of the wall."""
    site = bench.site
    await monitor.order(site, show={"view": "wall"})
    places: list[list[tuple[Barcode, float]]] = []
    png = b""
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
    shown = bench.keep("M1", png) if png else None
    moving = sorted(
        (place for place in places if _moves(place)), key=lambda place: (place[0][0].y // 40, place[0][0].x)
    )
    parts = []
    for at, camera in enumerate(site.cameras):
        seen = moving[at] if at < len(moving) else []
        evidence = {
            "barcodes": [code.value for code, _ in seen][-8:],
            "age_ms": [round(age_ms) for _, age_ms in seen][-8:],
            "picture": shown,
        }
        parts.append(Part(name=f"{camera} on the wall", works=bool(seen), evidence=evidence))
    return parts


def _place_of(code: Barcode, places: list[list[tuple[Barcode, float]]]) -> list[tuple[Barcode, float]]:
    for place in places:
        if abs(place[0][0].x - code.x) <= _SAME_PLACE and abs(place[0][0].y - code.y) <= _SAME_PLACE:
            return place
    places.append([])
    return places[-1]


def _moves(place: list[tuple[Barcode, float]]) -> bool:
    return len({code.value for code, _ in place}) >= 2
