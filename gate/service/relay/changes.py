"""Tells conversations that their device's licences have changed, in this process at once, in others by looking."""

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from gate.clock import Clock
from gate.service.operations.entitlements import customer_versions
from gate.service.store.engine import Store
from gate.service.store.whole import whole

LOOK_SECONDS = 0.5
"""How long another process's change may go unseen."""

_log = logging.getLogger(__name__)


class Watched:
    """One device's version as it was told; `changed` is set when another one is in force."""

    __slots__ = ("changed", "device", "version")

    def __init__(self, device: str) -> None:
        self.device = device
        self.version: int | None = None
        """None: registered for nobody."""
        self.changed = asyncio.Event()


class Changes:
    """`run` must be running."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._watched: set[Watched] = set()
        self._hint = asyncio.Event()

    def watch(self, watched: Watched) -> None:
        """From now on its changes are seen."""
        self._watched.add(watched)

    def forget(self, watched: Watched) -> None:
        """Nobody listens any more."""
        self._watched.discard(watched)

    async def run(self) -> None:
        """Looks at each change of this process, and every so often, until cancelled."""
        stop = self._store.listen(lambda _: self._hint.set())
        try:
            while True:
                self._hint.clear()
                try:
                    await whole(self.run_once())
                except (SQLAlchemyError, OSError) as error:
                    _log.warning("devices are not told of changes: %s", error)
                try:
                    async with self._clock.timeout(LOOK_SECONDS):
                        await self._hint.wait()
                except TimeoutError:
                    pass
        finally:
            stop()

    async def run_once(self) -> None:
        """One look."""
        devices = frozenset(watched.device for watched in self._watched)
        if not devices:
            return
        async with self._store.read() as tx:
            versions = await customer_versions(tx, devices)
        for watched in tuple(self._watched):
            if versions.get(watched.device) != watched.version:
                watched.changed.set()
