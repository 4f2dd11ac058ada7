"""Errors of the units.

RecorderError
└── SystemdError    units cannot be written or asked for; its text says what to do
"""

from recorder.errors import RecorderError


class SystemdError(RecorderError):
    """systemd is not there, or does not let us."""
