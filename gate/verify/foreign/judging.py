"""A recorder that is not ours across the end of its licence, and back: columns, and what was open at its end."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gate.clock import instant_of, ns_of
from gate.shared_clock.grammar import parse_instant
from gate.verify.errors import ProbeError, SiteError, VerifyError
from gate.verify.foreign.driver_file import Driver, Stream
from gate.verify.foreign.probes import probe
from gate.verify.foreign.product import Product, RefusedError, reached
from gate.verify.foreign.shown import shown_source, shown_text
from gate.verify.foreign.streams import follow_rtsp, mjpeg
from gate.verify.given_command import run_words
from gate.verify.matrix import STOPS, Cell, Check, Expected, Part, Row, seen_in
from gate.verify.outcome import Outcome, Witness

WAIT_SECONDS_MAX = 600.0
"""An expiry that is further away is not waited for."""
ROW_SECONDS = 120.0
_FLOWED_SECONDS = 3.0
"""A stream that gave nothing for so long before the end had ended by itself."""
_OPEN_SECONDS = 10.0
_LOOK_SECONDS = 0.1
UNAUTHORIZED = 401
"""HTTP's and RTSP's status of who is not known, or may not do it."""
BEFORE, AFTER, RESTORED = "before X", "after X", "restored"


async def judge_product(driver: Driver, path: Path, witness: Witness) -> Outcome:
    """The outcome, its trouble included. Raises gate.yaml_file.ConfigError where the credentials are not there."""
    source = shown_source(await asyncio.to_thread(path.read_text, encoding="utf-8"))
    outcome = Outcome(scenario=driver.name, file=str(path), source=source)
    async with reached(path, driver) as product:
        clock = product.clock
        outcome.began, began_ns = clock.now().isoformat(timespec="milliseconds"), clock.monotonic_ns()
        judging = _Judging(product, witness, outcome)
        try:
            await judging.all()
        except VerifyError as error:
            outcome.trouble = str(error)
            judging.leave_out(str(error))
        outcome.ended = clock.now().isoformat(timespec="milliseconds")
        outcome.seconds = round((clock.monotonic_ns() - began_ns) / 1e9, 3)
    return outcome


class _Judging:
    def __init__(self, product: Product, witness: Witness, outcome: Outcome) -> None:
        self._product = product
        self._witness = witness
        self._outcome = outcome
        expiry = product.driver.expiry
        self._at = None if expiry.at is None else parse_instant(expiry.at)
        is_over = self._at is not None and self._at <= product.clock.now()
        restored = [RESTORED] if expiry.restore is not None else []
        self._columns = ([] if is_over else [BEFORE]) + [AFTER, *restored]
        self._known_from = self._range(self._at if is_over and self._at is not None else product.clock.now())

    def _range(self, near: datetime) -> datetime:
        playback = self._product.driver.playback
        return near - timedelta(seconds=playback.seconds_ago + playback.seconds if playback is not None else 0)

    async def all(self) -> None:
        """Every column. Raises VerifyError."""
        expiry = self._product.driver.expiry
        if BEFORE in self._columns:
            await self._column(BEFORE)
            await self._cross()
        await self._column(AFTER)
        if expiry.restore is not None:
            self._witness.step(f"restoring: {expiry.restore[0]}")
            await run_words(expiry.restore, self._product.clock)
            await self._column(RESTORED)

    async def _cross(self) -> None:
        clock, expiry = self._product.clock, self._product.driver.expiry
        if self._at is not None and (self._at - clock.now()).total_seconds() > WAIT_SECONDS_MAX:
            raise SiteError(f"the licence ends at {self._at.isoformat()}: begin {WAIT_SECONDS_MAX:.0f} s before")
        stop = threading.Event()
        open_streams = [_Open(self._product, one, stop) for one in self._live() if one.hls is None]
        tasks = [asyncio.create_task(one.run(), name=one.stream.name) for one in open_streams]
        try:
            await self._opened(open_streams)
            self._witness.step("crossing X")
            if self._at is not None:
                await clock.sleep_until(self._at)
                from_ns = to_ns = ns_of(self._at)
            else:
                assert expiry.expire is not None
                from_ns = clock.now_ns()
                await run_words(expiry.expire, clock)
                to_ns = clock.now_ns()
            self._outcome.expiry = instant_of(to_ns).isoformat(timespec="milliseconds")
            self._outcome.crossings.append(self._outcome.expiry)
            await clock.sleep(max(expiry.settle_seconds, self._product.driver.cut_ms / 1000 + 1))
            for one in open_streams:
                self._check(one.judged(from_ns, to_ns, self._product.driver.cut_ms))
        finally:
            stop.set()  # threads that read end by it alone
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _live(self) -> Sequence[Stream]:
        live = self._product.driver.live
        return () if live is None else live.streams

    async def _opened(self, streams: Sequence["_Open"]) -> None:
        clock = self._product.clock
        end_ns = clock.monotonic_ns() + round(_OPEN_SECONDS * 1e9)
        while not all(one.first_ns for one in streams) and clock.monotonic_ns() < end_ns:
            await clock.sleep(_LOOK_SECONDS)

    async def _column(self, name: str) -> None:
        self._witness.begin(self._columns.index(name) + 1, len(self._columns))
        self._witness.step(f"looking: {name}")
        expected = self._expected(name)
        self._witness.column(name, expected)
        async with asyncio.TaskGroup() as group:
            for row, word in expected.items():
                group.create_task(self._row(name, row, word))

    def _expected(self, column: str) -> dict[Row, Expected]:
        rows = self._product.driver.rows
        return {row: "stops" if column == AFTER and row in STOPS else "works" for row in rows}

    async def _row(self, column: str, row: Row, expected: Expected) -> None:
        clock, reason = self._product.clock, ""
        parts: list[Part] = []
        began = clock.now()
        try:
            async with clock.timeout(ROW_SECONDS):
                parts = await probe(self._product, row, self._known_from)
        except ProbeError as error:
            reason = str(error)
        except TimeoutError:
            reason = f"nothing was found out within {ROW_SECONDS:.0f} s"
        if self._columns == [AFTER] and any(UNAUTHORIZED in one.evidence.values() for one in parts):
            parts, reason = [], f"it was never seen to work: {UNAUTHORIZED} may say as well that the sign-in is wrong"
        ended = clock.now()
        if column == BEFORE and self._at is not None and ended >= self._at:
            parts, reason = [], "the licence ended before this was seen: begin earlier"
        self._tell(column, row, expected, parts, reason, began, ended)

    def _tell(
        self,
        column: str,
        row: Row,
        expected: Expected,
        parts: list[Part],
        reason: str,
        began: datetime,
        ended: datetime,
    ) -> None:
        cell = Cell(
            row=row,
            column=column,
            expected=expected,
            seen=seen_in(parts),
            began=began.isoformat(timespec="milliseconds"),
            ended=ended.isoformat(timespec="milliseconds"),
            parts=parts,
            reason=shown_text(reason),
        )
        self._outcome.cells.append(cell)
        self._witness.cell(cell)

    def leave_out(self, reason: str) -> None:
        """What has not been looked at becomes cells that say why."""
        known = {(cell.column, cell.row) for cell in self._outcome.cells}
        now = self._product.clock.now()
        for column in self._columns:
            for row, expected in self._expected(column).items():
                if (column, row) not in known:
                    self._tell(column, row, expected, [], reason, now, now)

    def _check(self, check: Check) -> None:
        self._outcome.checks.append(check)
        self._witness.check(check)


@dataclass(slots=True)
class _Open:
    """A live stream that was open before the end: when its media came, by the machine's clock."""

    product: Product
    stream: Stream
    stop: threading.Event
    first_ns: int = 0
    last_ns: int = 0

    def _on_picture(self, at_ns: int) -> None:
        self.first_ns = self.first_ns or at_ns
        self.last_ns = at_ns

    async def run(self) -> None:
        """Until it ends, or is stopped."""
        try:
            if self.stream.rtsp is not None:
                await follow_rtsp(self.product, self.stream.rtsp, self.stop, self._on_picture)
            elif self.stream.mjpeg is not None:
                await mjpeg(self.product, self.stream.mjpeg, self._on_picture)
        except (ProbeError, RefusedError):
            return

    def judged(self, from_ns: int, to_ns: int, cut_ms: int) -> Check:
        """Whether it flowed until the licence ended, and no longer. The end lies between the two instants."""
        name = f"{self.stream.name}, open at X"
        if not self.first_ns or self.last_ns < from_ns - _FLOWED_SECONDS * 1e9:
            return Check(name=name, row="M2", holds=None, text="it did not flow until X")
        after_ms = (self.last_ns - to_ns) / 1e6
        evidence = {"last_media_ms": round(after_ms, 1), "last_media": instant_of(self.last_ns).isoformat()}
        text = f"it is cut at X: last media {after_ms:+.0f} ms"
        return Check(name=name, row="M2", holds=after_ms <= cut_ms, text=text, evidence=evidence)
