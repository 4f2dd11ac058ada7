"""The terms of use (利用規約): which version is in force. Their words are in the catalogues, under `terms.`."""

from gate.service.operations.accounts import User

TERMS_VERSION = "2026-01"
"""Raise it with a change of their words: everybody is asked again."""
SECTIONS = 6


def terms_are_accepted(user: User) -> bool:
    """R17: by those who must, in the version that is in force."""
    return user.role not in ("customer", "shared") or user.terms_version == TERMS_VERSION
