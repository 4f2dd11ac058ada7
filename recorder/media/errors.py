"""Errors of media parsing.

MediaError
├── ParameterSetError   SPS or PPS that no decoder could use
└── BoxError            bytes that are no MP4 boxes
"""


class MediaError(ValueError):
    """Media bytes that cannot be used. Its text is one sentence."""


class ParameterSetError(MediaError):
    """A sequence or picture parameter set is missing or malformed."""


class BoxError(MediaError):
    """An MP4 box is malformed. `offset`: of the box in what was parsed, in bytes."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} (at byte {offset})")
        self.offset = offset
