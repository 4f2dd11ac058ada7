"""What the kernel and the machine's programs say of its clock (adjtimex(2), read only)."""

import ctypes
import struct
from email.utils import parsedate_to_datetime
from pathlib import Path

from gate.clock import Clock
from recorder.doctor.rules.clock import ClockFacts

_KEEPERS = ("chronyd", "systemd-timesyncd", "systemd-timesyn", "ntpd", "ntpsec", "openntpd")
"""Names of processes; the kernel cuts them to 15 letters."""
_TIMEX_BYTES = 256
_UNSYNCHRONISED = 0x40


def look_at_clock(*, shared: bool) -> ClockFacts:
    """Sets nothing."""
    if shared:
        return ClockFacts(shared=True, synchronised=None)
    return ClockFacts(synchronised=_kernel(), keepers=_keepers())


def _kernel() -> bool | None:
    """`struct timex` of 64-bit Linux: modes, offset, freq, maxerror, esterror, status."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None).adjtimex(buffer)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    *_, status = struct.unpack_from("=i4xqqqqi", buffer)
    return not status & _UNSYNCHRONISED


def _keepers() -> tuple[str, ...]:
    names = set()
    for process in Path("/proc").glob("[0-9]*/comm"):
        try:
            name = process.read_text().strip()
        except OSError:  # it has ended
            continue
        if name in _KEEPERS:
            names.add("systemd-timesyncd" if name == "systemd-timesyn" else name)
    return tuple(sorted(names))


def skew_seconds(date: str, clock: Clock) -> float | None:
    """How far we are ahead of whoever answered with this Date header; None if it says nothing."""
    try:
        theirs = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    return (clock.now() - theirs).total_seconds() if theirs.tzinfo is not None else None
