"""M3: the newest picture on the recorder's disk. Recording works if one is there that was taken since we look, by that
camera, in a file that decodes."""

import asyncio

from gate.clock import instant_of
from gate.verify.marks import Mark
from gate.verify.matrix import Part
from gate.verify.probes.bench import Bench
from gate.verify.probes.decoding import decoded_pictures
from gate.verify.probes.recorded import has_sub, newest_film, newest_marks
from gate.verify.together import together

SECONDS = 5.0
_LOOK_SECONDS = 0.2
_DECODED = 8
"""So many pictures of the newest file are enough to see that it can be played."""


async def probe(bench: Bench) -> list[Part]:
    """A part a camera, and one for a sub stream that is recorded, too."""
    streams = [(camera, "main") for camera in bench.cameras]
    for camera in bench.cameras:
        if await asyncio.to_thread(has_sub, bench.site.footage, camera):
            streams.append((camera, "sub"))
    return await together(*(_of(bench, camera, stream) for camera, stream in streams))


async def _of(bench: Bench, camera: str, stream: str) -> Part:
    site, began_ns = bench.site, bench.site.now_ns()
    newest: Mark | None = None
    works = False
    end_ns = site.clock.monotonic_ns() + round(SECONDS * 1e9)
    while not works and site.clock.monotonic_ns() < end_ns:
        marks = await asyncio.to_thread(newest_marks, site.footage, camera, stream)
        newest = marks[-1] if marks else None
        works = newest is not None and newest.utc_us * 1000 >= began_ns
        await site.clock.sleep(_LOOK_SECONDS)
    film = await asyncio.to_thread(newest_film, site.footage, camera, stream) if works else b""
    decoded = await asyncio.to_thread(decoded_pictures, film, _DECODED)
    evidence = {
        "looked_from": instant_of(began_ns).isoformat(),
        "newest_picture": instant_of(newest.utc_us * 1000).isoformat() if newest else None,
        "frame": newest.number if newest else None,
        "decoded": decoded,
    }
    known = bench.knowns.get(camera)
    alien = works and known is not None and newest is not None and newest.camera != known.marks[0].camera
    name = f"{camera} recorded" if stream == "main" else f"{camera} recorded, sub stream"
    faulty = works and (alien or not decoded)
    return Part(name=name, works=works and not faulty, faulty=faulty, evidence=evidence)
