"""One stream's recording: from the feed, under a lease, by its mode, through the cutter to the disk; with every gap's
reason (recorder.segments.account)."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import anyio

from gate.client.errors import LeaseDeniedError
from gate.client.lease import Lease
from gate.clock import Clock, ns_of
from gate.licence.decision import Decision, Denied, Granted
from gate.licence.features import Feature
from recorder.hub import Feed
from recorder.media.access_unit import AccessUnit
from recorder.segments.account import StreamAccount
from recorder.segments.admission import admission_of
from recorder.segments.cutter import Cutter
from recorder.segments.disk_commands import CloseSegment, Command, WriteFragment
from recorder.segments.disks import WayToDisk
from recorder.segments.mode import RecordingMode
from recorder.segments.writer import DiskFailure

_log = logging.getLogger(__name__)

LATE_UNITS_SECONDS = 0.2
"""After a revocation the feed is listened to this much longer: pictures taken before it may still be on their way."""
OFFLINE_SECONDS = 5.0
"""Without a picture for so long a camera counts as offline."""
RUN_END_SECONDS = 15.0
"""Then the run is given up; ingest has reconnected by now if it can."""
DISK_RETRY_SECONDS = 5.0
TICK_SECONDS = 1.0
ENDS_MAX = 16
"""So many runs' ends are remembered: the disk may fail after a run was handed over."""


class RecordingGate(Protocol):
    """The part of the gate that recording depends on."""

    def decide(self, feature: Feature, camera: str | None) -> Decision:
        """Whether the feature may run now."""

    def lease(self, feature: Feature, camera: str | None) -> AbstractAsyncContextManager[Lease]:
        """Cancels its body at revocation. Raises LeaseDeniedError."""

    @property
    def version(self) -> int:
        """Grows whenever a decision changes."""

    async def wait_changed(self, seen: int) -> int:
        """The version, as soon as it differs from `seen`."""

    async def wait_granted(self, feature: Feature, camera: str | None) -> Granted:
        """Returns as soon as the feature may run."""


