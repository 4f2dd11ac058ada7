"""The verifier's own key, Ed25519: private (PKCS #8 PEM, mode 0600) with its public half beside it (`.pub`). Blocks."""

import contextlib
import os
import re
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.verify.errors import KeyFileError

KEY_BYTES_MAX = 16 << 10
_HEX = re.compile(r"[0-9a-fA-F]{64}")


def default_key() -> Path:
    """Where the key is kept if nobody says otherwise: the user's data folder."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "edge-recorder" / "verify.key"


def public_of(private: Path) -> Path:
    """Where its public half lies."""
    return private.with_suffix(".pub")


def open_signing_key(path: Path) -> Ed25519PrivateKey:
    """The key, made with its public half at first use and never replaced. Refuses one that others can read. Raises
    KeyFileError."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _create(path, _private_pem(Ed25519PrivateKey.generate()), 0o600)
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise KeyFileError(f"{path}: others can read this key (mode {mode:o}); run: chmod 600 {path}")
        key = _private(path)
        public = public_of(path)
        if not public.exists():
            _create(public, _public_pem(key.public_key()), 0o644)
    except OSError as error:
        raise KeyFileError(f"{error.filename or path}: the key cannot be used: {error.strerror}") from None
    if read_public_key(str(public)) != key.public_key().public_bytes_raw():
        raise KeyFileError(f"{public} does not belong to {path}: move away the one that is wrong")
    return key


def read_public_key(text: str) -> bytes:
    """The 32 bytes of a public key: 64 hex digits, or the name of a PEM file. Raises KeyFileError."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        key = serialization.load_pem_public_key(_read(Path(text)))
    except OSError as error:
        raise KeyFileError(f"{text}: the key cannot be read: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(f"{text}: this is no public key in PEM form") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{text}: an Ed25519 key is wanted")
    return key.public_bytes_raw()


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path}: this is no unencrypted private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: an Ed25519 key is wanted")
    return key


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(KEY_BYTES_MAX)


def _create(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all; a file that another process has made meanwhile stays."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(beside)
    finally:
        beside.unlink()


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
