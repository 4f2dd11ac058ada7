"""Licence documents for tests: by the root itself, or by a key of a key set."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate.licence.entitlement import payload_of
from gate.signing.envelope import seal
from gate.signing.key_set import seal_key_set
from gate.signing.keys import kid_of
from tests.fakes.entitlements import NEW_YEAR, entitlement, span


def key(number: int) -> Ed25519PrivateKey:
    """Always the same one."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


ROOT = key(1)


def key_set(version: int, *keys: Ed25519PrivateKey, root: Ed25519PrivateKey = ROOT) -> bytes:
    return seal_key_set(version, [one.public_key() for one in keys], root)


def document(
    seq: int = 1,
    *,
    signed_by: Ed25519PrivateKey = ROOT,
    key_sets: Sequence[bytes] = (),
    until: float = 1000,
    issued_at: datetime = NEW_YEAR,
    **changes: Any,
) -> bytes:
    """An entitlement of cam1 until so many seconds after NEW_YEAR; `changes` may make it lie."""
    fields = {"seq": seq, "kid": kid_of(signed_by.public_key()), "issued_at": issued_at} | changes
    cameras = fields.pop("cameras", {"cam1": (span(0, until),)})
    pubkey = fields.pop("device_pubkey_sha256", None)
    made = replace(entitlement(cameras, **fields), device_pubkey_sha256=pubkey)
    return seal(payload_of(made), signed_by, key_sets=key_sets)