class StreamRecorder:
    """`run` it for as long as the recorder lives; cancelled, it hands everything to the disk and leaves. Its mode may
    be changed at any time."""

    def __init__(
        self,
        *,
        camera: str,
        feed: Feed,
        gate: RecordingGate,
        mode: RecordingMode,
        cutter: Cutter,
        disk: WayToDisk,
        account: StreamAccount,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._feed = feed
        self._gate = gate
        self._cutter = cutter
        self._disk = disk
        self._account = account
        self._clock = clock
        disk.add_stream(self._on_disk_failure, self._on_disk_recovery)
        self._disk_failed = asyncio.Event()
        self._run = 0
        self._ends_utc_ns: dict[int, int] = {}
        self._lease: Lease | None = None
        self._attached = False
        self._key_wanted = False
        self.set_mode(mode)

    def set_mode(self, mode: RecordingMode) -> None:
        """Records in this mode from the next picture on."""
        now_utc_ns = self._clock.now_ns()
        self._admission = admission_of(
            mode, camera=self._camera, recording=self._cutter.recording, now_utc_ns=now_utc_ns
        )
        self._account.state.mode = mode.name
        self._left_out = True
        if self._attached and not self._cutter.recording:
            self._account.wait_from_now()
            self._show_unwanted()

    def trigger(self) -> bool:
        """Something has happened at the camera: in the mode `event` it is recorded. Whether anything is recorded of it;
        not without a licence."""
        if self._lease is None or self._lease.denial is not None:
            return False
        before = self._admission.trigger(self._clock.monotonic_ns())
        if self._attached:
            self._admit(before)
        return self._admission.reason is None

    async def run(self) -> None:
        """Records whenever it may, until cancelled."""
        try:
            while True:
                decision = self._gate.decide(Feature.RECORDING, self._camera)
                if isinstance(decision, Denied):
                    self._account.stop_for_licence(ns_of(decision.since) if decision.since else self._clock.now_ns())
                await self._gate.wait_granted(Feature.RECORDING, self._camera)
                seen = self._gate.version
                try:
                    async with self._gate.lease(Feature.RECORDING, self._camera) as lease:
                        await self._record(lease)
                except LeaseDeniedError:
                    await self._gate.wait_changed(seen)
                else:
                    self._account.stop_for_licence(lease.until_ns)
        finally:
            self._account.stop_for_good()

    async def _record(self, lease: Lease) -> None:
        self._lease = lease
        try:
            while True:
                if self._disk.blocked:
                    self._account.stop_for_disk()
                    await self._disk.wait_writable()
                self._disk_failed.clear()
                self._account.wait_from_now()
                self._show_unwanted()
                with self._feed.attach(lease, self._on_unit):
                    self._attached = self._left_out = True
                    self._feed.want_key()
                    try:
                        await self._watch()
                    finally:
                        await self._leave(lease)
                if self._disk_failed.is_set() and not self._disk.untried:
                    await self._clock.sleep(DISK_RETRY_SECONDS)
        finally:
            self._lease = None

    async def _watch(self) -> None:
        """Until the disk fails or is full."""
        while not self._disk_failed.is_set() and not self._disk.blocked:
            try:
                async with self._clock.timeout(TICK_SECONDS):
                    await self._disk_failed.wait()
            except TimeoutError:
                self._tick()

    async def _leave(self, lease: Lease) -> None:
        try:
            if lease.denial is not None:
                self._account.show("stopped", "licence")
                with anyio.CancelScope(shield=True):
                    await self._clock.sleep(LATE_UNITS_SECONDS)
        finally:
            self._attached = False
            self._hand_over(self._cutter.finish(None if lease.denial is None else lease.until_ns))
            self._admission.clear()  # what comes next does not follow on it, or was captured under another lease

    def _on_unit(self, unit: AccessUnit) -> None:
        if self._disk_failed.is_set():
            return
        if not self._cutter.recording and self._account.jumped:
            self._admission.clear()  # labels before and after a jump do not compare
        admitted = self._admission.push(unit)
        if admitted:
            self._admit(admitted)
        else:
            self._leave_out(unit)
        if self._admission.wants_key and not self._key_wanted:
            self._feed.want_key()
        self._key_wanted = self._admission.wants_key

    def _admit(self, units: Iterable[AccessUnit]) -> None:
        for unit in units:
            commands = self._cutter.push(unit)
            if commands:
                self._carry_out(commands)
                if self._disk_failed.is_set():
                    return
        if self._left_out:
            self._left_out = False
            if not self._cutter.recording:
                self._account.wait_from_now()
                self._feed.want_key()

    def _leave_out(self, unit: AccessUnit) -> None:
        reason = self._admission.reason
        assert reason is not None, f"{self._camera}: a picture was left out for no reason"
        ended_utc_ns = None
        if self._cutter.recording:
            ended_utc_ns = self._admission.until_utc_ns
            self._hand_over(self._cutter.finish(ended_utc_ns))
        if not self._disk_failed.is_set():
            self._left_out = True
            self._account.leave_out(unit, reason, ended_utc_ns)

    def _carry_out(self, commands: Sequence[Command]) -> None:
        self._hand_over(commands)
        if self._disk_failed.is_set():
            return
        if not self._cutter.recording:
            self._account.note_jump()
            self._account.wait_from_now()
            self._feed.want_key()
        elif self._cutter.overdue:
            self._feed.want_key()

    def _hand_over(self, commands: Sequence[Command]) -> None:
        if not self._disk.put(commands):
            self._on_queue_full(commands)
            return
        for command in commands:
            if isinstance(command, WriteFragment):
                self._account.note_picture(command.units[-1])
                if self._cutter.recording and len(command.units) > 1:
                    self._account.end_silence(command.units[1].utc_ns)
            elif isinstance(command, CloseSegment):
                self._account.end_utc_ns = self._ends_utc_ns[self._run] = command.end_utc_ns
            elif command.seq == 0:
                self._run = command.run
                self._ends_utc_ns.pop(self._run - ENDS_MAX, None)
                self._account.begin_run(command)

    def _tick(self) -> None:
        """What time alone brings about."""
        self._admission.look(self._clock.now_ns())
        now_ns = self._clock.monotonic_ns()
        last = self._cutter.last_unit
        if last is None:
            if now_ns - self._account.waiting_monotonic_ns > OFFLINE_SECONDS * 1e9:
                self._account.note_silence(self._account.waiting_utc_ns, recording=False)
                self._cutter.leave_run_free()
                self._admission.clear()
                self._show_unwanted()
            return
        age_seconds = (now_ns - last.arrival_ns) / 1e9
        ends_soon = self._account.jumped or self._admission.reason is not None
        if age_seconds > (TICK_SECONDS if ends_soon else RUN_END_SECONDS):
            self._carry_out(self._cutter.finish(self._admission.until_utc_ns))
        elif age_seconds <= OFFLINE_SECONDS:
            self._account.show("recording", None)
        elif self._account.state.phase == "recording":
            self._hand_over(self._cutter.flush())
            self._account.note_silence(self._cutter.expected_end_utc_ns, recording=True)
            self._cutter.leave_run_free()
            self._account.show("waiting", None)

    def _show_unwanted(self) -> None:
        """Without pictures: an event could not be recorded, all else is as the mode says."""
        reason = self._admission.reason
        if reason is None or reason == "event_mode":
            self._account.show("waiting", None)
        else:
            self._account.show_unwanted(reason)

    def _on_disk_failure(self, failure: DiskFailure) -> None:
        """The disk thread has given up a run."""
        self._disk.fail(failure.message)
        if failure.run == self._cutter.next_run - 1 and self._cutter.recording:
            self._cutter.abort()
            self._account.end_utc_ns = failure.kept_until_utc_ns
            self._account.stop_for_disk(failure.kept_until_utc_ns)
            self._disk_failed.set()
        else:  # the run has ended already, but not all of it is there
            self._account.lose(failure.kept_until_utc_ns, self._ends_utc_ns.get(failure.run, 0))

    def _on_disk_recovery(self) -> None:
        self._disk.recover()

    def _on_queue_full(self, commands: Sequence[Command]) -> None:
        first = next(command for command in commands if isinstance(command, WriteFragment)).units[0]
        _log.error(
            "camera %s: the disk is too slow, %s bytes wait; the run ends", self._camera, self._disk.queued_bytes
        )
        self._cutter.abort()
        self._disk.put([CloseSegment(end_utc_ns=first.utc_ns)])
        self._account.end_utc_ns = first.utc_ns
        self._disk.fail("too slow")
        self._account.stop_for_disk(first.utc_ns)
        self._disk_failed.set()
