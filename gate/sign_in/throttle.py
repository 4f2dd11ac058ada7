"""How long a further sign-in has to wait: per account and per address. Pure.

1. An attempt counts before its password is looked at: a hundred at once get no more than one after another.
2. After the free attempts each further one has to wait, twice as long each time, up to WAIT_MAX.
3. A success forgives the account, not the address: whoever owns one account cannot go on guessing others for free.
4. The wait is the same for accounts that do not exist. An attempt that has to wait is not counted, or somebody
   impatient would never get in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

ACCOUNT_FREE = 5
ADDRESS_FREE = 30
WAIT_MAX = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(minutes=30)
_DOUBLINGS_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Attempts without success within FORGOTTEN_AFTER, and the last one's instant."""

    count: int
    last_at: datetime | None


def wait_of(failures: Failures, free: int, now: datetime) -> timedelta:
    """How long from now; zero: at once."""
    if failures.last_at is None or failures.count < free:
        return timedelta()
    waits = min(timedelta(seconds=2.0 ** min(failures.count - free + 1, _DOUBLINGS_MAX)), WAIT_MAX)
    return max(failures.last_at + waits - now, timedelta())
