"""Errors of the gate's client.

LeaseDeniedError    a lease was asked for while its feature is denied
LicensingError      a device's side of licensing cannot begin
├── RootKeyError    the pinned root key cannot be loaded
└── DeviceKeyError  the device's own key cannot be loaded or made
"""

from gate.licence.decision import Denied


class LeaseDeniedError(Exception):
    """`denial` says why and since when; `gate.licence.denials.problem` puts it into words."""

    def __init__(self, denial: Denied) -> None:
        super().__init__(f"{denial.code.value}: {denial.feature.value}, camera {denial.camera or '-'}")
        self.denial = denial


class LicensingError(Exception):
    """One sentence that names the file and what to do."""


class RootKeyError(LicensingError):
    pass


class DeviceKeyError(LicensingError):
    pass
