"""The one way in which devices and services speak SSH: Ed25519, X25519, AES-GCM or ChaCha20, no compression, and no
files of the user's that would change any of it."""

from typing import Any

import asyncssh
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEEPALIVE_SECONDS = 15.0
KEEPALIVES_LOST_MAX = 2
"""A peer that is silent for so many of them is gone."""
LOGIN_SECONDS_MAX = 15.0

OPTIONS: dict[str, Any] = {
    "config": [],
    "kex_algs": ["curve25519-sha256"],
    "encryption_algs": ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"],
    "compression_algs": None,
    "signature_algs": ["ssh-ed25519"],
    "login_timeout": LOGIN_SECONDS_MAX,
    "keepalive_interval": KEEPALIVE_SECONDS,
    "keepalive_count_max": KEEPALIVES_LOST_MAX,
}


def ssh_key_of(public_key: Ed25519PublicKey) -> asyncssh.SSHKey:
    """The same key as SSH knows it."""
    text = public_key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return asyncssh.import_public_key(text)


def public_key_of(key: asyncssh.SSHKey) -> Ed25519PublicKey | None:
    """The other way round; None for a key of another kind."""
    try:
        public = serialization.load_ssh_public_key(key.export_public_key("openssh"))
    except ValueError:
        return None
    return public if isinstance(public, Ed25519PublicKey) else None
