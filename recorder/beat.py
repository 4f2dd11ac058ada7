"""A common beat: who has something to do now and then does it together with the others, which costs less than each by
itself."""

from gate.clock import Clock


async def next_beat(clock: Clock, seconds: float) -> None:
    """Sleeps until monotonic time is a multiple of `seconds`, from half to one and a half times as long."""
    period_ns = round(seconds * 1e9)
    now_ns = clock.monotonic_ns()
    beat_ns = ((now_ns + period_ns // 2) // period_ns + 1) * period_ns
    await clock.sleep((beat_ns - now_ns) / 1e9)
