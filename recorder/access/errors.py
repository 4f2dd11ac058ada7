"""Errors of access.

recorder.errors.RecorderError
├── AccessStoreError   users, sessions and audit log cannot be read or kept
└── CertificateError   the certificate for TLS cannot be used
"""

from recorder.errors import RecorderError


class AccessStoreError(RecorderError):
    """Names the file."""


class CertificateError(RecorderError):
    """Names the file and what is wrong with it."""
