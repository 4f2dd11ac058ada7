"""Mutants of recording (M3): its end at X, its return, and the time between."""

from tests.mutants.mutant import Change, Mutant
from tests.mutants.scenes import COMES_BACK, RARE_KEY_FRAMES, RECORDING_ENDS

_RECORDER = "recorder/segments/recorder.py"
_LEASE = "gate/client/lease.py"
_GATE = "gate/client/gate.py"

_COMPARISON_REMOVED = Change(
    file=_LEASE,
    old="return self.from_ns <= utc_ns < self.until_ns and self.from_monotonic_ns <= arrival_ns",
    new="return self.from_ns <= utc_ns and self.from_monotonic_ns <= arrival_ns",
)
_TIMER_LATE = Change(
    file=_GATE,
    old="await self._clock.sleep_until(instant_of(self._next_ns))",
    new="await self._clock.sleep_until(instant_of(self._next_ns + 600_000_000))",
)

RECORDING = (
    Mutant(
        name="recording-without-lease",
        row="M3",
        says="recording asks for a permission that everybody has",
        changes=[
            Change(
                file=_RECORDER,
                old="decision = self._gate.decide(Feature.RECORDING, self._camera)",
                new="decision = self._gate.decide(Feature.HDMI_LIVE, self._camera)",
            ),
            Change(
                file=_RECORDER,
                old="await self._gate.wait_granted(Feature.RECORDING, self._camera)",
                new="await self._gate.wait_granted(Feature.HDMI_LIVE, self._camera)",
            ),
            Change(
                file=_RECORDER,
                old="async with self._gate.lease(Feature.RECORDING, self._camera) as lease:",
                new="async with self._gate.lease(Feature.HDMI_LIVE, self._camera) as lease:",
            ),
        ],
        scene=RECORDING_ENDS,
        red=["after X/M3", "recording of cam1"],
    ),
    Mutant(
        name="recording-late-timer-and-no-comparison",
        row="M3",
        says="the gate's timer is 0.6 s late, and pictures are not compared with the lease's end",
        changes=[_COMPARISON_REMOVED, _TIMER_LATE],
        scene=RECORDING_ENDS,
        red=["recording of cam1"],
    ),
    Mutant(
        name="sub-recording-without-lease",
        row="M3",
        says="the recording of sub streams asks for a permission that everybody has",
        changes=[
            Change(
                file="recorder/storage.py",
                old="            gate=gate,\n            mode=mode,",
                new='            gate=gate if stream == "main" else _Unlicensed(gate),\n            mode=mode,',
            ),
            Change(
                file="recorder/storage.py",
                old="\n\nclass Storage:",
                new="\n\nclass _Unlicensed:\n"
                "    def __init__(self, gate):\n        self._gate = gate\n"
                "        self.decide = lambda _, camera: gate.decide(Feature.HDMI_LIVE, camera)\n"
                "        self.lease = lambda _, camera: gate.lease(Feature.HDMI_LIVE, camera)\n"
                "        self.wait_granted = lambda _, camera: gate.wait_granted(Feature.HDMI_LIVE, camera)\n"
                "    version = property(lambda self: self._gate.version)\n"
                "    wait_changed = property(lambda self: self._gate.wait_changed)\n"
                "\n\nfrom gate.licence.features import Feature\n\n\nclass Storage:",
            ),
        ],
        scene=RECORDING_ENDS,
        red=["after X/M3"],
    ),
    Mutant(
        name="recording-cut-early",
        row="M3",
        says="the open group of pictures is thrown away at X instead of written",
        changes=[
            Change(
                file=_RECORDER,
                old="self._hand_over(self._cutter.finish(None if lease.denial is None else lease.until_ns))",
                new="self._cutter.abort()",
            )
        ],
        scene=RECORDING_ENDS,
        red=["recording of cam1"],
    ),
    Mutant(
        name="recording-not-back-until-restart",
        row="M3",
        says="a recorder that has lapsed waits for a restart",
        changes=[
            Change(
                file=_RECORDER,
                old="self._account.stop_for_licence(lease.until_ns)",
                new="self._account.stop_for_licence(lease.until_ns)\n                    await asyncio.Event().wait()",
            )
        ],
        scene=COMES_BACK,
        red=["restored/M3", "recording of cam1 is back"],
    ),
    Mutant(
        name="recording-waits-for-a-key-frame",
        row="M3",
        says="after a licence no key frame is asked for: recording begins with the next one of the camera's own",
        changes=[
            Change(
                file=_RECORDER,
                old="self._attached = self._left_out = True\n                    self._feed.want_key()",
                new="self._attached = self._left_out = True",
            ),
            Change(
                file=_RECORDER,
                old="self._account.wait_from_now()\n                self._feed.want_key()",
                new="self._account.wait_from_now()",
            ),
        ],
        scene=RARE_KEY_FRAMES,
        red=["recording of cam3 is back"],
    ),
    Mutant(
        name="recording-writes-the-dark-time-afterwards",
        row="M3",
        says="after a licence recording begins with the cached pictures of while it was lapsed",
        changes=[
            Change(
                file=_RECORDER,
                old="self._attached = self._left_out = True",
                new="self._attached = self._left_out = True\n"
                "                    for unit in self._feed._gop:\n"
                "                        self._on_unit(unit)",
            )
        ],
        scene=COMES_BACK,
        red=["recording of cam1 is back"],
    ),
    Mutant(
        name="new-entitlement-ignored",
        row="M3",
        says="a gate that has lapsed takes no new entitlement",
        changes=[
            Change(
                file=_GATE,
                old="self._entitlement = entitlement\n        self._known_since_ns = now_ns",
                new="if self._entitlement is None or self._expiries:\n"
                "            self._entitlement = entitlement\n        self._known_since_ns = now_ns",
            )
        ],
        scene=COMES_BACK,
        red=["restored/M3", "live view of cam1 is back"],
    ),
)
