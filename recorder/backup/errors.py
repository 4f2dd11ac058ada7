"""RecorderError
└── BackupError    one sentence: why it cannot be backed up or restored, and what to do
"""

from recorder.errors import RecorderError


class BackupError(RecorderError):
    """Nothing has been changed, unless it says so."""
