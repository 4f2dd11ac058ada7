"""News that somebody set the machine's wall clock: a timerfd that is cancelled by it (Linux, timerfd_create(2)).

The standard library has no timerfd before Python 3.13.
"""

import contextlib
import ctypes
import os

_CLOCK_REALTIME = 0
_TFD_TIMER_ABSTIME, _TFD_TIMER_CANCEL_ON_SET = 1, 2
_FAR_FUTURE_SECONDS = 1 << 33


def open_fd() -> int | None:
    """A descriptor that becomes readable when the clock is set; None where there is no such thing."""
    try:
        fd = int(ctypes.CDLL(None).timerfd_create(_CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC))
    except (AttributeError, OSError):
        return None
    if fd < 0:
        return None
    _arm(fd)
    return fd


def rearm(fd: int) -> None:
    """Takes the news and waits for the next."""
    with contextlib.suppress(OSError):  # ECANCELED is the news itself
        os.read(fd, 8)
    _arm(fd)


def _arm(fd: int) -> None:
    spec = (ctypes.c_long * 4)(0, 0, _FAR_FUTURE_SECONDS, 0)
    ctypes.CDLL(None).timerfd_settime(fd, _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET, spec, None)
