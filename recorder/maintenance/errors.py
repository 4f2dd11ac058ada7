"""Errors of maintenance.

RecorderError
└── MaintenanceError    what was asked for cannot be done; one sentence that says why and what to do
"""

from recorder.errors import RecorderError


class MaintenanceError(RecorderError):
    """The index cannot be checked, rebuilt or copied."""
