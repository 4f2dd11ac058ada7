"""Errors of exports.

RecorderError
└── ExportError          an export cannot be made; `code` is that of the problem (recorder.web.problem)
    ├── NoRoomError      exports may take no more, or the disk has reached its floor
    └── FootageGoneError footage went (retention, a volume that was taken away) after it had been planned
"""

from recorder.errors import RecorderError


class ExportError(RecorderError):
    """One sentence for the log."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class NoRoomError(ExportError):
    pass


class FootageGoneError(ExportError):
    pass
