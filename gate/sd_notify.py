"""What systemd is told of this process (sd_notify(3)): that it works, that it lives, that it ends.

A leaf: any package may use it. Where no systemd has started the process, nothing is said to anybody.
"""

import logging
import os
import socket
from collections.abc import Callable, Mapping

from gate.clock import Clock

_log = logging.getLogger(__name__)

PINGS_PER_WATCHDOG = 3
"""So many signs of life fall into the time after which systemd holds the process for dead."""
PING_SECONDS_MAX = 3600.0


class SdNotify:
    """`environ`: the process's environment, which holds the address and the watchdog's time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        pid = str(os.getpid())
        meant = environ.get("SYSTEMD_EXEC_PID", pid) == pid  # children inherit what is meant for their parent
        place = environ.get("NOTIFY_SOCKET", "") if meant else ""
        self._address = f"\0{place[1:]}" if place.startswith("@") else place
        own = environ.get("WATCHDOG_PID", pid) == pid
        microseconds = environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(microseconds) / 1e6 if own and microseconds.isdecimal() else None
        """After so long without a sign of life systemd ends the process and starts it again; None: never."""
        self._said_dead = False

    @property
    def wanted(self) -> bool:
        """Whether systemd waits for word of this process."""
        return bool(self._address)

    async def run(self, clock: Clock, is_alive: Callable[[], bool] = lambda: True) -> None:
        """Says that the process works; then, from the event loop and as long as `is_alive`, that it lives; when
        cancelled, that it ends."""
        self._say("READY=1")
        seconds = (self.watchdog_seconds or PING_SECONDS_MAX) / PINGS_PER_WATCHDOG
        try:
            while True:
                if self.watchdog_seconds is not None:
                    self._ping(is_alive())
                await clock.sleep(min(seconds, PING_SECONDS_MAX))
        finally:
            self._say("STOPPING=1")

    def _ping(self, alive: bool) -> None:
        if alive:
            self._say("WATCHDOG=1")
        elif not self._said_dead:
            _log.error("a thread of this process has ended: systemd will start it again in %s s", self.watchdog_seconds)
        self._said_dead = not alive

    def _say(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as way:
                way.sendto(message.encode(), self._address)
        except OSError as error:
            _log.warning("systemd does not hear %s: %s", message, error)
