"""M2: the ways of live view beside the WebSocket (HLS, JPEG, RTSP), and an export: made, and taken.

What was named while it was licensed (a piece of HLS, an export's file) is asked for by its name while it is lapsed."""

import asyncio
import json
import re
from urllib.parse import urljoin

import aiohttp

from gate.verify.errors import ProbeError
from gate.verify.marks import barcodes_in, marks_in
from gate.verify.matrix import Part
from gate.verify.probes.answers import ask, denial_code
from gate.verify.probes.bench import Bench, given, of_others, refused
from gate.verify.probes.decoding import decoded_pictures, gray_of
from gate.verify.rtsp import StreamRefusedError, playing

SECONDS = 12.0
_LOOK_SECONDS = 0.2
_MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')
_HEAD_BYTES_MAX = 1 << 12
_JPEG_BYTES_MAX = 4 << 20


async def hls(bench: Bench) -> Part:
    """The newest piece of the playlist decodes and is fresh."""
    site = bench.site
    address = site.remote(f"cameras/{bench.camera}/hls/main.m3u8")
    end_ns = site.clock.monotonic_ns() + round(SECONDS * 1e9)
    while True:
        playlist = await ask(site, address)
        if playlist.denial:
            return await refused(bench, "HLS", playlist)
        lines = playlist.body.decode().splitlines()
        maps = [found[1] for line in lines if (found := _MAP.match(line))]
        names = [line for line in lines if line and not line.startswith("#")]
        if not maps or not names:
            raise ProbeError("the live playlist names nothing")
        piece_address = bench.named["HLS"] = urljoin(address, names[-1])
        init, piece = await ask(site, urljoin(address, maps[-1])), await ask(site, piece_address)
        if init.denial or piece.denial:
            raise ProbeError("the live playlist is served, but what it names is refused")
        newest_us = max((mark.utc_us for mark in marks_in(piece.body)), default=0)
        age_ms = round(site.now_ns() / 1e6 - newest_us / 1000)
        if age_ms <= bench.limits.fresh_ms or site.clock.monotonic_ns() > end_ns:
            break
        await site.clock.sleep(_LOOK_SECONDS)
    decoded = await asyncio.to_thread(decoded_pictures, init.body + piece.body)
    evidence = {"pieces": len(names), "decoded": decoded, "newest_age_ms": age_ms}
    own = not of_others(bench.knowns.get(bench.camera), piece.body)
    return given("HLS", evidence, works=own and decoded > 0 and age_ms <= bench.limits.fresh_ms)


async def stills(bench: Bench) -> Part:
    """A JPEG of the endless answer has a fresh barcode."""
    site = bench.site
    address = site.remote(f"cameras/{bench.camera}/live.mjpeg?stream=main")
    pictures, age_ms = 0, None
    try:
        async with site.clock.timeout(SECONDS), site.session.get(address) as response:
            if response.status == 403 and (denial := denial_code(await response.json(content_type=None))):
                return Part(name="JPEG", works=False, evidence={"status": 403, "denial": denial})
            if response.status != 200:
                raise ProbeError(f"{address} answers {response.status}, which is neither yes nor no")
            while (jpeg := await next_jpeg(response.content)) is not None:
                pictures += 1
                gray = await asyncio.to_thread(gray_of, jpeg)
                codes = [] if gray is None else await asyncio.to_thread(barcodes_in, gray)
                age_ms = min((bench.age_ms(code.value) for code in codes), default=age_ms)
                if age_ms is not None and age_ms <= bench.limits.fresh_ms:
                    break
    except TimeoutError:
        pass
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ProbeError(f"{address} says neither yes nor no: {type(error).__name__} {error}") from None
    works = age_ms is not None and age_ms <= bench.limits.fresh_ms
    evidence = {"pictures": pictures, "age_ms": None if age_ms is None else round(age_ms)}
    return given("JPEG", evidence, works=works)


async def next_jpeg(content: aiohttp.StreamReader) -> bytes | None:
    """The next picture of multipart/x-mixed-replace; None at its end. Raises ValueError."""
    size = 0
    for _ in range(_HEAD_BYTES_MAX):
        line = await content.readline()
        if not line:
            return None
        name, _, value = line.decode().strip().partition(": ")
        if name.lower() == "content-length":
            size = int(value)
        if not name and size:
            break
    if not 0 < size <= _JPEG_BYTES_MAX:
        raise ValueError(f"a picture of {size} bytes")
    try:
        return await content.readexactly(size)
    except asyncio.IncompleteReadError:
        return None


async def restream(bench: Bench, base: str) -> Part:
    """A fresh picture comes over RTSP from `base`."""
    site = bench.site
    packets, others, newest_us, age_ms = 0, 0, 0, None
    try:
        async with site.clock.timeout(SECONDS), playing(f"{base}/{bench.camera}/main") as stream:
            async for packet in stream:
                packets += 1
                others += of_others(bench.knowns.get(bench.camera), packet)
                newest_us = max([newest_us, *(mark.utc_us for mark in marks_in(packet))])
                age_ms = round(site.now_ns() / 1e6 - newest_us / 1000)
                if newest_us and age_ms <= bench.limits.fresh_ms:
                    break
    except StreamRefusedError as refusal:
        denial = denial_code(refusal.problem)
        if denial is None:
            raise ProbeError(f"RTSP is refused for another reason: {refusal}") from None
        evidence = {"status": 403, "denial": denial, "packets": packets}
        return Part(name="RTSP", works=False, faulty=packets > 0, evidence=evidence)
    except TimeoutError:
        pass
    except OSError as error:
        raise ProbeError(f"{base} says neither yes nor no: {type(error).__name__} {error}") from None
    works = newest_us > 0 and age_ms is not None and age_ms <= bench.limits.fresh_ms and not others
    return given("RTSP", {"packets": packets, "newest_age_ms": age_ms}, works=works)


async def export(bench: Bench) -> Part:
    """The known stretch is ordered, made, and its file has every picture."""
    site, known = bench.site, bench.known
    wish = {"camera": known.camera, "from": known.start.isoformat(), "to": known.end.isoformat()}
    order = await ask(site, site.remote("exports"), wish)
    if order.denial:
        return await refused(bench, "export", order)
    told = json.loads(order.body)
    bench.made.append(site.remote(f"exports/{told['id']}"))
    end_ns = site.clock.monotonic_ns() + round(SECONDS * 1e9)
    while told["state"] in ("queued", "waiting", "making") and site.clock.monotonic_ns() < end_ns:
        await site.clock.sleep(_LOOK_SECONDS)
        told = json.loads((await ask(site, site.remote(f"exports/{told['id']}"))).body)
    if told["state"] != "done":
        return given("export", {"state": told["state"], "problem": told["problem"]}, works=False)
    address = bench.named["export"] = site.remote(f"exports/{told['id']}/files/{told['files'][0]['name']}")
    file = await ask(site, address)
    if file.denial:
        raise ProbeError("an export was made, but its file is refused")
    decoded = await asyncio.to_thread(decoded_pictures, file.body)
    missing = len(set(known.numbers[2:-2]) - {mark.number for mark in marks_in(file.body)})
    evidence = file.evidence | {"decoded": decoded, "pictures_missing": missing}
    whole = decoded >= len(known.numbers) - 4 and not missing and not of_others(known, file.body)
    return given("export", evidence, works=whole)
