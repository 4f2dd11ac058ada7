"""One export being made, step by step: planned, copied, sealed. Blocks; for one thread.

Each step is short: what is between two of them may end the work.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from gate.clock import instant_of
from gate.licence.clock_evidence import ClockEvidence
from gate.licence.decision import Decision
from gate.licence.entitlement import Entitlement
from gate.licence.features import Feature
from recorder.exports.errors import ExportError
from recorder.exports.export import Export, ExportedFile
from recorder.exports.making import FileMaking, FreeBytes, manifest_box
from recorder.exports.manifest import DOCUMENT_TYPE, Maker, manifest
from recorder.exports.plan import FilePlan, plan_files
from recorder.exports.shelf import ExportShelf
from recorder.playback.archive import Archive
from recorder.playback.stretches import read_timeline
from recorder.timeline import Span


class Decider(Protocol):
    """The part of the gate that a manifest is told from."""

    @property
    def entitlement(self) -> Entitlement | None: ...

    def decide(self, feature: Feature, camera: str | None) -> Decision: ...

    def evidence(self) -> ClockEvidence: ...


class ExportWork:
    """`plan_some` until it gives False, `copy_some` until it gives 0, `gaps`, `document`, `seal`; `close` in any
    case."""

    def __init__(
        self,
        *,
        export: Export,
        shelf: ExportShelf,
        archive: Archive,
        zone_name: str,
        free_bytes_min: int,
        free: FreeBytes,
    ) -> None:
        self._order = export.order
        self._folder = shelf.folder(export.order.id)
        self._shelf = shelf
        self._archive = archive
        self._zone = ZoneInfo(zone_name)
        self._making = partial(FileMaking, free_bytes_min=free_bytes_min, free=free)
        self._abandoned = False
        self._db: sqlite3.Connection | None = None
        self._planning: Iterator[FilePlan] | None = None
        self._plans: list[tuple[str, FilePlan]] = []
        self._files: list[FileMaking] = []
        self.planned_bytes = self.done_bytes = 0

    def plan_some(self) -> bool:
        """Plans the next file; whether there was one. Raises ExportError, sqlite3.Error, OSError."""
        if self._planning is None:
            self._db = self._archive.connect()
            self._planning = self._plan(self._db, self._archive.roots(self._db))
        plan = next(self._planning, None)
        if plan is None:
            if not self._plans:
                raise ExportError("no_footage", f"camera {', '.join(self._order.cameras)}: no footage of that time")
            return False
        self._plans.append((self._name(plan), plan))
        self.planned_bytes += plan.bytes
        return True

    def copy_some(self) -> int:
        """Copies the next bytes; gives how many, 0 at the end. Raises ExportError."""
        copied = self._files[-1].step() if self._files else 0
        if not copied and len(self._files) < len(self._plans):
            name, plan = self._plans[len(self._files)]
            self._files.append(self._making(self._folder, name, plan))
            copied = len(plan.head)
        self.done_bytes += copied
        return copied

    def gaps(self, now_utc_ns: int) -> Mapping[str, Sequence[Span]]:
        """What is missing of the time asked for, by camera. Raises sqlite3.Error."""
        assert self._db is not None
        order, roots = self._order, self._archive.roots(self._db)
        found = {}
        for camera in order.cameras:
            spans = read_timeline(
                self._db, roots, camera, order.stream, order.start_utc_ns, order.end_utc_ns, now_utc_ns
            )
            found[camera] = [span for span in spans if span.state == "gap"]
        return found

    def document(
        self, gaps: Mapping[str, Sequence[Span]], gate: Decider, device: Mapping[str, Any], now_utc_ns: int
    ) -> tuple[str, dict[str, Any]]:
        """What the device is to sign: the type and the content. Does not block."""
        in_force = gate.entitlement
        entitlement = in_force and {
            "seq": in_force.seq,
            "kid": in_force.kid,
            "issued_at": in_force.issued_at.isoformat(),
        }
        maker = Maker(
            device=device,
            entitlement=entitlement or None,
            made_utc_ns=now_utc_ns,
            clock=gate.evidence(),
        )
        files = [(making.name, making.plan, making.sha256) for making in self._files]
        decisions = {camera: gate.decide(Feature.REMOTE_DOWNLOAD, camera) for camera in self._order.cameras}
        return DOCUMENT_TYPE, manifest(self._order, files, gaps, decisions, maker)

    def seal(self, sealed: bytes) -> tuple[ExportedFile, ...]:
        """Every file gets the manifest, and its name. Raises ExportError, OSError."""
        self._shelf.store_manifest(self._order.id, sealed)
        box = manifest_box(sealed)
        return tuple(making.seal(box) for making in self._files)

    def abandon(self) -> None:
        """Ends a step that is under way, soon; from any thread. What follows is `close`."""
        self._abandoned = True

    def close(self) -> None:
        """Closes what is open; what is unfinished stays, for whoever clears up."""
        for making in self._files:
            with contextlib.suppress(OSError):
                making.close()
        if self._db is not None:
            self._db.close()
            self._db = self._planning = None

    def _plan(self, db: sqlite3.Connection, roots: Mapping[int, Path]) -> Iterator[FilePlan]:
        order = self._order
        for camera in order.cameras:
            yield from plan_files(
                db, roots, camera, order.stream, order.start_utc_ns, order.end_utc_ns, lambda: self._abandoned
            )

    def _name(self, plan: FilePlan) -> str:
        """Of the camera and when it begins, in the recorder's time zone; a number where that is there already."""
        begin = instant_of(plan.start_utc_ns).astimezone(self._zone)
        stem = f"{plan.camera}_{begin:%Y-%m-%d_%H-%M-%S}" + ("_sub" if plan.stream == "sub" else "")
        taken = {name for name, _ in self._plans}
        names = (f"{stem}{tail}.mp4" for tail in ("", *(f"_{number}" for number in range(2, len(taken) + 3))))
        return next(name for name in names if name not in taken)
