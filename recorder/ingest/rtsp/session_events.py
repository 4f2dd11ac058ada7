"""What happens in an RTSP session."""

from dataclasses import dataclass

from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.session_sound import SoundEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """The camera has agreed to send. `keep_alive_seconds`: how often to call `keep_alive`."""

    keep_alive_seconds: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The camera has answered TEARDOWN."""


Event = Playing | Picture | SoundEvent | Closed
