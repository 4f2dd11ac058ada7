"""Errors of signing.

SigningError
├── EnvelopeError  a file that is no envelope, or whose signature is not by the expected key
├── KeyFileError   a key file that is missing, unreadable, or open to others
└── KeyBusyError   another process is issuing with the same key at this moment
"""

from gate.licence.text import Text


class SigningError(Exception):
    """Its text is one sentence for people."""


class EnvelopeError(SigningError):
    """`code` is stable, `problem` a sentence."""

    def __init__(self, code: str, problem: Text) -> None:
        super().__init__(f"{code}: {problem.en}")
        self.code = code
        self.problem = problem


class KeyFileError(SigningError):
    """Names the file and what to do."""


class KeyBusyError(SigningError):
    """Try again in a moment."""
