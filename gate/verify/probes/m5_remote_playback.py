"""M5: a known stretch played as HLS: its pieces decode, its pictures are exactly the known ones; and it is found, shown
as a still picture, and given as it is stored."""

import asyncio
import json
import re
from datetime import datetime
from urllib.parse import urlencode, urljoin

from gate.verify.errors import ProbeError
from gate.verify.marks import barcodes_in, marks_in
from gate.verify.matrix import Part
from gate.verify.probes.answers import ask
from gate.verify.probes.bench import Bench, given, of_others, refused
from gate.verify.probes.decoding import decoded_pictures, gray_of
from gate.verify.together import together

_MAP = re.compile(r'#EXT-X-MAP:.*URI="([^"]+)"')
_EDGE = 2
"""Pictures at either end that may be missing: the recorder's label of a picture is the camera's time but for delays."""


async def probe(bench: Bench) -> list[Part]:
    """Four parts."""
    return await together(_played(bench), _found(bench), _still(bench), _as_stored(bench))


async def _played(bench: Bench) -> Part:
    site, known = bench.site, bench.known
    span = urlencode({"from": known.start.isoformat(), "to": known.end.isoformat()})
    playlist_url = site.remote(f"cameras/{known.camera}/vod.m3u8?{span}")
    playlist = await ask(site, playlist_url)
    if playlist.denial:
        return await refused(bench, "known stretch as HLS", playlist)
    lines = playlist.body.decode().splitlines()
    names = [found[1] for line in lines if (found := _MAP.match(line))]
    names += [line for line in lines if line and not line.startswith("#")]
    pieces = [await ask(site, urljoin(playlist_url, name)) for name in names]
    bench.named["known stretch as HLS"] = urljoin(playlist_url, names[-1])
    if any(piece.denial for piece in pieces):
        raise ProbeError("the playlist is served, but its pieces are refused")
    film = b"".join(piece.body for piece in pieces)
    numbers = [mark.number for mark in marks_in(film)]
    missing = set(known.numbers[_EDGE:-_EDGE]) - set(numbers)
    exact = bool(numbers) and numbers == list(range(numbers[0], numbers[-1] + 1)) and not missing
    exact = exact and not of_others(known, film)
    decoded = await asyncio.to_thread(decoded_pictures, film)
    evidence = {
        "asked_for": [known.numbers[0], known.numbers[-1]],
        "frames": [numbers[0], numbers[-1]] if numbers else [],
        "pieces": len(pieces),
        "pictures": len(numbers),
        "decoded": decoded,
    }
    return given("known stretch as HLS", evidence, works=exact and decoded == len(numbers))


async def _still(bench: Bench) -> Part:
    site, known = bench.site, bench.known
    asked = urlencode({"t": (known.start + (known.end - known.start) / 2).isoformat()})
    answer = await ask(site, site.remote(f"cameras/{known.camera}/thumb.jpg?{asked}"))
    if answer.denial:
        return Part(name="still picture", works=False, evidence=answer.evidence)
    gray = await asyncio.to_thread(gray_of, answer.body)
    seen = [] if gray is None else [code.value for code in await asyncio.to_thread(barcodes_in, gray)]
    works = any(value in known.shown for value in seen)
    return given("still picture", answer.evidence | {"barcodes": seen}, works=works)


async def _as_stored(bench: Bench) -> Part:
    """What the web app plays: whole fragments as they lie on the disk."""
    site, known = bench.site, bench.known
    middle = known.start + (known.end - known.start) / 2  # what is given first may begin before what is asked for
    span = urlencode({"from": middle.isoformat(), "to": known.end.isoformat()})
    answer = await ask(site, site.remote(f"cameras/{known.camera}/media?{span}"))
    if answer.denial:
        return Part(name="fragments", works=False, evidence=answer.evidence)
    numbers = [mark.number for mark in marks_in(answer.body)]
    evidence = answer.evidence | {"frames": [numbers[0], numbers[-1]] if numbers else []}
    own = bool(set(numbers) & set(known.numbers)) and not of_others(known, answer.body)
    return given("fragments", evidence, works=own)


async def _found(bench: Bench) -> Part:
    site, known = bench.site, bench.known
    span = urlencode({"from": known.start.isoformat(), "to": known.end.isoformat()})
    answer = await ask(site, site.remote(f"cameras/{known.camera}/timeline?{span}"))
    if answer.denial:
        return Part(name="search", works=False, evidence=answer.evidence)
    spans = [span for span in json.loads(answer.body)["spans"] if span["state"] == "recorded"]
    middle = known.start + (known.end - known.start) / 2
    found = any(datetime.fromisoformat(one["start"]) <= middle < datetime.fromisoformat(one["end"]) for one in spans)
    return given("search", {"recorded": spans[:4]}, works=found)
