"""M4: the monitor plays a known past stretch: a picture of it, by its barcode, stands on the screen."""

import asyncio
from datetime import timedelta

from gate.verify.marks import barcodes_in
from gate.verify.matrix import Part
from gate.verify.probes import monitor
from gate.verify.probes.bench import Bench

SECONDS = 15.0
_IN_SECONDS = 0.5
_WIDTH_SHARE_MIN = 0.09
"""Of the screen: a barcode is more than a quarter of its picture wide. A notice's small picture stands still, too."""


async def probe(bench: Bench) -> list[Part]:
    """One part."""
    site, known = bench.site, bench.known
    at = known.start + timedelta(seconds=_IN_SECONDS)
    await monitor.order(site, show={"view": "playback", "camera": known.camera, "at": at.isoformat()})
    seen: list[int] = []
    png, stopped, works = b"", False, False
    try:
        async with site.clock.timeout(SECONDS):
            while not works:
                gray, png = await monitor.picture(site)
                codes = await asyncio.to_thread(barcodes_in, gray)
                large = [code.value for code in codes if code.width >= _WIDTH_SHARE_MIN * gray.shape[1]]
                fitting = [value for value in large if value in known.shown]
                if fitting and not stopped:
                    await monitor.order(site, key="stop")
                    stopped = True
                elif stopped:
                    works = bool(fitting and seen) and fitting[0] == seen[-1]
                if stopped and not fitting:  # it was told to stop too late: the stretch is over, and asked for again
                    await monitor.order(site, show={"view": "playback", "camera": known.camera, "at": at.isoformat()})
                    stopped = False
                    seen.clear()
                seen += fitting[:1]
                await site.clock.sleep(monitor.LOOK_SECONDS)
    except TimeoutError:
        pass
    evidence = {
        "asked_for": at.isoformat(),
        "frames": [known.numbers[0], known.numbers[-1]],
        "barcodes": seen[-8:],
        "picture": bench.keep("M4", png) if png else None,
    }
    return [Part(name=f"{known.camera} at a known past time", works=works, evidence=evidence)]
