"""M8: the event that happens in this column is told on the WebSocket of events, to a webhook, by MQTT and by mail; a
broker is told that it lasts; and its picture is given. While lapsed the picture of one that was told earlier is asked
for."""

import asyncio
import json
from typing import Any

import aiohttp

from gate.verify.errors import ProbeError
from gate.verify.inbox import Inbox
from gate.verify.marks import barcodes_in
from gate.verify.matrix import Part
from gate.verify.probes.answers import ask, denial_of
from gate.verify.probes.bench import Bench, given
from gate.verify.probes.decoding import gray_of
from gate.verify.together import together
from gate.verify.webhook import Webhook

SECONDS = 4.0
"""What is not told so long after it happened is not told at all."""
HAPPEN_SECONDS = 60.0
_NEVER_SILENT = frozenset({"availability", "licence"})
"""What a broker may be told of a camera that is lapsed."""
_AFTER_NS = 10**9
"""Where there is no older one, an event's picture is a little younger than it."""
_LOOK_SECONDS = 0.05


async def probe(bench: Bench) -> list[Part]:
    """The WebSocket's part, one or two for each way that is received, and the picture's, if an event was ever told.
    Waits until the column's event has happened."""
    listening = asyncio.ensure_future(_listen(bench))
    try:
        async with bench.site.clock.timeout(HAPPEN_SECONDS):
            await bench.happening.happened.wait()
        site = bench.site
        ways = [_webhook(bench, site.webhook)] if site.webhook is not None else []
        ways += [_came(bench, name, inbox) for name, inbox in (("MQTT", site.mqtt), ("mail", site.mail)) if inbox]
        if site.mqtt is not None:
            ways.append(_state(bench, site.mqtt))
        parts = await together(listening, *ways)
        return parts + await _picture(bench, parts[0])
    except TimeoutError:
        raise ProbeError("the event has not happened") from None
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(bench: Bench) -> Part:
    site, happening = bench.site, bench.happening
    others, close = 0, None
    end: dict[str, Any] = {}
    try:
        async with (
            site.clock.timeout(HAPPEN_SECONDS + SECONDS),
            site.session.ws_connect(site.remote("events"), autoclose=False) as ws,
        ):
            happening.heard.set()
            receiving = asyncio.ensure_future(_event(ws, happening.token))
            try:
                while not receiving.done() and not _late(bench):
                    await site.clock.sleep(_LOOK_SECONDS)
                if receiving.done():
                    event, others, end = receiving.result()
                    close = int(ws.close_code or 0)
                    if event is not None:
                        after_ms = round((site.clock.now_ns() - happening.happened_ns) / 1e6)
                        return Part(name="WebSocket", works=True, evidence={"event": event, "after_ms": after_ms})
            finally:
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ProbeError(f"the WebSocket of events says neither yes nor no: {type(error).__name__} {error}") from None
    denial = denial_of(end)
    if close is not None and denial is None:
        raise ProbeError(f"the WebSocket of events was closed with {close}, without a reason")
    return Part(name="WebSocket", works=False, evidence={"close": close, "denial": denial, "other_events": others})


async def _event(ws: aiohttp.ClientWebSocketResponse, token: str) -> tuple[dict[str, Any] | None, int, dict[str, Any]]:
    """The event with that detail, how many others came before, and the end, if it ended."""
    others = 0
    end: dict[str, Any] = {}
    async for message in ws:
        if message.type is aiohttp.WSMsgType.TEXT:
            told = json.loads(message.data)
            end = told.get("end", end)
            event = told.get("event") or {}
            if event.get("detail") == token:
                return event, others, end
            others += bool(event)
    return None, others, end


def _late(bench: Bench) -> bool:
    happening = bench.happening
    return happening.happened.is_set() and bench.site.clock.now_ns() > happening.happened_ns + SECONDS * 1e9


async def _webhook(bench: Bench, webhook: Webhook) -> Part:
    site, happening = bench.site, bench.happening
    while (notice := webhook.about(happening.token)) is None and not _late(bench):
        await site.clock.sleep(_LOOK_SECONDS)
    if notice is None:
        return Part(name="webhook", works=False, evidence={"waited_ms": round(SECONDS * 1000)})
    after_ms = round((notice["received_ns"] - happening.happened_ns) / 1e6)
    return Part(name="webhook", works=True, evidence={"type": notice.get("type"), "after_ms": after_ms})


async def _came(bench: Bench, name: str, inbox: Inbox) -> Part:
    site, happening = bench.site, bench.happening
    while (received_ns := inbox.about(happening.token)) is None and not _late(bench):
        await site.clock.sleep(_LOOK_SECONDS)
    if received_ns is None:
        return Part(name=name, works=False, evidence={"waited_ms": round(SECONDS * 1000)})
    return Part(name=name, works=True, evidence={"after_ms": round((received_ns - happening.happened_ns) / 1e6)})


async def _state(bench: Bench, inbox: Inbox) -> Part:
    """What a broker holds of the camera: its notices are there, and the event's kind is on; or they are not there, and
    nothing is said."""
    site, happening, place = bench.site, bench.happening, f"/cameras/{bench.camera}/"
    while True:
        available = inbox.states(place).get("availability")
        told = inbox.states(place, happening.happened_ns)
        is_on = told.get(happening.kind) == "ON"
        if (available == "online" and is_on) or _late(bench):
            break
        await site.clock.sleep(_LOOK_SECONDS)
    said = sorted(set(told) - _NEVER_SILENT)
    evidence = {"availability": available, "told": {topic: told[topic][:80] for topic in said}}
    if available == "online" and is_on:
        return Part(name="MQTT state", works=True, evidence=evidence)
    return Part(name="MQTT state", works=False, faulty=available != "offline" or bool(said), evidence=evidence)


async def _picture(bench: Bench, told: Part) -> list[Part]:
    """Of the event that was told now, or of the last one that ever was. That it is a camera's is enough: right after a
    step of the clock a camera repeats itself, and an event has one picture for ever."""
    site, name = bench.site, "event's picture"
    number = told.evidence["event"]["id"] if told.works else None
    if number is not None:
        bench.named[name] = site.remote(f"events/{number}/thumbnail.jpg")
    if name not in bench.named:
        return []
    answer = await ask(site, bench.named[name], may_be_gone=True)
    if answer.status >= 400 or number is None:
        return [Part(name=name, works=answer.status < 400, evidence=answer.evidence)]
    gray = await asyncio.to_thread(gray_of, answer.body)
    codes = [] if gray is None else await asyncio.to_thread(barcodes_in, gray)
    happened_ns = bench.happening.happened_ns + site.offset_ns + _AFTER_NS
    ages = [round(site.age_ms(code.value, happened_ns) - _AFTER_NS / 1e6) for code in codes]
    return [given(name, answer.evidence | {"age_ms": min(ages, default=None)}, works=bool(codes))]
