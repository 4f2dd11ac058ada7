"""Access to one recorder's remote side, as its routes know it."""

from collections.abc import Callable
from datetime import datetime

from gate.clock import Clock
from recorder.access.audit import AuditLog
from recorder.access.database import AccessDatabase


class Access:
    """`audit`: where everything is noted. Without a `database` nothing outlasts the process."""

    def __init__(self, *, clock: Clock, now: Callable[[], datetime], database: AccessDatabase | None = None) -> None:
        """`now`: the trusted time."""
        self._database = database
        self.audit = AuditLog(now=now, clock=clock)

    async def run(self) -> None:
        """Keeps what is noted, until cancelled."""
        if self._database is not None:
            await self.audit.run(self._database)

    async def close(self) -> None:
        """Keeps what still waits."""
        if self._database is not None:
            await self.audit.flush(self._database)
