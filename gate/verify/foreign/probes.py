"""The rows of the matrix at a recorder that is not ours. A part works if what it gives proves it, stops if it is
refused; what proves neither raises ProbeError."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from gate.verify.errors import ProbeError
from gate.verify.foreign.driver_file import Playback, Request, Stream, filled
from gate.verify.foreign.pictures import Seen, seen_in_jpegs
from gate.verify.foreign.product import Product, RefusedError
from gate.verify.foreign.recorded import probe_recording
from gate.verify.foreign.streams import enough, hls_live, hls_recorded, mjpeg, rtsp
from gate.verify.matrix import Part, Row
from gate.verify.together import together


async def probe(product: Product, row: Row, known_from: datetime) -> list[Part]:
    """The parts of a row. `known_from`: where the range of M5 begins."""
    driver = product.driver
    if row == "M2":
        assert driver.live is not None
        live = driver.live
        parts = [_live(product, stream) for stream in live.streams]
        if live.snapshot is not None:
            parts.append(_snapshot(product, live.snapshot))
        if live.control is not None:
            parts.append(_asked(product, "control", live.control))
        return await together(*parts)
    if row == "M3":
        return [await probe_recording(product)]
    if row == "M5":
        assert driver.playback is not None
        played = [_played(product, stream, driver.playback, known_from) for stream in driver.playback.streams]
        return await together(*played)
    assert driver.device is not None
    parts = [_asked(product, "device information", driver.device.information)]
    if driver.device.operation is not None:
        parts.append(_asked(product, "operation", driver.device.operation))
    return await together(*parts)


async def _part(name: str, look: Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]) -> Part:
    try:
        works, evidence = await look()
    except RefusedError as refused:
        return Part(name=name, works=False, evidence=refused.evidence)
    return Part(name=name, works=works, evidence=evidence)


async def _live(product: Product, stream: Stream) -> Part:
    async def look() -> tuple[bool, dict[str, Any]]:
        if stream.rtsp is not None:
            seen = await rtsp(product, stream.rtsp)
            flows = enough(seen)
        elif stream.hls is not None:
            seen = await hls_live(product, stream.hls)
            flows = seen.pictures >= 2 and seen.moves
        else:
            assert stream.mjpeg is not None
            seen = await mjpeg(product, stream.mjpeg)
            flows = seen.pictures >= 2 and seen.moves
        return _flows(product, stream.name, seen, flows)

    return await _part(stream.name, look)


def _flows(product: Product, name: str, seen: Seen, flows: bool) -> tuple[bool, dict[str, Any]]:
    if flows:
        return True, seen.evidence
    if seen.pictures >= 2 and not seen.moves:
        if product.driver.refusal.still_picture:
            raise RefusedError(seen.evidence | {"still_picture": True})
        raise ProbeError(f"{name} decodes, but its picture stands still (refusal.still_picture, if that is a no)")
    raise ProbeError(f"{name} gives too little to judge: {seen.evidence}")


async def _snapshot(product: Product, request: Request) -> Part:
    async def look() -> tuple[bool, dict[str, Any]]:
        body = await product.get(request.url, headers=request.headers)
        await asyncio.to_thread(seen_in_jpegs, [(body, 0.0)])
        return True, {"bytes": len(body)}

    return await _part("snapshot", look)


async def _asked(product: Product, name: str, request: Request) -> Part:
    async def look() -> tuple[bool, dict[str, Any]]:
        return True, await product.ask(request)

    return await _part(name, look)


async def _played(product: Product, stream: Stream, playback: Playback, known_from: datetime) -> Part:
    known_to = known_from + timedelta(seconds=playback.seconds)

    async def look() -> tuple[bool, dict[str, Any]]:
        if stream.rtsp is not None:
            seen = await rtsp(product, filled(stream.rtsp, known_from, known_to), stream.npt_seconds)
        elif stream.hls is not None:
            seen = await hls_recorded(product, filled(stream.hls, known_from, known_to))
        else:
            assert stream.mjpeg is not None
            seen = await mjpeg(product, filled(stream.mjpeg, known_from, known_to))
        asked = {"from": known_from.isoformat(timespec="seconds"), "to": known_to.isoformat(timespec="seconds")}
        works, evidence = _flows(product, stream.name, seen, seen.pictures >= 2 and seen.seconds > 0 and seen.moves)
        return works, evidence | asked

    return await _part(stream.name, look)
