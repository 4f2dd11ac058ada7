"""Errors of the catalogue.

RecorderError
└── CatalogError    the index cannot be opened or used; its text says what to do
"""

from recorder.errors import RecorderError


class CatalogError(RecorderError):
    """The index of a volume cannot be used."""
