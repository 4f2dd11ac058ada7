"""M6: files taken off a camera's SD card, while the licence service stands still, decode to their last picture."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from gate.clock import instant_of, ns_of
from gate.verify.command_line import run_command
from gate.verify.errors import CommandError, ProbeError, SiteError
from gate.verify.marks import marks_in
from gate.verify.matrix import Part
from gate.verify.probes.bench import Bench
from gate.verify.probes.decoding import decoded_pictures

SECONDS = 45.0
ATTEMPTS = 10
_AGAIN_SECONDS = 0.4
RECENT_SECONDS = 20
"""The files of so long are taken."""


async def probe(bench: Bench) -> list[Part]:
    """One part. A card whose newest file has just been begun is asked again: there is nothing in it yet, and what is
    older proves little."""
    site = bench.site
    if bench.camera != site.cameras[0]:
        raise ProbeError(f"only {site.cameras[0]} has an SD card that can be looked at")
    since = site.now() - timedelta(seconds=RECENT_SECONDS)
    stopping = site.service_stopped() if site.service_can_stop else contextlib.nullcontext()
    taken = _Taken()
    async with stopping:
        for attempt in range(ATTEMPTS):
            folder = site.scratch / "off-the-card" / f"{bench.happening.token}-{attempt}"
            words = ["sd", "export", str(site.card), str(folder), "--from", since.isoformat(), "--json"]
            try:
                told = json.loads(await run_command(words, site.clock, SECONDS, fine=(0, 1)))
            except CommandError as error:
                return [Part(name="card copied and played", works=False, evidence={"said": str(error)})]
            except SiteError as error:
                raise ProbeError(str(error)) from None
            taken = await asyncio.to_thread(_read, sorted(folder.rglob("*.mp4")))
            if taken.newest_us * 1000 >= ns_of(since):
                break
            await site.clock.sleep(_AGAIN_SECONDS)
    evidence = {
        "licence_service": "stopped" if site.service_can_stop else "not stopped",
        "files": taken.files,
        "unusable": [one["reason"] for one in told["unusable"]],
        "pictures": taken.held,
        "decoded": taken.decoded,
        "newest_picture": instant_of(taken.newest_us * 1000).isoformat() if taken.newest_us else None,
    }
    works = taken.newest_us * 1000 >= ns_of(since) and 0 < taken.held == taken.decoded
    return [Part(name="card copied and played", works=works, evidence=evidence)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """Files off a card: how many pictures they hold by their marks, how many can be decoded, when the newest is of."""

    files: int = 0
    held: int = 0
    decoded: int = 0
    newest_us: int = 0


def _read(files: list[Path]) -> _Taken:
    decoded, held, newest_us = 0, 0, 0
    for path in files:
        times = [mark.utc_us for mark in marks_in(path.read_bytes())]
        held += len(times)
        newest_us = max([newest_us, *times])
        decoded += decoded_pictures(path)
    return _Taken(files=len(files), held=held, decoded=decoded, newest_us=newest_us)
