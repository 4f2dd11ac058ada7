"""What keys do to a cursor, and how a key that is held goes further."""

from hdmi_out.playback_client import PlaybackClient
from hdmi_out.views.keys import Key

FORWARD = (1.0, 2.0, 4.0, 8.0)
BACKWARD = (-1.0, -2.0, -4.0, -8.0)
SLOW = (0.5, 0.25)
HELD_SECONDS = 0.4
"""A key that comes again within this time is being held."""
STEPS_HELD = 6
"""So many single pictures, then a held key goes by time."""
JUMPS = ((0, 10.0), (6, 30.0), (14, 120.0), (26, 600.0))
"""Seconds of a jump, from so many repeats on."""


class TransportKeys:
    """Play, pause, speeds, direction, steps."""

    def act(self, key: Key, client: PlaybackClient) -> None:
        """Does what the key says; nothing for others."""
        match key:
            case Key.OK | Key.PLAY:
                if client.rate:
                    client.pause()
                else:
                    client.play(1)
            case Key.STOP:
                client.pause()
            case Key.UP | Key.FASTER:
                client.play(_following(FORWARD, client.rate))
            case Key.SLOWER:
                client.play(_following(SLOW, client.rate))
            case Key.REVERSE:
                client.play(_following(BACKWARD, client.rate))
            case Key.STEP:
                client.step(1)
            case Key.STEP_BACK:
                client.step(-1)
            case _:
                pass


def _following(rates: tuple[float, ...], rate: float) -> float:
    """The next of these rates, the first after the last, and for any other rate."""
    return rates[(rates.index(rate) + 1) % len(rates)] if rate in rates else rates[0]


class HeldKey:
    """Counts how often an arrow comes without a pause."""

    def __init__(self) -> None:
        self._key: Key | None = None
        self._last_ns = 0
        self._repeats = 0

    def press(self, key: Key, now_ns: int, *, standing: bool) -> float | None:
        """How many seconds it goes; None: one picture."""
        again = key is self._key and now_ns - self._last_ns < HELD_SECONDS * 1e9
        self._repeats = self._repeats + 1 if again else 0
        self._key, self._last_ns = key, now_ns
        repeats = self._repeats - (STEPS_HELD if standing else 0)
        if repeats < 0:
            return None
        return max(jump for least, jump in JUMPS if repeats >= least)
