"""One stream's recording: from the feed, under a lease, through the cutter to the disk; with every gap's reason.

A gap has the first reason that applies, in this order: `licence` (denied), `disk` (it takes nothing), `camera_offline`
(no picture), `clock_step` (time that was skipped), `crash` and `off` (the recorder did not run). It lasts until the
first picture recorded after it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import anyio

from gate.client.errors import LeaseDeniedError
from gate.clock import Clock, instant_of, ns_of
from gate.licence.decision import Decision, Denied, Granted
from gate.licence.features import Feature
from recorder.catalog.rows import GapReason, Stream
from recorder.hub import Feed
from recorder.media.access_unit import AccessUnit
from recorder.segments.cutter import CloseSegment, Command, Cutter, OpenSegment, WriteFragment
from recorder.segments.gaps import GapKeeper
from recorder.segments.health import DiskHealth
from recorder.segments.writer import DiskFailure, DiskWriter
from recorder.state import RecordingPhase, RecordingState, StateBoard

_log = logging.getLogger(__name__)

LATE_UNITS_SECONDS = 0.2
"""After a revocation the feed is listened to this much longer: pictures taken before it may still be on their way."""
OFFLINE_SECONDS = 5.0
"""Without a picture for so long a camera counts as offline."""
RUN_END_SECONDS = 15.0
"""Then the run is given up; ingest has reconnected by now if it can."""
DISK_RETRY_SECONDS = 5.0
TICK_SECONDS = 1.0
HOLE_SECONDS_MIN = 0.5
"""Shorter silences between two pictures are no gaps."""


class RecordingLease(Protocol):
    """The part of a lease that recording depends on."""

    until_ns: int
    denial: Denied | None

    def covers(self, utc_ns: int) -> bool:
        """Whether a picture of this label may be recorded."""


class RecordingGate(Protocol):
    """The part of the gate that recording depends on."""

    def decide(self, feature: Feature, camera: str | None) -> Decision:
        """Whether the feature may run now."""

    def lease(self, feature: Feature, camera: str | None) -> AbstractAsyncContextManager[RecordingLease]:
        """Cancels its body at revocation. Raises LeaseDeniedError."""

    async def wait_granted(self, feature: Feature, camera: str | None) -> Granted:
        """Returns as soon as the feature may run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the index knows of a stream at start. `end_utc_ns`: of its footage and ended gaps; None if there is
    neither. `clean`: whether the recorder before this one stopped in good order."""

    end_utc_ns: int | None
    clean: bool


class StreamRecorder:
    """`run` it for as long as the recorder lives; cancelled, it hands everything to the disk and leaves."""

    def __init__(
        self,
        *,
        camera: str,
        stream: Stream,
        feed: Feed,
        gate: RecordingGate,
        cutter: Cutter,
        writer: DiskWriter,
        gaps: GapKeeper,
        health: DiskHealth,
        clock: Clock,
        board: StateBoard,
        past: Past,
    ) -> None:
        self._camera = camera
        self._feed = feed
        self._gate = gate
        self._cutter = cutter
        self._writer = writer
        self._gaps = gaps
        self._health = health
        self._clock = clock
        self._board = board
        self._track = writer.add_stream(camera, stream, self._on_disk_failure, self._on_disk_recovery)
        self._disk_failed = asyncio.Event()
        self._discontinuities = clock.discontinuities
        self._end_utc_ns = past.end_utc_ns
        self._waiting_utc_ns = clock.now_ns()
        self._waiting_monotonic_ns = clock.monotonic_ns()
        if gaps.reason is None and past.end_utc_ns is not None and past.end_utc_ns < self._waiting_utc_ns:
            gaps.begin("off" if past.clean else "crash", past.end_utc_ns)

    async def run(self) -> None:
        """Records whenever it may, until cancelled."""
        try:
            while True:
                decision = self._gate.decide(Feature.RECORDING, self._camera)
                if isinstance(decision, Denied):
                    self._stop_for_licence(ns_of(decision.since) if decision.since else self._clock.now_ns())
                await self._gate.wait_granted(Feature.RECORDING, self._camera)
                with contextlib.suppress(LeaseDeniedError):
                    async with self._gate.lease(Feature.RECORDING, self._camera) as lease:
                        await self._record(lease)
                    self._stop_for_licence(lease.until_ns)
        finally:
            if self._gaps.reason is None and self._end_utc_ns is not None:
                self._gaps.begin("off", self._end_utc_ns)
            self._show("stopped", "off")

    async def _record(self, lease: RecordingLease) -> None:
        while True:
            if self._health.blocked:
                at_utc_ns = self._end_utc_ns if self._gaps.reason is None else None
                self._stop_for_disk(at_utc_ns or self._clock.now_ns())
                await self._health.wait_writable()
            self._disk_failed.clear()
            self._wait_from_now()
            with self._feed.attach(lease, self._on_unit):
                self._feed.want_key()
                try:
                    await self._watch()
                finally:
                    await self._leave(lease)
            if self._disk_failed.is_set():
                await self._clock.sleep(DISK_RETRY_SECONDS)

    async def _watch(self) -> None:
        """Until the disk fails or is full."""
        while not self._disk_failed.is_set() and not self._health.blocked:
            try:
                async with self._clock.timeout(TICK_SECONDS):
                    await self._disk_failed.wait()
            except TimeoutError:
                self._tick()

    async def _leave(self, lease: RecordingLease) -> None:
        try:
            if lease.denial is not None:
                self._show("stopped", "licence")
                with anyio.CancelScope(shield=True):
                    await self._clock.sleep(LATE_UNITS_SECONDS)
        finally:
            self._hand_over(self._cutter.finish(None if lease.denial is None else lease.until_ns))

    def _on_unit(self, unit: AccessUnit) -> None:
        commands = self._cutter.push(unit)
        if commands:
            self._carry_out(commands)

    def _carry_out(self, commands: Sequence[Command]) -> None:
        self._hand_over(commands)
        if self._disk_failed.is_set():
            return
        if not self._cutter.recording:
            self._note_jump()
            self._wait_from_now()
            self._feed.want_key()
        elif self._cutter.overdue:
            self._feed.want_key()

    def _hand_over(self, commands: Sequence[Command]) -> None:
        if not self._writer.put(self._track, commands):
            self._on_queue_full(commands)
            return
        for command in commands:
            if isinstance(command, WriteFragment):
                self._recording_state.last_picture = instant_of(command.units[-1].utc_ns)
                self._end_silence(command)
            elif isinstance(command, CloseSegment):
                self._end_utc_ns = command.end_utc_ns
            elif command.seq == 0:
                self._begin_run(command)

    def _begin_run(self, command: OpenSegment) -> None:
        self._note_jump()
        hole_ns = command.start_utc_ns - (self._end_utc_ns or command.start_utc_ns)
        if self._gaps.reason is None and hole_ns > HOLE_SECONDS_MIN * 1e9:
            self._gaps.begin("camera_offline", command.start_utc_ns - hole_ns)
        self._gaps.end(command.start_utc_ns)
        self._show("recording", None)

    def _end_silence(self, command: WriteFragment) -> None:
        """The run goes on after a silence that was taken for the camera's end."""
        start_utc_ns = self._gaps.start_utc_ns
        if start_utc_ns is None or not self._cutter.recording or len(command.units) < 2:
            return
        resumed_utc_ns = command.units[1].utc_ns
        is_hole = resumed_utc_ns - start_utc_ns > HOLE_SECONDS_MIN * 1e9
        self._gaps.end(resumed_utc_ns if is_hole else start_utc_ns)
        self._show("recording", None)

    def _tick(self) -> None:
        """What time alone brings about."""
        now_ns = self._clock.monotonic_ns()
        last = self._cutter.last_unit
        if last is None:
            if now_ns - self._waiting_monotonic_ns > OFFLINE_SECONDS * 1e9:
                self._note_silence(self._waiting_utc_ns)
            return
        age_seconds = (now_ns - last.arrival_ns) / 1e9
        jumped = self._clock.discontinuities != self._discontinuities
        if age_seconds > (TICK_SECONDS if jumped else RUN_END_SECONDS):
            self._carry_out(self._cutter.finish())
        elif age_seconds <= OFFLINE_SECONDS:
            self._show("recording", None)
        elif self._recording_state.phase == "recording":
            self._hand_over(self._cutter.flush())
            self._note_silence(self._cutter.expected_end_utc_ns)
            self._show("waiting", None)

    def _note_silence(self, at_utc_ns: int) -> None:
        """No picture comes: what lasted so far ends, the camera is offline."""
        if self._gaps.reason is None and self._end_utc_ns is not None and not self._cutter.recording:
            at_utc_ns = min(at_utc_ns, self._end_utc_ns)
        self._gaps.begin("camera_offline", max(at_utc_ns, self._gaps.start_utc_ns or at_utc_ns))

    def _note_jump(self) -> None:
        """Wall time has jumped: what it skipped is a gap of its own, unless there is one already."""
        if self._clock.discontinuities == self._discontinuities:
            return
        self._discontinuities = self._clock.discontinuities
        if self._gaps.reason is None and self._end_utc_ns is not None and self._clock.now_ns() > self._end_utc_ns:
            self._gaps.begin("clock_step", self._end_utc_ns)

    def _stop_for_licence(self, at_utc_ns: int) -> None:
        now_utc_ns = self._clock.now_ns()
        self._note_jump()
        if self._gaps.reason != "licence":
            earliest = self._gaps.start_utc_ns or self._end_utc_ns or self._waiting_utc_ns
            self._gaps.begin("licence", max(min(at_utc_ns, now_utc_ns), min(earliest, now_utc_ns)))
        self._show("stopped", "licence")

    def _stop_for_disk(self, at_utc_ns: int) -> None:
        self._gaps.begin("disk", max(at_utc_ns, self._gaps.start_utc_ns or at_utc_ns))
        self._show("stopped", "disk")

    def _on_disk_failure(self, failure: DiskFailure) -> None:
        """The disk thread has given up a run."""
        self._health.fail(self._camera, failure.message)
        if failure.run == self._cutter.next_run - 1 and self._cutter.recording:
            self._cutter.abort()
            self._end_utc_ns = failure.kept_until_utc_ns
            self._stop_for_disk(failure.kept_until_utc_ns)
            self._disk_failed.set()

    def _on_disk_recovery(self) -> None:
        self._health.recover(self._camera)

    def _on_queue_full(self, commands: Sequence[Command]) -> None:
        first = next(command for command in commands if isinstance(command, WriteFragment)).units[0]
        _log.error(
            "camera %s: the disk is too slow, %s bytes wait; the run ends", self._camera, self._writer.queued_bytes
        )
        self._cutter.abort()
        self._writer.put(self._track, [CloseSegment(end_utc_ns=first.utc_ns)])
        self._end_utc_ns = first.utc_ns
        self._health.fail(self._camera, "too slow")
        self._track.healing = True
        self._stop_for_disk(first.utc_ns)
        self._disk_failed.set()

    def _wait_from_now(self) -> None:
        self._waiting_utc_ns = self._clock.now_ns()
        self._waiting_monotonic_ns = self._clock.monotonic_ns()
        self._show("waiting", None)

    @property
    def _recording_state(self) -> RecordingState:
        return self._board.cameras[self._camera].recording

    def _show(self, phase: RecordingPhase, reason: GapReason | None) -> None:
        state = self._recording_state
        if (state.phase, state.reason) != (phase, reason):
            state.phase, state.reason, state.since = phase, reason, self._clock.now()
            self._board.changed()
