"""Leases: revocable permissions to run one feature, and the standing of the permission behind them."""

from datetime import datetime, timedelta

import anyio

from gate.clock import ns_of
from gate.licence.decision import Decision, Denied, Granted
from gate.licence.features import Feature

BEGINNING_NS, FOREVER_NS = -(2**63), 2**63 - 1


class Lease:
    """Made by `Gate.lease` only. `denial` is set at the moment of revocation, and stays None if the holder leaves."""

    __slots__ = ("camera", "denial", "feature", "from_monotonic_ns", "from_ns", "scope", "until_ns")

    def __init__(self, feature: Feature, camera: str | None) -> None:
        self.feature = feature
        self.camera = camera
        self.from_ns = BEGINNING_NS
        """UTC nanoseconds since which the feature has been granted without interruption."""
        self.from_monotonic_ns = BEGINNING_NS
        """The same moment in monotonic time, which no step of wall time brings back."""
        self.until_ns = FOREVER_NS
        """UTC nanoseconds, exclusive; follows renewals while the lease runs."""
        self.denial: Denied | None = None
        self.scope = anyio.CancelScope()

    def covers(self, utc_ns: int) -> bool:
        """Whether a picture of this label was captured while the feature was granted."""
        return self.from_ns <= utc_ns < self.until_ns

    def covers_arrival(self, utc_ns: int, arrival_ns: int) -> bool:
        """Whether it covers a picture of this label that arrived at this monotonic time: labels come a second time
        after a step back, and what came while the feature was denied stays denied."""
        return self.from_ns <= utc_ns < self.until_ns and self.from_monotonic_ns <= arrival_ns

    def revoke(self, denial: Denied, now_ns: int) -> None:
        """Cancels the holder, at each await until it leaves. Nothing later than now is covered any more."""
        self.until_ns = min(self.until_ns, now_ns)
        self.denial = denial
        self.scope.cancel()


class Standing:
    """Whether one kind of permission is granted to one camera, since when without interruption, and who holds it."""

    __slots__ = ("decision", "from_monotonic_ns", "from_ns", "leases", "until_ns")

    def __init__(self, decision: Denied) -> None:
        self.decision: Decision = decision
        self.from_ns = self.from_monotonic_ns = self.until_ns = BEGINNING_NS
        self.leases: set[Lease] = set()

    def ended(self, now_ns: int) -> datetime | None:
        """When the running grant ended, if it has by now, in the time that counts."""
        if isinstance(self.decision, Granted) and self.until_ns <= now_ns:
            return self.decision.until
        return None

    def grant(self, granted: Granted, ahead: timedelta, now_ns: int, known_since_ns: int, monotonic_ns: int) -> bool:
        """Begins a grant, or moves the end of the running one; whether anything changed. `ahead`: how far wall time,
        in which leases are counted, is ahead of the time that counts.

        A grant begins no earlier than it has been known (`known_since_ns`), however far back its interval reaches:
        what was captured before that was captured while denied. `monotonic_ns`: that of `now_ns`.
        """
        assert granted.since is not None and granted.until is not None
        since_ns, until_ns = ns_of(granted.since + ahead), ns_of(granted.until + ahead)
        if isinstance(self.decision, Granted):
            # After a step back of wall time, pictures are labelled before the grant began: they are granted too.
            from_ns = min(self.from_ns, max(now_ns, since_ns))
        else:
            from_ns = max(since_ns, known_since_ns)
            self.from_monotonic_ns = monotonic_ns - max(now_ns - from_ns, 0)  # wall time has flowed since it is known
        changed = isinstance(self.decision, Denied) or until_ns != self.until_ns
        self.decision, self.from_ns, self.until_ns = granted, from_ns, until_ns
        for lease in self.leases:
            self.follow(lease)
        return changed

    def deny(self, denied: Denied) -> bool:
        """Ends the grant; whether anything changed. The gate revokes the leases."""
        changed = denied != self.decision
        self.decision = denied
        return changed

    def follow(self, lease: Lease) -> None:
        """Gives a lease this standing's bounds."""
        lease.from_ns, lease.until_ns = self.from_ns, self.until_ns
        lease.from_monotonic_ns = self.from_monotonic_ns
