"""The shared clock of a site, driven from outside."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from gate.clock import SystemClock
from gate.shared_clock.controller import command
from gate.shared_clock.errors import ClockError
from gate.verify.errors import SiteError

COMMAND_SECONDS = 60.0


async def step_clock(
    socket: Path, text: str, clock: SystemClock, *, absent: Collection[str] = ()
) -> tuple[int, dict[str, datetime]]:
    """One command; gives how far the site is ahead of the machine (ns), and the ends of entitlements. `absent`:
    processes that stand still on purpose. Raises SiteError with the clock's sentence."""
    try:
        async with clock.timeout(COMMAND_SECONDS):
            done = await command(socket, text)
    except ClockError as error:
        raise SiteError(f"the site's clock: {error}") from None
    except TimeoutError:
        raise SiteError(f"the site's clock has not finished {text!r} within {COMMAND_SECONDS:.0f} s") from None
    late = [name for name in done["late"] if name not in absent]
    if late:
        raise SiteError(f"during {text!r} these did not finish what was due: {', '.join(late)}")
    return done["offset_ns"], {name: datetime.fromisoformat(at) for name, at in done["expiries"].items()}
