"""M8: the event that happens in this column is told on the WebSocket of events, to a webhook, by MQTT and by mail."""

import asyncio
import json
from typing import Any

import aiohttp

from gate.verify.errors import ProbeError
from gate.verify.inbox import Inbox
from gate.verify.matrix import Part
from gate.verify.probes.answers import denial_of
from gate.verify.probes.bench import Bench
from gate.verify.together import together
from gate.verify.webhook import Webhook

SECONDS = 4.0
"""What is not told so long after it happened is not told at all."""
HAPPEN_SECONDS = 60.0
_LOOK_SECONDS = 0.05


async def probe(bench: Bench) -> list[Part]:
    """The WebSocket's part, and one for each way that is received. Waits until the column's event has happened."""
    listening = asyncio.ensure_future(_listen(bench))
    try:
        async with bench.site.clock.timeout(HAPPEN_SECONDS):
            await bench.happening.happened.wait()
        site = bench.site
        ways = [_webhook(bench, site.webhook)] if site.webhook is not None else []
        ways += [_came(bench, name, inbox) for name, inbox in (("MQTT", site.mqtt), ("mail", site.mail)) if inbox]
        return await together(listening, *ways)
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
