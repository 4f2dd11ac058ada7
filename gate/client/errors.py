"""Errors of the gate's client.

LeaseDeniedError  a lease was asked for while its feature is denied
RootKeyError      the pinned root key cannot be loaded
"""

from gate.licence.decision import Denied


class LeaseDeniedError(Exception):
    """`denial` says why and since when; `gate.licence.denials.problem` puts it into words."""

    def __init__(self, denial: Denied) -> None:
        super().__init__(f"{denial.code.value}: {denial.feature.value}, camera {denial.camera or '-'}")
        self.denial = denial


class RootKeyError(Exception):
    """One sentence that names the file and what to do."""
