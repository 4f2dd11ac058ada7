"""M2: live pictures decoded, by every way there is; presets that turn the camera, a snapshot, a download that plays."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import cv2
import numpy as np
from anyio import CancelScope, to_thread
from numpy.typing import NDArray

from gate.verify.errors import ProbeError
from gate.verify.marks import Barcode, barcodes_in, marks_in
from gate.verify.matrix import Part
from gate.verify.probes import m2_other_ways
from gate.verify.probes.answers import ask, denial_of
from gate.verify.probes.bench import Bench, given, of_others
from gate.verify.probes.decoding import camera_pictures, decoded_pictures, gray_of, last_picture
from gate.verify.together import together

SECONDS = 10.0
PICTURES_MIN = 8
_INIT, _FRAGMENT = 1, 2
_LOOK_SECONDS = 0.3
_TURN_SECONDS = 6.0
_STAY_SECONDS = 2.0
"""A camera that has not turned so long after a refusal stays."""
_TURNED_MIN = 12.0
"""Mean difference of grey levels between two views of a scene; of one view it is below 4."""


async def probe(bench: Bench) -> list[Part]:
    """Six parts; a preset of the camera that can be turned, if the column looks at it; a view over RTSP where the
    recorder gives one."""
    parts = [_live(bench), _snapshot(bench), _download(bench)]
    if (turned := bench.site.turned) is not None and turned in bench.cameras:
        parts.append(_preset(bench, turned))
    parts += [m2_other_ways.hls(bench), m2_other_ways.stills(bench), m2_other_ways.export(bench)]
    if (base := bench.site.restream) is not None:
        parts.append(m2_other_ways.restream(bench, base))
    return await together(*parts)


async def _live(bench: Bench) -> Part:
    site, camera = bench.site, bench.camera
    data, pictures, mark_utc_us = b"", 0, 0
    end: dict[str, Any] = {}
    close: int | None = None
    try:
        async with (
            site.clock.timeout(SECONDS),
            site.session.ws_connect(
                site.remote(f"cameras/{camera}/live?stream=main"), max_msg_size=16 << 20, autoclose=False
            ) as ws,
        ):
            async for message in ws:
                if message.type is aiohttp.WSMsgType.BINARY:
                    if message.data[0] == _INIT:  # another film begins
                        data, pictures = b"", 0
                    data += message.data[16:]
                    pictures += message.data[0] == _FRAGMENT
                    mark_utc_us = max([mark_utc_us, *(mark.utc_us for mark in marks_in(message.data))])
                    if pictures >= PICTURES_MIN and site.now_ns() // 1000 - mark_utc_us < bench.limits.fresh_ms * 1000:
                        break
                elif message.type is aiohttp.WSMsgType.TEXT:
                    end = json.loads(message.data).get("end", end)
            else:
                close = int(ws.close_code or 0)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ProbeError(f"live view of {camera} says neither yes nor no: {type(error).__name__} {error}") from None
    if (denial := denial_of(end)) is not None:
        evidence = {"close": close, "denial": denial, "media_messages": pictures}
        return Part(name="live picture", works=False, faulty=pictures > 0, evidence=evidence)
    if close is not None:
        raise ProbeError(f"live view of {camera} was closed with {close}, without a reason")
    age_ms = round((site.now_ns() // 1000 - mark_utc_us) / 1000)
    decoded = await asyncio.to_thread(decoded_pictures, data)
    shown = await asyncio.to_thread(last_picture, data)
    evidence = {
        "pictures": pictures,
        "decoded": decoded,
        "newest_age_ms": age_ms,
        "picture": bench.keep("M2", shown) if shown else None,
    }
    own = not of_others(bench.knowns.get(camera), data)
    return given("live picture", evidence, works=own and decoded >= PICTURES_MIN and age_ms <= bench.limits.fresh_ms)


async def _preset(bench: Bench, camera: str) -> Part:
    """Where the camera looks is asked of the camera itself; it is turned back afterwards."""
    site = bench.site
    order = site.remote(f"cameras/{camera}/preset")
    presets = await _presets(bench, camera)
    pictures = camera_pictures(site.camera_url(camera))
    try:
        before = await to_thread.run_sync(next, pictures)
        for wanted in (presets[1], presets[0]):  # it may look at the first one already
            answer = await ask(site, order, {"preset": wanted})
            moved, difference = await _turns(bench, pictures, before, _STAY_SECONDS if answer.denial else _TURN_SECONDS)
            if moved or answer.denial:
                break
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(pictures.close)
    if moved and answer.denial:
        raise ProbeError(f"{camera} has turned although that was refused")
    if moved:
        await ask(site, order, {"preset": presets[0] if wanted == presets[1] else presets[1]})
    evidence = answer.evidence | {"camera": camera, "asked_for": wanted, "difference": round(difference, 1)}
    return Part(name="preset", works=moved, faulty=not moved and not answer.denial, evidence=evidence)


async def _presets(bench: Bench, camera: str) -> list[str]:
    """Two at least; of no meaning while they are refused."""
    known = await ask(bench.site, bench.site.remote(f"cameras/{camera}/presets"))
    if known.denial:
        return ["1", "2"]
    presets = [str(one["token"]) for one in json.loads(known.body)["presets"]]
    if len(presets) < 2:
        raise ProbeError(f"{camera} has {len(presets)} presets: it cannot be turned")
    return presets


async def _turns(
    bench: Bench, pictures: Iterator[NDArray[np.uint8]], before: NDArray[np.uint8], seconds: float
) -> tuple[bool, float]:
    """Whether it looks elsewhere within that time; the difference of the last look."""
    difference = 0.0
    end_ns = bench.site.clock.monotonic_ns() + round(seconds * 1e9)
    while difference < _TURNED_MIN and bench.site.clock.monotonic_ns() < end_ns:
        after = await to_thread.run_sync(next, pictures)
        difference = float(cv2.absdiff(before, after).mean())
    return difference >= _TURNED_MIN, difference


async def _snapshot(bench: Bench) -> Part:
    """Asked for again while it is old: right after a step of the clock a camera repeats itself for a moment."""
    site, camera = bench.site, bench.camera
    end_ns = site.clock.monotonic_ns() + round(SECONDS * 1e9)
    while True:
        answer = await ask(site, site.remote(f"cameras/{camera}/snapshot.jpg?stream=main"))
        if answer.denial:
            return Part(name="snapshot", works=False, evidence=answer.evidence)
        codes = await asyncio.to_thread(_barcodes, answer.body)
        age_ms = min((bench.age_ms(code.value) for code in codes), default=None)
        fresh = age_ms is not None and age_ms <= bench.limits.fresh_ms
        if fresh or site.clock.monotonic_ns() > end_ns:
            evidence = answer.evidence | {"age_ms": None if age_ms is None else round(age_ms)}
            return given("snapshot", evidence, works=fresh)
        await site.clock.sleep(_LOOK_SECONDS)


def _barcodes(jpeg: bytes) -> list[Barcode]:
    gray = gray_of(jpeg)
    return [] if gray is None else barcodes_in(gray)


async def _download(bench: Bench) -> Part:
    site, known = bench.site, bench.known
    span = urlencode({"from": known.start.isoformat(), "to": known.end.isoformat()})
    answer = await ask(site, site.remote(f"cameras/{known.camera}/footage.mp4?{span}"))
    if answer.denial:
        return Part(name="download", works=False, evidence=answer.evidence)
    decoded = await asyncio.to_thread(decoded_pictures, answer.body)
    got = {mark.number for mark in marks_in(answer.body)}
    missing = len(set(known.numbers[2:-2]) - got)
    evidence = answer.evidence | {"decoded": decoded, "pictures_missing": missing}
    whole = decoded >= len(known.numbers) - 4 and not missing and not of_others(known, answer.body)
    return given("download", evidence, works=whole)
