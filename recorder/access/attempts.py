"""Sign-ins without success, counted in memory per user and per address (rules: gate.sign_in.throttle).

The table is bounded: beyond COUNTS_MAX the one that is longest ago is forgotten. Addresses of IPv6 count by their /64,
as a single machine has as many of these as it likes.
"""

import ipaddress
from collections import OrderedDict
from datetime import datetime, timedelta

from gate.sign_in.throttle import ACCOUNT_FREE, ADDRESS_FREE, FORGOTTEN_AFTER, Failures, wait_of

COUNTS_MAX = 4096


class Attempts:
    """`begin` before a password is looked at; `succeeded` afterwards."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, str], Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def begin(self, name: str, address: str, now: datetime) -> timedelta:
        """Zero: the attempt counts and may go on; else how long to wait, and nothing is counted."""
        keys = {("user", name.lower()[:64]): ACCOUNT_FREE, ("address", network_of(address)): ADDRESS_FREE}
        wait = max(wait_of(self._failures(key, now), free, now) for key, free in keys.items())
        if wait > timedelta():
            return wait
        for key in keys:
            count = self._failures(key, now).count + 1
            self._counts[key] = Failures(count=count, last_at=now)
            self._counts.move_to_end(key)
        while len(self._counts) > COUNTS_MAX:
            self._counts.popitem(last=False)
        return wait

    def succeeded(self, name: str) -> None:
        """Forgives the user, not the address."""
        self._counts.pop(("user", name.lower()[:64]), None)

    def _failures(self, key: tuple[str, str], now: datetime) -> Failures:
        known = self._counts.get(key)
        if known is None or known.last_at is None or not timedelta() <= now - known.last_at < FORGOTTEN_AFTER:
            return Failures(count=0, last_at=None)
        return known


def network_of(address: str) -> str:
    """By what an address counts. Pure."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
