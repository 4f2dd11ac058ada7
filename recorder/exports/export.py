"""One export: what was asked for, how far it is, and its files; as values and as JSON."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from gate.clock import instant_of
from gate.licence.decision import Denied
from recorder.catalog.rows import Stream

ExportState = Literal["queued", "waiting", "making", "done", "failed"]
"""`waiting`: the licence stopped it; it begins again by itself when that is back."""
KeptState = Literal["queued", "done", "failed"]
"""What of it lies on disk: all that is not over begins anew after a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for: `[start, end)` of a stream of each camera. `asked_by`: a name, or empty."""

    id: str
    cameras: tuple[str, ...]
    stream: Stream
    start_utc_ns: int
    end_utc_ns: int
    asked_utc_ns: int
    asked_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A finished file. `sha256` is over its first `bytes` bytes; the sealed manifest follows them, up to `size`.
    `crc32`: of all of it."""

    name: str
    camera: str
    stream: Stream
    start_utc_ns: int
    end_utc_ns: int
    pictures: int
    pre_roll_seconds: float
    codec: str
    width: int
    height: int
    has_sound: bool
    bytes: int
    sha256: str
    size: int
    crc32: int


@dataclass(slots=True, kw_only=True)
class Export:
    """An order and what has become of it. `problem`: the code of why it failed; `denial`: why it waits. `done_bytes` of
    `planned_bytes` are written while it is being made (0 of 0 while it is being planned)."""

    order: Order
    state: ExportState = "queued"
    problem: str = ""
    denial: Denied | None = None
    files: tuple[ExportedFile, ...] = ()
    ended_utc_ns: int | None = None
    done_bytes: int = 0
    planned_bytes: int = 0
    restarts: int = 0
    """How often the licence has stopped it."""

    @property
    def size(self) -> int:
        """On disk, once it is done."""
        return sum(file.size for file in self.files)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed")


def to_record(export: Export) -> dict[str, Any]:
    """What is kept of an export."""
    kept: KeptState = "done" if export.state == "done" else "failed" if export.state == "failed" else "queued"
    return {
        "order": asdict(export.order),
        "state": kept,
        "problem": export.problem,
        "files": [asdict(file) for file in export.files],
        "ended_utc_ns": export.ended_utc_ns,
    }


def from_record(record: Any) -> Export:
    """Raises ValueError, KeyError or TypeError for anything else."""
    order = Order(**record["order"] | {"cameras": tuple(record["order"]["cameras"])})
    if record["state"] not in ("queued", "done", "failed"):
        raise ValueError(record["state"])
    return Export(
        order=order,
        state=record["state"],
        problem=str(record["problem"]),
        files=tuple(ExportedFile(**file) for file in record["files"]),
        ended_utc_ns=record["ended_utc_ns"],
    )


@dataclass(slots=True)
class Expired:
    """How many finished exports have been removed, by why."""

    age: int = 0
    count: int = 0


def instant_text(utc_ns: int) -> str:
    """ISO 8601, to the millisecond."""
    return instant_of(utc_ns).isoformat(timespec="milliseconds")
