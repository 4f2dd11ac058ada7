"""Errors of playback.

RecorderError
└── FootageError    a fragment that the index knows is not there or not whole; names its segment and byte
"""

from recorder.catalog.rows import SegmentId
from recorder.errors import RecorderError


class FootageError(RecorderError):
    """A fragment cannot be read."""

    def __init__(self, reason: str, id: SegmentId, offset: int) -> None:
        super().__init__(f"camera {id.camera}: {id.stream} {id.run:06}-{id.seq:04} at byte {offset}: {reason}")
        self.id = id
        self.offset = offset
