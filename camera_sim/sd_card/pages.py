"""A camera's card over its HTTP address: the list, and files with Range (docs/protocols.md, "SD card of a camera")."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from camera_sim.errors import CardError
from camera_sim.sd_card.layout import CardFile, parse_path
from camera_sim.sd_card.slot import CardSlot
from gate.clock import instant_of


async def listing(slot: CardSlot | None, camera_now: datetime) -> web.Response:
    """Every file, the oldest first. 404 without a card."""
    if slot is None or slot.taken_out:
        return _gone()
    try:
        text = await asyncio.to_thread(_listing, slot, camera_now)
    except (CardError, OSError):
        return _gone()
    return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})


async def file(slot: CardSlot | None, path: str) -> web.StreamResponse:
    """One file, or the part that Range asks for. 404 for what is not on the card."""
    found = parse_path(path)
    if slot is None or slot.taken_out or found is None or not await asyncio.to_thread(_is_file, slot, found):
        return _gone()
    return web.FileResponse(slot.card.root / found.path, headers={"Content-Type": "video/mp4"})


def _listing(slot: CardSlot, camera_now: datetime) -> str:
    rows: list[dict[str, Any]] = []
    for one in slot.card.files():
        try:
            size = (slot.card.root / one.path).stat().st_size
        except FileNotFoundError:  # overwritten, or finished, between two looks
            continue
        end = None if one.end_utc_ms is None else _text(one.end_utc_ms)
        rows.append({"path": one.path, "start": _text(one.start_utc_ms), "end": end, "bytes": size})
    now = camera_now.astimezone(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"camera": slot.card.camera, "now": now, "files": rows})


def _is_file(slot: CardSlot, found: CardFile) -> bool:
    return (slot.card.root / found.path).is_file()


def _text(utc_ms: int) -> str:
    return instant_of(utc_ms * 1_000_000).isoformat(timespec="milliseconds")


def _gone() -> web.Response:
    return web.json_response({"title": "not on an SD card", "status": 404}, status=404)
