"""The live streams that are wanted for what is on the screen, frame by frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hdmi_out.compositor.canvas import Picture
from hdmi_out.stream import CameraStream

NO_SIGNAL_SECONDS = 2.0
"""Without a new picture for this long, a stream has no signal; one just opened is given as long."""


class Source(NamedTuple):
    """A live stream: of which camera, and `main` or `sub`."""

    camera: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A stream in this frame. `fresh`: its newest picture, if there is a new one. `age_seconds`: since the last one,
    None before the first. `opened_seconds`: since it was asked for. `refusal`: why there are none, else empty."""

    fresh: Picture | None
    age_seconds: float | None
    opened_seconds: float
    refusal: str = ""

    @property
    def live(self) -> bool:
        """Whether its newest picture may be shown."""
        return self.age_seconds is not None and self.age_seconds < NO_SIGNAL_SECONDS

    @property
    def opening(self) -> bool:
        """Whether its first picture may still be on its way."""
        return self.age_seconds is None and self.opened_seconds < NO_SIGNAL_SECONDS and not self.refusal


@dataclass(slots=True)
class _Seen:
    stream: CameraStream
    opened_ns: int
    last_ns: int | None = None


class LiveBoard:
    """Looks at each stream once a frame."""

    def __init__(self) -> None:
        self._seen: dict[Source, _Seen] = {}

    def look(self, streams: Mapping[Source, CameraStream], now_ns: int) -> dict[Source, LiveSource]:
        """What came since the last look. A stream that was opened anew begins anew."""
        seen: dict[Source, _Seen] = {}
        for source, stream in streams.items():
            known = self._seen.get(source)
            seen[source] = known if known and known.stream is stream else _Seen(stream, now_ns)
        self._seen = seen
        return {source: _look(known, now_ns) for source, known in seen.items()}


def _look(known: _Seen, now_ns: int) -> LiveSource:
    fresh = known.stream.take()
    if fresh is not None:
        known.last_ns = now_ns
    return LiveSource(
        fresh=fresh,
        age_seconds=None if known.last_ns is None else (now_ns - known.last_ns) / 1e9,
        opened_seconds=(now_ns - known.opened_ns) / 1e9,
        refusal=known.stream.refusal,
    )
