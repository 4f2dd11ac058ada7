"""Key files, all Ed25519: private ones (`signing.key`, PKCS #8 PEM, mode 0600) and public ones (`root.pub`,
SubjectPublicKeyInfo PEM)."""

import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.signing.errors import KeyFileError
from gate.signing.files import read_regular, write_atomically

SIGNING_KEY_NAME = "signing.key"
ROOT_KEY_NAME = "root.pub"
KEY_BYTES_MAX = 16 << 10


def kid_of(key: Ed25519PublicKey) -> str:
    """A key's name: the first 16 hex digits of SHA-256 over its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def load_root_key(path: Path) -> Ed25519PublicKey:
    """A public key, usually the root's. Raises KeyFileError."""
    content, _ = _read(path, "put the root.pub of your licence issuer there, or issue a licence first")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path}: this is no public key in PEM form") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{path}: an Ed25519 key is wanted")
    return key


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Refuses a key that others can read. Raises KeyFileError."""
    content, status = _read(path, "give the folder that holds it")
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise KeyFileError(f"{path}: others can read this key (mode {mode:o}); run: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path}: this is no unencrypted private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: an Ed25519 key is wanted")
    return key


def open_keys(folder: Path) -> Ed25519PrivateKey:
    """The root's private key of an issuer's folder; made with its `root.pub` the first time. Never replaces either
    file: recorders have the root key pinned. Raises KeyFileError."""
    return open_pair(folder / SIGNING_KEY_NAME, folder / ROOT_KEY_NAME)


def open_pair(private: Path, public: Path) -> Ed25519PrivateKey:
    """A private key and its public half, both made the first time and never replaced. Raises KeyFileError."""
    try:
        if not private.exists():
            if public.exists():
                raise KeyFileError(
                    f"{public} is here but {private} is not: whoever trusts this {public.name} would refuse what a new "
                    f"key signs; bring the key back, or move {public.name} away to begin anew"
                )
            create_key(private)
        key = load_signing_key(private)
        if not public.exists():
            _create(public, _public_pem(key.public_key()), 0o644)
    except OSError as error:
        raise KeyFileError(f"{error.filename or private.parent}: cannot make the keys: {error.strerror}") from None
    if kid_of(load_root_key(public)) != kid_of(key.public_key()):
        raise KeyFileError(f"{public} does not belong to {private}: move away the one that is wrong")
    return key


def create_key(path: Path) -> None:
    """A new private key, unless one is there. Raises OSError."""
    _create(path, _private_pem(Ed25519PrivateKey.generate()), 0o600)


def _create(path: Path, content: bytes, mode: int) -> None:
    try:
        write_atomically(path, content, mode=mode, replace=False)
    except FileExistsError:
        return  # another process was first: its key counts


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path, remedy: str) -> tuple[bytes, os.stat_result]:
    try:
        return read_regular(path, KEY_BYTES_MAX)
    except FileNotFoundError:
        raise KeyFileError(f"{path}: there is no such key file; {remedy}") from None
    except OSError as error:
        raise KeyFileError(f"{path}: the key cannot be read: {error.strerror}") from None
