"""Errors of the licence service.

ServiceError
├── StoreError   the database cannot be used: not there, not ours, or newer than this program
└── ListenError  an address that is taken
"""


class ServiceError(Exception):
    """Its text is one sentence for people."""


class StoreError(ServiceError):
    """Says which database, and what to do."""


class ListenError(ServiceError):
    """Names the address."""
