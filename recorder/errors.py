"""What stops a recorder as a whole. A camera's troubles are states, not errors.

RecorderError
└── AddressInUseError    something else listens where the recorder should
"""


class RecorderError(Exception):
    """One sentence for the person who started the recorder."""


class AddressInUseError(RecorderError):
    pass
