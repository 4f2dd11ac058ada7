"""An issuer's folder: `root.pub` and the root's `signing.key`; after a rotation `keys.json`, the key sets in order, and
`signing-N.key`, which signs for set N. From then on the root's key is needed for rotations alone and may lie elsewhere.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.signing.envelope import ENVELOPE_BYTES_MAX, KEY_SETS_MAX
from gate.signing.errors import EnvelopeError, KeyBusyError, KeyFileError
from gate.signing.files import read_regular, write_atomically
from gate.signing.key_set import KEYS_MAX, KeySet, open_key_set, seal_key_set, set_zero
from gate.signing.keys import ROOT_KEY_NAME, SIGNING_KEY_NAME, create_key, load_root_key, load_signing_key, open_keys

KEY_SETS_NAME = "keys.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """`key` signs now. `documents`: the sealed key sets, in order; `sets`: what they say, set 0 first."""

    key: Ed25519PrivateKey
    key_path: Path
    root: Ed25519PublicKey
    documents: tuple[bytes, ...]
    sets: tuple[KeySet, ...]

    def known_keys(self) -> dict[str, Ed25519PublicKey]:
        """Every key that has ever signed for this issuer, by kid."""
        return {kid: key for key_set in self.sets for kid, key in key_set.keys.items()}


def open_issuer(folder: Path) -> Issuer:
    """The folder's keys; the first ones are made. Raises KeyFileError."""
    path = folder / KEY_SETS_NAME
    if not path.exists():
        key = open_keys(folder)
        root = key.public_key()
        return Issuer(key=key, key_path=folder / SIGNING_KEY_NAME, root=root, documents=(), sets=(set_zero(root),))
    root = load_root_key(folder / ROOT_KEY_NAME)
    documents = _read_documents(path)
    sets = _chain(documents, root, path)
    key_path = _key_path(folder, sets[-1].version)
    return Issuer(key=load_signing_key(key_path), key_path=key_path, root=root, documents=documents, sets=sets)


def rotate(folder: Path, *, keep_previous: bool = False) -> Issuer:
    """Makes a new signing key and the next key set, signed by the root. The set holds the new key alone, or, with
    `keep_previous`, the keys of the set before it too. Raises KeyFileError or KeyBusyError."""
    root_key = open_keys(folder)
    with exclusive(folder):
        path = folder / KEY_SETS_NAME
        documents = _read_documents(path) if path.exists() else ()
        sets = _chain(documents, root_key.public_key(), path)
        version = sets[-1].version + 1
        if version > KEY_SETS_MAX:
            raise KeyFileError(f"{path}: {KEY_SETS_MAX} rotations are the most; begin anew with another root key")
        try:
            create_key(_key_path(folder, version))
            new = load_signing_key(_key_path(folder, version)).public_key()
            previous = list(sets[-1].keys.values()) if keep_previous else []
            document = seal_key_set(version, [new, *previous][:KEYS_MAX], root_key)
            content = json.dumps([json.loads(one) for one in (*documents, document)], indent=1)
            write_atomically(path, content.encode() + b"\n")
        except OSError as error:
            raise KeyFileError(f"{folder}: the new keys cannot be written: {error.strerror}") from None
    return open_issuer(folder)


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One act of issuing at a time. Raises KeyBusyError at once if another is going on."""
    path = folder / ROOT_KEY_NAME  # it is never replaced, so everybody locks the same file
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise KeyBusyError(f"{folder}: another command is using these keys; try again") from None
    finally:
        os.close(fd)


def _key_path(folder: Path, version: int) -> Path:
    return folder / f"signing-{version}.key"


def _read_documents(path: Path) -> tuple[bytes, ...]:
    try:
        documents = json.loads(read_regular(path, ENVELOPE_BYTES_MAX)[0])
        return tuple(json.dumps(document).encode() for document in [*documents])
    except (OSError, ValueError, TypeError) as error:
        raise KeyFileError(f"{path}: the key sets cannot be read ({error}); bring the file back") from None


def _chain(documents: tuple[bytes, ...], root: Ed25519PublicKey, path: Path) -> tuple[KeySet, ...]:
    try:
        sets = (set_zero(root), *(open_key_set(document, root) for document in documents))
    except EnvelopeError as error:
        raise KeyFileError(f"{path}: {error.problem.en}") from None
    if [key_set.version for key_set in sets] != list(range(len(sets))):
        raise KeyFileError(f"{path}: its versions must be 1, 2, 3 … without a gap; bring the file back")
    return sets
