"""Opaque secrets: tokens of sessions and of programs. Only their hashes are ever stored."""

import hashlib
import hmac
import secrets

_BYTES = 32
_TEXT_MAX = 128


def new_token() -> str:
    """256 bits in 43 characters that are safe in cookies and headers."""
    return secrets.token_urlsafe(_BYTES)


def hash_of(token: str) -> str:
    """What the store knows it by. A token is long and random: a plain hash suffices, and looks it up by an index."""
    return hashlib.sha256(token[:_TEXT_MAX].encode(errors="replace")).hexdigest()


def form_token(token: str) -> str:
    """The proof a form carries that it was made for the holder of this cookie (CSRF). From one the other cannot be
    found, and it changes with the cookie."""
    return hmac.new(token.encode(errors="replace"), b"form", hashlib.sha256).hexdigest()


def form_token_fits(token: str, proof: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(form_token(token).encode(), proof.encode(errors="replace"))
