"""Makes exports, one after the other, and keeps them for a while.

1. One is made at a time, in a thread of its own, at PACE_BYTES_PER_SECOND at most: the recorder's own writes go first.
2. It is made under a lease of M2 (download) and M5 (playback) for each of its cameras. When one of them ends the work
   stops within a step and all that was made of it is removed; when they are all back it begins again by itself.
3. An export is one whole: either all its files are there, with their manifest, or none is.
4. Footage that goes while it is copied (retention) makes it plan once more, PLANS_MAX times.
5. At most `count_max` exports lie here; a new one lets the oldest finished one go. Finished ones go after `days_max`,
   too. Together they take `bytes_max` at most: what would not fit is refused, as somebody may not have fetched the
   others yet.
"""

import asyncio
import logging
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio

from gate.cancelled import raise_if_cancelled
from gate.client.attestation import Attestor
from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.client.lease import Lease
from gate.clock import Clock
from gate.licence.decision import Denied
from gate.licence.features import Feature
from recorder.config import ExportsConfig
from recorder.exports.errors import ExportError, FootageGoneError, NoRoomError
from recorder.exports.export import Expired, Export, Order
from recorder.exports.making import FreeBytes, free_bytes
from recorder.exports.shelf import ExportShelf
from recorder.exports.work import ExportWork
from recorder.playback.archive import Archive

FEATURES = (Feature.REMOTE_DOWNLOAD, Feature.REMOTE_PLAYBACK)
PLANS_MAX = 3
PACE_BYTES_PER_SECOND = 64_000_000
TIDY_SECONDS = 60.0
_DAY_NS = 86_400 * 10**9

ResultT = TypeVar("ResultT")

_log = logging.getLogger(__name__)


