"""What all routes share: JSON answers that nobody keeps, and instants in a query."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web


def json_answer(content: Mapping[str, Any], status: int = 200) -> web.Response:
    """An object as JSON, not to be stored."""
    return web.Response(
        status=status,
        text=json.dumps(content, ensure_ascii=False),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def parse_instant(text: str) -> datetime | None:
    """An ISO 8601 instant with its offset, in UTC; None for anything else. A `+` that was not escaped arrives as a
    space."""
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
        return instant.astimezone(UTC) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
