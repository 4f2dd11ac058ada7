"""One stream and what is wrong with it: puts faults at its seams and takes them off again."""

import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from camera_sim.errors import FaultError
from camera_sim.faults import answers
from camera_sim.faults.fault import Fault
from camera_sim.faults.filters import Filter, filter_of
from camera_sim.faults.network import FaultySender, SlowQueue
from camera_sim.faults.picks import Frozen, Switching
from camera_sim.rtsp.auth import Account
from camera_sim.rtsp.message import Request
from camera_sim.rtsp.picker import Picker, Picks
from camera_sim.rtsp.responder import Reply, Responder
from camera_sim.rtsp.senders import Sender
from camera_sim.rtsp.stream import LiveStream
from gate.clock import Clock

_FILTERED = ("loss", "reorder", "duplicates", "ts_back", "ts_forward", "ts_zero", "ts_constant", "ts_wrap",
             "ssrc_change", "frozen", "half_open")  # fmt: skip
_OF_SOUND = ("loss", "reorder", "duplicates", "frozen", "half_open")
"""Time and source are wrong in the pictures only."""
_CLOCKS = ("clock_offset", "clock_drift")
_PPM = 1_000_000
Spawn = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


@dataclass(slots=True, kw_only=True)
class Ailment:
    """One fault of one stream. `counts`: what it has done so far."""

    fault: Fault
    since_ns: int
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)


