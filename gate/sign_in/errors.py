"""Errors of who may come in.

AccessError
└── PasswordsBusyError  too many passwords are being checked
"""


class AccessError(Exception):
    """Something about a sign-in that is nobody's fault."""


class PasswordsBusyError(AccessError):
    """Try again in a moment: nothing was checked, nothing has changed."""
