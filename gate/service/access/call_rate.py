"""How often an address may ask for what anybody may ask for. In memory, bounded; each service process counts by itself.

A window of a minute per address; of too many addresses the one that began longest ago is forgotten.
"""

from collections import OrderedDict

WINDOW_NS = 60_000_000_000
ADDRESSES_MAX = 4096


class CallRate:
    """`calls_max`: of one address in a window."""

    def __init__(self, calls_max: int) -> None:
        self._calls_max = calls_max
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def wait_seconds(self, address: str, now_ns: int) -> float:
        """Zero: it may ask, and that counts; else how long until it may."""
        began_ns, calls = self._windows.get(address, (now_ns, 0))
        if now_ns - began_ns >= WINDOW_NS:
            began_ns, calls = now_ns, 0
        if calls >= self._calls_max:
            return (began_ns + WINDOW_NS - now_ns) / 1e9
        if not calls:
            self._windows.pop(address, None)
        self._windows[address] = began_ns, calls + 1
        if len(self._windows) > ADDRESSES_MAX:
            self._windows.popitem(last=False)
        return 0.0
