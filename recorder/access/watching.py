"""Views as the audit log tells them: one `begun` and one `ended` for a stretch of watching, however many requests it
takes (a page reconnects, playback asks for a piece every second). Pure.
"""

from dataclasses import dataclass

from recorder.access.actor import Actor

LINGER_SECONDS = 60.0
"""Whoever asks again within this time has been watching all along."""
STRETCHES_MAX = 2_000

Key = tuple[Actor, str, str | None]
"""Who, which action, which camera."""


@dataclass(slots=True)
class _Stretch:
    began_ns: int
    last_ns: int
    under_way: int = 0


class Watching:
    """Stretches that have begun and not ended."""

    def __init__(self) -> None:
        self._open: dict[Key, _Stretch] = {}

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, key: Key, now_ns: int) -> bool:
        """A request of this stretch begins; whether the stretch does."""
        known = self._open.get(key)
        if known is None:
            self._open[key] = _Stretch(now_ns, now_ns, 1)
            return True
        known.under_way += 1
        known.last_ns = now_ns
        return False

    def leave(self, key: Key, now_ns: int) -> None:
        """It has ended."""
        known = self._open.get(key)
        if known is not None:
            known.under_way -= 1
            known.last_ns = now_ns

    def take_ended(self, now_ns: int, *, all_of_them: bool = False) -> list[tuple[Key, float]]:
        """Stretches that are over, each with its seconds; more than STRETCHES_MAX end before their time."""
        over = [
            key
            for key, one in self._open.items()
            if all_of_them or (not one.under_way and now_ns - one.last_ns >= LINGER_SECONDS * 1e9)
        ]
        idle = [key for key, one in self._open.items() if not one.under_way and key not in over]
        over += idle[: max(len(self._open) - len(over) - STRETCHES_MAX, 0)]
        return [(key, (one.last_ns - one.began_ns) / 1e9) for key in over for one in [self._open.pop(key)]]
