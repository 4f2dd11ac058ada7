"""One column of the matrix: every row is probed at the same time, but for those that share the one monitor."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import aiohttp

from gate.verify.errors import UNFORESEEN, ProbeError, unforeseen_text
from gate.verify.matrix import Cell, Expected, Part, Row, seen_in
from gate.verify.probes import (
    m1_hdmi_live,
    m2_remote_live,
    m3_recording,
    m4_hdmi_playback,
    m5_remote_playback,
    m6_sd_card,
    m7_hdmi_events,
    m8_remote_events,
    m9_maintenance,
)
from gate.verify.probes.bench import Bench

_PROBE_SECONDS = 90.0
_PROBES: Mapping[Row, Callable[[Bench], Awaitable[list[Part]]]] = {
    "M1": m1_hdmi_live.probe,
    "M2": m2_remote_live.probe,
    "M3": m3_recording.probe,
    "M4": m4_hdmi_playback.probe,
    "M5": m5_remote_playback.probe,
    "M6": m6_sd_card.probe,
    "M7": m7_hdmi_events.probe,
    "M8": m8_remote_events.probe,
    "M9": m9_maintenance.probe,
}
_OTHER_DENIALS = frozenset({"CLOCK_UNTRUSTED", "REPLAYED"})
"""What a device says that is not sure of its time, or of what it has been told: it may have a licence."""
_AT_THE_MONITOR: Sequence[Row] = ("M4", "M7", "M9", "M1")
"""One after the other, in this order: M7 and M9 need a picture that stands still, and M8 waits for the event of M7."""


async def probe_column(
    bench: Bench,
    column: str,
    cameras: tuple[str, ...],
    expected: Mapping[Row, Expected],
    before: datetime | None,
    tell: Callable[[Cell], None],
) -> None:
    """Looks at those cameras, and tells each cell as soon as it is known. What has not been seen `before` that instant
    of the site's clock belongs to another column: `not run`."""
    bench.begin(column, cameras, is_listened_for="M8" in expected)

    async def one(row: Row) -> None:
        began = bench.site.now()
        parts: list[Part] = []
        reason = ""
        try:
            async with bench.site.clock.timeout(_PROBE_SECONDS):
                parts = await _PROBES[row](bench)
        except ProbeError as error:
            reason = str(error)
        except TimeoutError:
            reason = f"nothing was found out within {_PROBE_SECONDS:.0f} s"
        except UNFORESEEN as error:
            reason = unforeseen_text(error)
        ended = bench.site.now()
        others = sorted({str(part.evidence.get("denial")) for part in parts} & _OTHER_DENIALS)
        if others and expected[row] == "stops":
            parts, reason = [], f"it is refused with {', '.join(others)}: that says nothing of licences"
        if before is not None and ended >= before:
            parts, reason = [], "the expiry came before this was seen: begin earlier (to-expiry: 20s)"
        seen = Cell(
            row=row,
            column=column,
            expected=expected[row],
            seen=seen_in(parts),
            began=began.isoformat(timespec="milliseconds"),
            ended=ended.isoformat(timespec="milliseconds"),
            parts=parts,
            reason=reason,
        )
        tell(seen)

    async def at_the_monitor() -> None:
        for row in _AT_THE_MONITOR:
            if row == "M9":
                await happen()
            if row in expected:
                await one(row)

    async def happen() -> None:
        with contextlib.suppress(
            ProbeError, aiohttp.ClientError, OSError
        ):  # who listens for it says that it did not happen
            await bench.happen()

    async with asyncio.TaskGroup() as group:
        group.create_task(at_the_monitor())
        for row in expected:
            if row not in _AT_THE_MONITOR:
                group.create_task(one(row))
