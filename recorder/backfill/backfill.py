"""Keeps filling what one camera's recording misses from the camera's own card; see plan.py for what may be fetched.

It looks once the camera has been in reach again for SETTLE_SECONDS, and then every LOOK_SECONDS; one file at a time,
and never while the disk is busy with the present. A piece that could not be filled is tried TRIES_MAX times.
"""

import contextlib
import logging
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from gate.cancelled import raise_if_cancelled
from gate.client.gate import Gate
from gate.clock import Clock, ns_of
from gate.licence.decision import entitled_spans
from gate.licence.features import Feature
from recorder.backfill.card_client import CardClient
from recorder.backfill.errors import BackfillError
from recorder.backfill.filler import Filler
from recorder.backfill.plan import AGE_DAYS_MAX, CardFile, Range, plan_files, plan_missing
from recorder.catalog.database import Catalog
from recorder.catalog.footage_queries import holes_between, pieces_between
from recorder.catalog.queries import free_run_before
from recorder.ingest.rtsp.auth import Credentials
from recorder.segments.disks import Disks
from recorder.state import StateBoard

LOOK_SECONDS = 60.0
SETTLE_SECONDS = 5.0
TRIES_MAX = 3
FILES_MAX = 64
"""Of one piece at a time; the rest comes with the next look."""
_EVER: Range = (0, 2**62)

_log = logging.getLogger(__name__)


class Backfill:
    """One camera's. `url`: the list of its card."""

    def __init__(
        self,
        *,
        camera: str,
        url: str,
        credentials: Credentials | None,
        segment_seconds: float,
        folder: Path,
        catalog: Catalog,
        disks: Disks,
        gate: Gate,
        board: StateBoard,
        clock: Clock,
    ) -> None:
        """`folder`: where files wait that are being taken over."""
        self._camera = camera
        self._url = url
        self._credentials = credentials
        self._segment_seconds = segment_seconds
        self._folder = folder
        self._catalog = catalog
        self._disks = disks
        self._gate = gate
        self._board = board
        self._clock = clock
        self._tries: Counter[Range] = Counter()
        self._said = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wait_reach(True)
            await self._clock.sleep(SETTLE_SECONDS)
            try:
                await self.run_once()
                self._say("")
            except BackfillError as error:
                self._say(str(error))
            except sqlite3.Error as error:
                self._say(f"the index cannot be read ({error})")
            raise_if_cancelled()
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(LOOK_SECONDS):
                    await self._wait_reach(False)

    async def run_once(self) -> Sequence[Range]:
        """Fills what can be filled now; what it has filled. Raises BackfillError, sqlite3.Error."""
        pieces = [piece for piece in await self._missing() if self._tries[piece] < TRIES_MAX]
        filled: list[Range] = []
        if not pieces:
            return filled
        async with CardClient(self._url, self._credentials, self._clock) as card:
            files = await card.files()
            for piece in pieces:
                wanted = plan_files(piece, files)[:FILES_MAX]
                run = await self._catalog.read(partial(free_run_before, camera=self._camera, start_utc_ns=piece[1]))
                self._tries[piece] += 1
                if wanted and run is not None and (done := await self._fill(card, piece, run, wanted)):
                    filled.append(done)
        return filled

    async def _fill(self, card: CardClient, piece: Range, run: int, wanted: Sequence[CardFile]) -> Range | None:
        filler = Filler(
            camera=self._camera,
            piece=piece,
            run=run,
            segment_seconds=self._segment_seconds,
            disks=self._disks,
            clock=self._clock,
        )
        with tempfile.TemporaryDirectory(prefix="backfill-", dir=self._folder) as folder:
            fetched: list[tuple[Path, int]] = []
            for number, file in enumerate(wanted):
                target = Path(folder) / f"{number}.mp4"
                await card.fetch(file, target)
                fetched.append((target, file.start_utc_ns))
            done = await filler.fill(fetched)
        if done is not None:
            seconds = (done[1] - done[0]) / 1e9
            _log.info("camera %s: %.1f s of footage were fetched from its card", self._camera, seconds)
        return done

    async def _missing(self) -> list[Range]:
        now_ns = self._clock.now_ns()
        start_ns = now_ns - AGE_DAYS_MAX * 86_400 * 10**9
        between = {"camera": self._camera, "stream": "main", "start_utc_ns": start_ns, "end_utc_ns": now_ns}
        holes = await self._catalog.read(lambda db: holes_between(db, **between))  # type: ignore[arg-type]
        footage = await self._catalog.read(lambda db: pieces_between(db, **between))  # type: ignore[arg-type]
        gaps = [(start, end) for start, end, reason in holes if reason == "camera_offline" and end is not None]
        return plan_missing(gaps, self._licensed(), [(row[0], max(row[1], row[0])) for row in footage], now_ns)

    def _licensed(self) -> list[Range]:
        gate = self._gate
        if Feature.RECORDING in gate.profile.continues:
            return [_EVER]
        if gate.entitlement is None:
            return []
        spans = entitled_spans(gate.entitlement, gate.profile, self._camera, gate.kind)
        return [(ns_of(span.start), ns_of(span.end)) for span in spans]

    async def _wait_reach(self, wanted: bool) -> None:
        while True:
            seen = self._board.version
            camera = self._board.cameras.get(self._camera)
            if (camera is not None and camera.streams["main"].phase == "streaming") is wanted:
                return
            await self._board.wait_changed(seen)

    def _say(self, message: str) -> None:
        if message != self._said:
            self._said = message
            if message:
                _log.warning("camera %s: no footage is fetched from its card: %s", self._camera, message)
