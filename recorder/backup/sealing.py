"""The private part of a backup under a passphrase: AES-256-GCM (NIST SP 800-38D), its key by scrypt (RFC 7914).

Sealed: a line of JSON with the parameters, then the ciphertext. The line is authenticated, too.
"""

import base64
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from recorder.backup.errors import BackupError

PASSPHRASE_CHARACTERS_MIN = 12
_N, _R, _P = 1 << 16, 8, 1
"""64 MiB of memory, about 0.2 s: a recorder with 1 GB can do it."""
_MEMORY_BYTES_MAX, _P_MAX = 256 << 20, 4
"""A file may not ask for more: whoever made it may want the recorder's memory."""
_HEAD_BYTES_MAX = 1024
_FORM = "edge-backup-sealed/v1"


def seal_private(content: bytes, passphrase: str) -> bytes:
    """Raises BackupError for a passphrase that is too short."""
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        raise BackupError(f"a passphrase of {PASSPHRASE_CHARACTERS_MIN} characters or more is wanted")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    head = json.dumps({"form": _FORM, "n": _N, "r": _R, "p": _P, "salt": _text(salt), "nonce": _text(nonce)}).encode()
    key = Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode())
    return head + b"\n" + AESGCM(key).encrypt(nonce, content, head)


def open_private(sealed: bytes, passphrase: str) -> bytes:
    """Raises BackupError for another passphrase, or for anything that is not as it was sealed."""
    head, newline, content = sealed.partition(b"\n")
    try:
        if not newline or len(head) > _HEAD_BYTES_MAX:
            raise ValueError
        given: dict[str, Any] = json.loads(head)
        n, r, p = int(given["n"]), int(given["r"]), int(given["p"])
        salt, nonce = (base64.b64decode(given[name], validate=True) for name in ("salt", "nonce"))
        if given["form"] != _FORM or len(nonce) != 12:
            raise ValueError
        if min(n, r, p) < 1 or 128 * n * r > _MEMORY_BYTES_MAX or p > _P_MAX:
            raise ValueError
        key = Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode())
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BackupError("its private part is of a form that this version does not know") from None
    try:
        return AESGCM(key).decrypt(nonce, content, head)
    except InvalidTag:
        raise BackupError("the passphrase is another one, or its private part was altered") from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
