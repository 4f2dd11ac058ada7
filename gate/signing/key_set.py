"""Key sets: which keys may sign entitlements. The root signs each set; set 0 is the root itself, written nowhere.

Payload of an `edge-keys/v1` document: `{"version": n, "keys": [{"kid", "public_key": base64 of 32 bytes}]}`.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.licence.text import Text
from gate.signing.envelope import KEY_SETS_MAX, seal, verify
from gate.signing.errors import EnvelopeError
from gate.signing.keys import kid_of

KEYS_TYPE = "edge-keys/v1"
KEYS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """`keys` by kid. `payload`: the exact bytes that the root signed, empty for set 0."""

    version: int
    keys: Mapping[str, Ed25519PublicKey]
    payload: bytes = b""


def set_zero(root: Ed25519PublicKey) -> KeySet:
    """What a device trusts that has the root key and has heard of no rotation."""
    return KeySet(version=0, keys={kid_of(root): root})


def seal_key_set(version: int, keys: Iterable[Ed25519PublicKey], root: Ed25519PrivateKey) -> bytes:
    """The document that makes these keys, and no others, trusted."""
    entries = [{"kid": kid_of(key), "public_key": base64.b64encode(key.public_bytes_raw()).decode()} for key in keys]
    payload = json.dumps({"version": version, "keys": entries}).encode()
    _parse(payload)
    return seal(payload, root, KEYS_TYPE)


def open_key_set(content: bytes, root: Ed25519PublicKey) -> KeySet:
    """The set in a sealed document. Raises EnvelopeError: the codes of `open_sealed`, or INVALID_KEYS."""
    return _parse(verify(content, root, KEYS_TYPE))


def _parse(payload: bytes) -> KeySet:
    try:
        document = json.loads(payload)
        version, entries = document["version"], document["keys"]
        if document.keys() != {"version", "keys"} or type(version) is not int or not 1 <= version <= KEY_SETS_MAX:
            raise ValueError
        keys = dict(map(_key, entries))
        if not 1 <= len(entries) <= KEYS_MAX or len(keys) < len(entries):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        problem = Text(
            ja="鍵の一覧の内容に誤りがあります。発行元に連絡してください。",
            en="its list of keys is wrong; tell its issuer",
        )
        raise EnvelopeError("INVALID_KEYS", problem) from None
    return KeySet(version=version, keys=keys, payload=payload)


def _key(entry: Any) -> tuple[str, Ed25519PublicKey]:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(entry["public_key"], validate=True))
    if entry.keys() != {"kid", "public_key"} or entry["kid"] != kid_of(key):
        raise ValueError
    return kid_of(key), key
