"""A stream that is watched across an expiry: what the last thing was that it gave, and when. Values only."""

from dataclasses import dataclass, field
from typing import Any, Literal

from gate.clock import instant_of
from gate.verify.matrix import Row

Ending = Literal["close code", "its end", "a refusal"]


@dataclass(slots=True, kw_only=True)
class Watched:
    """A stream of a camera, or of the recorder, that `row` is about: the machine's clock at its last media message, the
    camera's time of its newest picture, its end. `ends_by`: what a cut looks like. `lag_ms_max`: how old its newest
    picture may be at X by its nature. `late_bytes`: what a download gave after X."""

    name: str
    row: Row
    camera: str | None
    is_video: bool
    ends_by: Ending = "close code"
    lag_ms_max: int = 1000
    opened_ns: int = 0
    messages: int = 0
    last_ns: int = 0
    newest_utc_us: int = 0
    late_bytes: int = 0
    close: int | None = None
    closed_ns: int = 0
    end: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""

    def evidence(self, expiry_ns: int, offset_ns: int) -> dict[str, Any]:
        """For a report; times relative to X in ms."""
        return (
            {
                "messages": self.messages,
                "last_media_ms": _relative_ms(self.last_ns + offset_ns, expiry_ns) if self.messages else None,
                "last_media": _iso(self.last_ns + offset_ns) if self.messages else None,
                "newest_picture_ms": _relative_ms(self.newest_utc_us * 1000, expiry_ns) if self.newest_utc_us else None,
                "ends_by": self.ends_by,
                "close": self.close,
                "closed_ms": _relative_ms(self.closed_ns + offset_ns, expiry_ns) if self.closed_ns else None,
                "denial": self.end.get("problem", {}).get("code"),
            }
            | ({"late_bytes": self.late_bytes} if self.late_bytes else {})
            | ({"trouble": self.trouble} if self.trouble else {})
        )


def _relative_ms(at_ns: int, expiry_ns: int) -> float:
    return round((at_ns - expiry_ns) / 1e6, 3)


def _iso(at_ns: int) -> str:
    return instant_of(at_ns).isoformat(timespec="milliseconds")