class Exporter:
    """`open` it, `run` it, `close` it. What it says of an export is current; nobody else changes one."""

    def __init__(
        self,
        *,
        config: ExportsConfig,
        folder: Path,
        archive: Archive,
        gate: Gate,
        clock: Clock,
        attestor: Attestor,
        device: Mapping[str, Any],
        zone_name: str,
        free_bytes_min: int,
        free: FreeBytes = free_bytes,
    ) -> None:
        """`device`: what manifests say of it; `zone_name`: of the times in files' names."""
        self._config = config
        self._archive = archive
        self._gate = gate
        self._clock = clock
        self._attestor = attestor
        self._device = device
        self._zone_name = zone_name
        self._free_bytes_min = free_bytes_min
        self._free = free
        self._shelf = ExportShelf(folder)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="exports")
        self._exports: dict[str, Export] = {}
        self._making: tuple[str, anyio.CancelScope] | None = None
        self._wake = asyncio.Event()
        self.expired = Expired()

    async def open(self) -> None:
        """Reads what is there. What cannot be read is logged, and exports begin with none."""
        try:
            for export in await self._in_thread(self._shelf.load):
                self._exports[export.order.id] = export
        except OSError as error:
            _log.error("%s: exports cannot be kept here: %s", self._shelf.root, error)

    def all(self) -> Sequence[Export]:
        """The newest first."""
        return sorted(self._exports.values(), key=lambda export: -export.order.asked_utc_ns)

    def get(self, id: str) -> Export | None:
        """One of them."""
        return self._exports.get(id)

    def path(self, id: str, name: str) -> Path:
        """Of a file of a finished export, or its manifest."""
        return self._shelf.folder(id) / name

    async def ask(self, order: Order) -> Export:
        """Takes an order (its id is made here). Raises ExportError."""
        over = [export for export in reversed(self.all()) if export.over]
        full = len(self._exports) >= self._config.count_max
        if full and not over:
            raise NoRoomError("exports_busy", f"{self._config.count_max} exports wait already")
        export = self._exports[order.id] = Export(order=order)  # it counts before anything is waited for
        try:
            if full:
                self.expired.count += 1
                await self._remove(over[0], "for a newer one")
            await self._in_thread(partial(self._shelf.store, export))
        except OSError as error:
            self._exports.pop(order.id, None)
            raise NoRoomError("export_disk_full", f"{self._shelf.root}: {error}") from error
        finally:
            self._wake.set()
        return export

    async def remove(self, id: str) -> bool:
        """Cancels it, or takes the finished one away; whether there was one."""
        export = self._exports.get(id)
        if export is None:
            return False
        await self._remove(export, "as asked")
        return True

    async def run(self) -> None:
        """Makes what was asked for, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow_gate)
            tasks.start_soon(self._tidy)
            while True:
                self._wake.clear()
                export = self._next()
                if export is not None:
                    await self._make(export)
                    raise_if_cancelled()
                else:
                    await self._wake.wait()

    def close(self) -> None:
        """After `run` has ended, and whoever asks."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _follow_gate(self) -> None:
        seen = -1
        while True:
            seen = await self._gate.wait_changed(seen)
            self._wake.set()

    async def _tidy(self) -> None:
        while True:
            oldest_ns = self._clock.now_ns() - round(self._config.days_max * _DAY_NS)
            for export in self.all():
                if export.over and (export.ended_utc_ns or 0) < oldest_ns:
                    self.expired.age += 1
                    await self._remove(export, "for its age")
            await self._clock.sleep(TIDY_SECONDS)

    def _next(self) -> Export | None:
        """The oldest that may be made now; those that may not be say why."""
        for export in reversed(self.all()):
            if export.over:
                continue
            export.denial = self.denial_of(export.order.cameras)
            if export.denial is None:
                return export
            export.state = "waiting"
        return None

    def denial_of(self, cameras: Sequence[str]) -> Denied | None:
        """Why these cameras' footage may not leave the recorder now."""
        for camera in cameras:
            for feature in FEATURES:
                decision = self._gate.decide(feature, camera)
                if isinstance(decision, Denied):
                    return decision
        return None

    async def _make(self, export: Export) -> None:
        """Rules 2 and 3."""
        leases: list[Lease] = []
        with anyio.CancelScope() as scope:
            self._making = export.order.id, scope
            try:
                async with AsyncExitStack() as stack:
                    for camera in export.order.cameras:
                        for feature in FEATURES:
                            leases.append(await self._lease(stack, feature, camera))
                    export.state, export.denial = "making", None
                    await self._make_leased(export)
            except LeaseDeniedError as error:
                export.denial = error.denial
            except ExportError as error:
                _log.warning("export %s failed: %s", export.order.id, error)
                await self._failed(export, error.code)
            except (OSError, sqlite3.Error) as error:
                _log.error("export %s failed: %s", export.order.id, error)
                await self._failed(export, "export_disk_failed")
            except Exception:  # recording goes on, whatever is wrong here
                _log.exception("export %s failed by a defect", export.order.id)
                await self._failed(export, "internal_error")
            finally:
                self._making = None
                if not export.over and export.order.id in self._exports:
                    export.denial = export.denial or next((one.denial for one in leases if one.denial), None)
                    export.state = "waiting" if export.denial else "queued"
                    export.restarts += 1 if export.denial else 0
                    export.done_bytes = export.planned_bytes = 0
                    with anyio.CancelScope(shield=True):
                        await self._cleared(export)

    async def _lease(self, stack: AsyncExitStack, feature: Feature, camera: str) -> Lease:
        """Raises LeaseDeniedError, and ExportError for a camera that has been taken out since."""
        try:
            return await stack.enter_async_context(self._gate.lease(feature, camera))
        except ValueError as error:
            raise ExportError("camera_unknown", str(error)) from None

    async def _cleared(self, export: Export) -> None:
        try:
            await self._in_thread(partial(self._shelf.clear, export))
        except OSError as error:
            _log.error("export %s: what was made of it cannot be removed: %s", export.order.id, error)

    async def _make_leased(self, export: Export) -> None:
        for attempt in range(1, PLANS_MAX + 1):
            work = ExportWork(
                export=export,
                shelf=self._shelf,
                archive=self._archive,
                zone_name=self._zone_name,
                free_bytes_min=self._free_bytes_min,
                free=self._free,
            )
            try:
                await self._carry_out(export, work)
                return
            except FootageGoneError as error:
                if attempt == PLANS_MAX:
                    raise
                _log.warning("export %s: %s", export.order.id, error)
                await self._cleared(export)
            finally:
                work.abandon()
                with anyio.CancelScope(shield=True):
                    await self._in_thread(work.close)

    async def _carry_out(self, export: Export, work: ExportWork) -> None:
        export.done_bytes = export.planned_bytes = 0
        while await self._in_thread(work.plan_some):
            export.planned_bytes = work.planned_bytes
            self._check_room(export, work.planned_bytes)
        export.planned_bytes = work.planned_bytes
        self._check_room(export, work.planned_bytes)
        while copied := await self._in_thread(work.copy_some):
            export.done_bytes = work.done_bytes
            await self._clock.sleep(copied / PACE_BYTES_PER_SECOND)
        gaps = await self._in_thread(partial(work.gaps, self._clock.now_ns()))
        document = work.document(gaps, self._gate, self._device, self._clock.now_ns())
        sealed = await self._in_thread(partial(self._attestor.attest, *document))
        files = await self._in_thread(partial(work.seal, sealed))
        with anyio.CancelScope(shield=True):  # whole on disk: what follows says so
            ended_ns = self._clock.now_ns()
            await self._in_thread(
                partial(self._shelf.store, replace(export, state="done", files=files, ended_utc_ns=ended_ns))
            )
            export.files, export.ended_utc_ns, export.state = files, ended_ns, "done"
        _log.info("export %s: %d files, %d bytes", export.order.id, len(files), export.size)

    def _check_room(self, export: Export, planned_bytes: int) -> None:
        taken = sum(one.size for one in self._exports.values() if one is not export)
        if taken + planned_bytes > self._config.bytes_max:
            raise NoRoomError("exports_full", f"{taken} bytes of {self._config.bytes_max} are taken by other exports")

    async def _failed(self, export: Export, code: str) -> None:
        await self._cleared(export)
        ended_ns = self._clock.now_ns()
        failed = replace(export, state="failed", problem=code, ended_utc_ns=ended_ns)
        try:
            await self._in_thread(partial(self._shelf.store, failed))
        except OSError as error:
            _log.error("export %s: that it failed cannot be kept: %s", export.order.id, error)
        export.problem, export.ended_utc_ns, export.state = code, ended_ns, "failed"

    async def _remove(self, export: Export, why: str) -> None:
        id = export.order.id
        self._exports.pop(id, None)
        if self._making is not None and self._making[0] == id:
            self._making[1].cancel()
        _log.info("export %s is removed %s", id, why)
        with anyio.CancelScope(shield=True):
            await self._in_thread(partial(self._shelf.remove, id))

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def new_id() -> str:
    """Of an order."""
    return secrets.token_hex(8)