class Afflicted:
    """`stream.StreamFaults` of one stream. `other`: the camera's other stream. While nothing is wrong the stream does
    not know of it, and its receivers have their plain ways."""

    def __init__(self, stream: LiveStream, other: LiveStream | None, clock: Clock, spawn: Spawn) -> None:
        self.stream = stream
        self._other = other
        self._clock = clock
        self._spawn = spawn
        self._ailments: list[Ailment] = []
        self._own: Picks = stream.picks
        self._own_account = stream.account
        self._stepped_ns = 0
        self._shown = "own"
        self._nonces: dict[int, answers.Answer] = {}

    def check(self, fault: Fault) -> None:
        """Raises FaultError if the stream cannot have it."""
        if fault.kind != "parameter_change":
            return
        label, other = self.stream.label, self._other
        if other is None:
            raise FaultError(f"{label}: there is no other stream whose pictures it could show")
        ours, theirs = self.stream.loop.film, other.loop.film
        if ours.codec is not theirs.codec or ours.fps != theirs.fps:
            raise FaultError(f"{label}: the camera's other stream has another codec or rate; give both the same")

    def begin(self, fault: Fault) -> Ailment:
        """It is wrong from now on. `check` has passed."""
        ailment = Ailment(fault=fault, since_ns=self._clock.monotonic_ns(), rng=random.Random(fault.seed))
        if fault.kind in _CLOCKS or (fault.kind == "clock_step" and not self._stepped_ns):
            self.stream.loop.places += 1
        if fault.kind == "clock_step":
            self._stepped_ns += round(fault.params["seconds"] * 1e9)
        self._ailments.append(ailment)
        self.stream.faults = self
        if fault.kind == "wrong_password":
            user = self._own_account.user if self._own_account else "admin"
            style = self._own_account.style if self._own_account else "md5"
            self.stream.account = Account(user=user, password=f"{ailment.rng.getrandbits(64):x}", style=style)
        if fault.kind == "stale_nonce":
            self._nonces[id(ailment)] = answers.single_use_nonce()
        self._show_pictures()
        self._reroute()
        self._set_clock()
        return ailment

    def end(self, ailment: Ailment) -> None:
        """It is right again."""
        self._ailments.remove(ailment)
        self._nonces.pop(id(ailment), None)
        kind = ailment.fault.kind
        if kind == "wrong_password" and not self._have("wrong_password"):
            self.stream.account = self._own_account
        if kind in _CLOCKS:
            self.stream.loop.places -= 1
        self._show_pictures()
        self._reroute()
        self._set_clock()
        if not self._ailments:
            self.stream.faults = None

    def describe(self, sdp: bytes) -> bytes:
        for ailment in self._ailments:
            match ailment.fault.kind:
                case "sprop_missing":
                    sdp = answers.without_sets(sdp)
                case "sprop_wrong":
                    sdp = answers.with_other_sets(sdp)
                case "fps_lie":
                    sdp = answers.with_frame_rate(ailment.fault.params["fps"])(sdp)
        return sdp

    def route(self, sender: Sender, track: int = 0) -> Sender:
        concern = _OF_SOUND if track else _FILTERED
        filters = [self._filter(ailment) for ailment in self._ailments if ailment.fault.kind in concern]
        slow = next((ailment.fault for ailment in self._ailments if ailment.fault.kind == "slow"), None)
        if not filters and slow is None:
            return sender
        queue = None
        if slow is not None:
            rate, size = slow.params["bits_per_second"], int(slow.params["buffer_bytes"])
            queue = SlowQueue(sender, rate, size, self._clock)
            self._spawn(queue.run)
        return FaultySender(sender, filters, queue)

    def answer(self, responder: Responder, request: Request) -> Reply | str | None:
        for ailment in self._ailments:
            found = self._answer(ailment, responder, request)
            if found is not None:
                ailment.counts["requests"] += 1
                return found
        return None

    def _answer(self, ailment: Ailment, responder: Responder, request: Request) -> answers.Verdict:
        match ailment.fault.kind:
            case "refused" | "reboot":
                return answers.refuse(responder, request)
            case "half_open":
                return answers.ignore(responder, request)
            case "session_limit":
                sessions = int(ailment.fault.params["sessions"])
                return answers.limit(sessions, lambda: self.stream.receivers)(responder, request)
            case "stale_nonce":
                return self._nonces[id(ailment)](responder, request)
        return None

    def _have(self, *kinds: str) -> bool:
        return any(ailment.fault.kind in kinds for ailment in self._ailments)

    def _filter(self, ailment: Ailment) -> Filter:
        return filter_of(ailment.fault, random.Random(ailment.fault.seed), ailment.counts)

    def _reroute(self) -> None:
        """Gives every receiver the way of the moment; what waits on a slow one leaves at once."""
        heard = self.stream.sound.audience if self.stream.sound else {}
        for track, audience in enumerate((self.stream.audience, heard)):
            for receiver in audience:
                sender = receiver.sender
                if isinstance(sender, FaultySender):
                    if sender.slow is not None:
                        sender.slow.flush()
                    sender = sender.inner
                receiver.sender = self.route(sender, track)

    def _show_pictures(self) -> None:
        """Changes the picker if another one is wanted; a stream goes over to it at a key frame."""
        wanted = next((kind for kind in ("freeze_image", "parameter_change") if self._have(kind)), "own")
        if wanted == self._shown:
            return
        stream = self.stream
        present = stream.picks.sooner if isinstance(stream.picks, Switching) else stream.picks
        picks = self._own
        if wanted == "freeze_image":
            picks = Frozen(self._own)
        elif wanted == "parameter_change" and self._other is not None:
            picks = Picker(stream.label, self._other.loop, stream.rekeyer, self._clock)
        self._shown = wanted
        if present is self._own or (isinstance(present, Frozen) and not present.complete):
            # The own picker cannot be asked by two at once: what wraps it takes over without a key frame.
            stream.picks = picks if picks is self._own or wanted == "freeze_image" else self._switching(present, picks)
            stream.picks.want_key()
        else:
            stream.picks = self._switching(present, picks)

    def _switching(self, present: Picks, picks: Picks) -> Picks:
        return Switching(present, picks, self._switched)

    def _switched(self, picks: Picks) -> None:
        self.stream.picks = picks

    def _set_clock(self) -> None:
        offsets = [a for a in self._ailments if a.fault.kind in _CLOCKS]
        if not offsets and not self._stepped_ns:
            self.stream.camera_ns = self._clock.now_ns
            return
        steady_ns = self._stepped_ns
        drifts = []
        for ailment in offsets:
            if ailment.fault.kind == "clock_offset":
                steady_ns += round(ailment.fault.params["seconds"] * 1e9)
            else:
                drifts.append((ailment.since_ns, ailment.fault.params["ppm"] / _PPM))
        clock = self._clock

        def camera_ns() -> int:
            now_ns = clock.monotonic_ns()
            return clock.now_ns() + steady_ns + round(sum((now_ns - since_ns) * rate for since_ns, rate in drifts))

        self.stream.camera_ns = camera_ns
