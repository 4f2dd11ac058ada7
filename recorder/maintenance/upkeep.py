"""What a running recorder has for whoever maintains it from afar."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gate.sd_notify import SdNotify
from recorder.maintenance.check_job import CheckJob
from recorder.maintenance.config_file import ConfigFile
from recorder.maintenance.log_ring import LogRing

RESTART_STATUS = 75
"""Exit status of a recorder that was asked to restart: whoever supervises it starts it again (EX_TEMPFAIL)."""


class TimeSource(Protocol):
    """Whoever can ask the licence service for the time now."""

    async def ask(self) -> bool:
        """Whether an answer came."""


class Stop:
    """How a recorder's run ends: by a signal (`ended`), or because it was asked to restart."""

    def __init__(self, ended: asyncio.Event) -> None:
        self.ended = ended
        self.restart = False

    def ask_restart(self) -> None:
        """It ends in good order, and is started again."""
        self.restart = True
        self.ended.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the process gives its recorder: the file of its configuration, its newest log, how to end it, and who wants
    to know that it lives."""

    config_path: Path
    log: LogRing
    stop: Stop
    sd_notify: SdNotify = field(default_factory=lambda: SdNotify({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """`time` None: there is no service to ask. `folders`: of the volumes."""

    log: LogRing
    stop: Stop
    config: ConfigFile
    check: CheckJob
    folders: Sequence[Path]
    time: TimeSource | None = None
