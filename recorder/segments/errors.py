"""Errors of the recording volume.

RecorderError
└── VolumeError         the volume cannot be used as a whole
    ├── VolumeLockedError   another recorder writes to it
    └── VolumeMissingError  its footage is not where it should be: not mounted, or another disk
"""

from recorder.errors import RecorderError


class VolumeError(RecorderError):
    """The recording volume cannot be used; one sentence that says what to do."""


class VolumeLockedError(VolumeError):
    """Another recorder writes to this volume."""


class VolumeMissingError(VolumeError):
    """The index knows footage that is not there."""
