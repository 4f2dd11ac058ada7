"""What the courier knows of a channel: it takes notices to one endpoint, and says what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from recorder.notify.notice import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The endpoint has them. `remark`: what it did not like about it, if anything."""

    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It has not. `reason`: a sentence for people, without secrets. `refused`: it answered no to these very notices.
    `wait_seconds`: how long it wants to be left alone at least."""

    reason: str
    refused: bool = False
    wait_seconds: float = 0


class Channel(Protocol):
    """One endpoint. `gather_seconds`: how long the first notice waits for others; `every_seconds`: the shortest time
    from one sending to the next; `batch_max`: how many go at once; `waiting_max`: how many may wait."""

    name: str
    shown: str
    batch_max: int
    waiting_max: int
    gather_seconds: float
    every_seconds: float

    async def send(self, notices: Sequence[Notice]) -> Told | Failed:
        """Takes them there. It is cancelled where a licence ends, and then leaves nothing half sent behind."""

    async def close(self) -> None:
        """Says goodbye."""
