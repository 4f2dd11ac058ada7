"""The configuration, read again while the recorder runs: cameras change at once, the rest waits for a restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gate.yaml_file import ConfigError
from recorder.cameras import CameraChanges
from recorder.config import CameraConfig, RecorderConfig

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What came of it. `restart_for`: sections that differ, but are in force only after a restart."""

    changes: CameraChanges
    restart_for: tuple[str, ...]


class Reload(Protocol):
    """Whoever can read the configuration again."""

    async def reload(self, asked_by: str) -> Reloaded:
        """Raises ConfigError; what is in force then stays so. `asked_by`: for the log."""


class ConfigReload:
    """`reload` at any time, also twice at once. `load`: reads and checks the file; `apply`: Cameras.apply."""

    def __init__(
        self,
        *,
        load: Callable[[], RecorderConfig],
        running: RecorderConfig,
        apply: Callable[[Sequence[CameraConfig]], Awaitable[CameraChanges]],
    ) -> None:
        self._load = load
        self._running = running
        self._apply = apply

    async def reload(self, asked_by: str) -> Reloaded:
        """Raises ConfigError, with file, line and field; what is in force then stays so. `asked_by`: for the log."""
        try:
            config = await asyncio.to_thread(self._load)
        except ConfigError as error:
            _log.error("configuration not taken, asked by %s: %s", asked_by, error)
            raise
        changes = await self._apply(config.cameras)
        fields = [name for name in RecorderConfig.model_fields if name != "cameras"]
        restart_for = tuple(name for name in fields if getattr(config, name) != getattr(self._running, name))
        _log.warning(
            "configuration taken, asked by %s: cameras added %s, changed %s, removed %s%s",
            asked_by,
            _names(changes.added),
            _names(changes.changed),
            _names(changes.removed),
            f"; a restart is needed for {', '.join(restart_for)}" if restart_for else "",
        )
        return Reloaded(changes=changes, restart_for=restart_for)


def _names(cameras: Sequence[str]) -> str:
    return ", ".join(cameras) or "none"
