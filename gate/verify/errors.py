"""VerifyError ── SiteError: there is no site to judge ── CommandError: a command refuses
├── ProbeError: something could not be found out
├── KeyFileError: a key cannot be used
└── SignatureError: a document is not as it was signed."""

import aiohttp

UNFORESEEN = (LookupError, TypeError, ValueError, aiohttp.ClientError, OSError)
"""What an answer of a kind that nobody thought of, or none, ends in; a timeout of our own among them."""


def unforeseen_text(error: Exception) -> str:
    """One of UNFORESEEN, in a sentence."""
    what = "nothing answers" if isinstance(error, aiohttp.ClientError | OSError) else "an answer cannot be understood"
    return f"{what}: {type(error).__name__} {error}"


class VerifyError(Exception):
    """Its text is one sentence for the person who started the verifier."""


class SiteError(VerifyError):
    """The site under test does not start, or cannot be driven."""


class CommandError(SiteError):
    """A command of the product ended as one that cannot or may not do what was asked."""


class ProbeError(VerifyError):
    """Neither that a function works nor that it stops could be seen: its cell is `not run`."""


class KeyFileError(VerifyError):
    """A file that should hold a key."""


class SignatureError(VerifyError):
    """A signed document is not whole, or no signed document."""
