"""A known stretch of footage: what is played and downloaded later must give exactly these pictures."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from gate.verify.errors import ProbeError, SiteError
from gate.verify.marks import Mark, marks_in
from gate.verify.probes.answers import ask
from gate.verify.probes.bench import KnownFootage
from gate.verify.probes.recorded import newest_marks
from gate.verify.site import Site

KNOWN_SECONDS = 4
KNOWN_WITHIN_SECONDS = 90.0
LEAD_SECONDS = 1
"""So much footage lies before it: what plays it may begin with the key picture before its first one."""
_SEARCHED = timedelta(days=1)
_EDGE = timedelta(seconds=2)
"""Left out at the end of a recording that may still grow."""
_LOOK_SECONDS = 0.2


async def known_footage(site: Site, camera: str) -> KnownFootage | None:
    """A camera's newest KNOWN_SECONDS without a hole, drawn as they should be; None where nobody shows any. Raises
    SiteError if nothing is recorded."""
    try:
        _ = site.footage
    except ProbeError:
        return await _over_the_network(site, camera)
    try:
        async with site.clock.timeout(KNOWN_WITHIN_SECONDS):
            while True:
                marks = await asyncio.to_thread(newest_marks, site.footage, camera)
                if (known := newest_whole(marks, (LEAD_SECONDS + KNOWN_SECONDS) * site.fps)) is not None:
                    return _known(site, camera, known)
                await site.clock.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise SiteError(
            f"{camera} has not recorded {KNOWN_SECONDS} whole seconds within {KNOWN_WITHIN_SECONDS:.0f} s"
        ) from None


def newest_whole(marks: Sequence[Mark], wanted: int) -> Sequence[Mark] | None:
    """The newest so many pictures that follow each other without a hole, none in the place of another. Pure."""
    for end in range(len(marks), wanted - 1, -1):
        stretch = marks[end - wanted : end]
        if stretch[-1].number - stretch[0].number == wanted - 1 and all(mark.state != "filler" for mark in stretch):
            return stretch
    return None


async def _over_the_network(site: Site, camera: str) -> KnownFootage | None:
    now = site.now()
    searched = urlencode({"from": (now - _SEARCHED).isoformat(), "to": now.isoformat()})
    try:
        timeline = json.loads((await ask(site, site.remote(f"cameras/{camera}/timeline?{searched}"))).body)
        recorded = [datetime.fromisoformat(one["end"]) for one in timeline["spans"] if one["state"] == "recorded"]
        end = max(recorded) - _EDGE
        wanted = urlencode({"from": (end - timedelta(seconds=2 * KNOWN_SECONDS)).isoformat(), "to": end.isoformat()})
        film = (await ask(site, site.remote(f"cameras/{camera}/footage.mp4?{wanted}"))).body
    except (ProbeError, LookupError, ValueError):  # refused: it is lapsed
        return None
    known = newest_whole(list(marks_in(film)), (LEAD_SECONDS + KNOWN_SECONDS) * site.fps)
    return None if known is None else _known(site, camera, known)


def _known(site: Site, camera: str, marks: Sequence[Mark]) -> KnownFootage:
    marks = marks[LEAD_SECONDS * site.fps :]
    return KnownFootage(camera=camera, marks=marks, fps=site.fps, loop_pictures=site.loop_pictures)
