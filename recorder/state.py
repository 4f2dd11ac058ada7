"""What a person wants to know of each camera, kept by ingest and recording, read by every surface.

Writers set fields and call `StateBoard.changed()`; readers take `snapshot()`s and await `wait_changed(version)`.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

StreamPhase = Literal["connecting", "streaming", "stalled", "unauthorized", "refused", "unsupported", "off"]
RecordingPhase = Literal["recording", "waiting", "stopped"]
"""`waiting`: licensed, but no picture comes; with the reason `event_mode`: for an event. `stopped`: `reason` says why
(a gap reason of the catalogue)."""
RecordingModeName = Literal["continuous", "event", "schedule", "off"]


@dataclass(slots=True, kw_only=True)
class StreamState:
    """One connection to a camera. `message` is a sentence for people, empty while all is well. `source`: "native" (our
    own RTSP) or "libav"; `transport`: "tcp" or "udp", empty where there is neither. `clock_skew_ms`: how far the
    camera's clock is ahead of ours, None while it does not tell."""

    phase: StreamPhase = "connecting"
    since: datetime
    message: str = ""
    width: int = 0
    height: int = 0
    codec: str = ""
    fps: float = 0.0
    bitrate_bps: int = 0
    units: int = 0
    packets_lost: int = 0
    pictures_dropped: int = 0
    source: str = ""
    transport: str = ""
    clock_skew_ms: int | None = None
    last_unit_monotonic_ns: int | None = None


@dataclass(slots=True, kw_only=True)
class RecordingState:
    """Whether the camera is being written to disk, and if not, why."""

    mode: RecordingModeName = "continuous"
    phase: RecordingPhase = "waiting"
    since: datetime
    reason: str | None = None
    last_picture: datetime | None = None
    """The label of the newest picture handed to the disk."""


@dataclass(slots=True, kw_only=True)
class CameraState:
    """All of one camera. `streams` has `main`, and `sub` if configured; `sub_recording`: where that is recorded too."""

    id: str
    name: str
    streams: dict[str, StreamState]
    recording: RecordingState
    sub_recording: RecordingState | None = None

    def recording_of(self, stream: str) -> RecordingState:
        """Of a stream that is recorded."""
        return self.sub_recording if stream == "sub" and self.sub_recording is not None else self.recording


@dataclass(slots=True, kw_only=True)
class StorageState:
    """The recording volume. `message` is empty while all is well, else it says what is wrong and what to do."""

    used_bytes: int = 0
    bytes_max: int = 0
    free_bytes: int = 0
    segments: int = 0
    oldest: datetime | None = None
    written_bytes_per_second: float = 0.0
    message: str = ""


@dataclass(slots=True)
class StateBoard:
    """The recorder's whole state, in memory."""

    cameras: dict[str, CameraState]
    storage: StorageState = field(default_factory=StorageState)
    identify_until: datetime | None = None
    """Until when the monitor shows which recorder it belongs to, so that somebody in front of several finds it."""
    version: int = 0
    _event: asyncio.Event = field(default_factory=asyncio.Event)

    def identify(self, until: datetime) -> None:
        """Has the monitor show this recorder's name all over the screen until then; a past instant ends it."""
        self.identify_until = until
        self.changed()

    def changed(self) -> None:
        """Tells the readers to look again. Call it after a change of phase, not per picture."""
        self.version += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait_changed(self, seen: int) -> int:
        """The version, as soon as it differs from `seen`."""
        while self.version == seen:
            await self._event.wait()
        return self.version
