"""The signed file: `{"type": "edge-entitlement/v1", "payload": base64, "signatures": [{"kid", "sig"}]}`, and, once
keys have been rotated, `"key_sets"`: the documents, from version 1 on, that make the signing key a trusted one.

Rules, in this order:
1. A file larger than the bound is not read further.
2. The type is compared before anything is decoded; it is part of what is signed (`type || "\\n" || payload`), so that a
   signature of another kind of document is worth nothing here.
3. The signature is verified over the payload's exact bytes; there is no canonical form.
4. Only a verified payload is handed on to a parser.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.licence.text import Text
from gate.signing.errors import EnvelopeError
from gate.signing.keys import kid_of

ENTITLEMENT_TYPE = "edge-entitlement/v1"
ENVELOPE_BYTES_MAX = 1 << 20
SIGNATURES_MAX = 8
KEY_SETS_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A payload whose signature by the key `kid` has been verified."""

    payload: bytes
    kid: str


def seal(
    payload: bytes, key: Ed25519PrivateKey, document_type: str = ENTITLEMENT_TYPE, *, key_sets: Sequence[bytes] = ()
) -> bytes:
    """The file's content: the payload and this key's signature. `key_sets`: sealed documents that go along."""
    signature = key.sign(_signed_bytes(document_type, payload))
    envelope: dict[str, Any] = {
        "type": document_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"kid": kid_of(key.public_key()), "sig": base64.b64encode(signature).decode()}],
    }
    if key_sets:
        envelope["key_sets"] = [json.loads(key_set) for key_set in key_sets]
    return json.dumps(envelope, indent=1).encode() + b"\n"


def verify(content: bytes, root: Ed25519PublicKey, document_type: str = ENTITLEMENT_TYPE) -> bytes:
    """The payload, signed by `root`. Raises EnvelopeError as `open_sealed` does."""
    return open_sealed(content, {kid_of(root): root}, document_type).payload


def open_sealed(content: bytes, keys: Mapping[str, Ed25519PublicKey], document_type: str = ENTITLEMENT_TYPE) -> Sealed:
    """The payload, signed by one of `keys` (by kid). Raises EnvelopeError: EMPTY, OVERSIZED, MALFORMED, WRONG_TYPE,
    UNKNOWN_KEY, BAD_SIGNATURE."""
    envelope = _open(content, document_type)
    payload = _bytes(envelope["payload"])
    signatures = [entry for entry in envelope["signatures"] if entry["kid"] in keys]
    if not signatures:
        raise EnvelopeError(
            "UNKNOWN_KEY",
            Text(
                ja="信頼されていない鍵で署名されています。"
                "この機器の root.pub の発行元から最新のファイルを受け取ってください。",
                en="it is signed with another issuer's key, or with a retired one; use the newest file of the issuer "
                "whose root.pub this device has",
            ),
        )
    for entry in signatures:
        try:
            keys[entry["kid"]].verify(_bytes(entry["sig"]), _signed_bytes(document_type, payload))
        except InvalidSignature:
            continue
        return Sealed(payload=payload, kid=entry["kid"])
    raise EnvelopeError(
        "BAD_SIGNATURE",
        Text(
            ja="署名が内容と一致しません。ファイルが書き換えられています。発行元から受け取り直してください。",
            en="its signature does not match its content: the file has been changed; get it again from its issuer",
        ),
    )


def key_sets_in(content: bytes, document_type: str = ENTITLEMENT_TYPE) -> list[bytes]:
    """The key sets that came along, each still sealed and unverified. Raises EnvelopeError."""
    return [json.dumps(key_set).encode() for key_set in _open(content, document_type).get("key_sets", [])]


def read_unverified(content: bytes, document_type: str = ENTITLEMENT_TYPE) -> bytes:
    """The payload without any check of its signature: to show to people only. Raises EnvelopeError."""
    return _bytes(_open(content, document_type)["payload"])


def _open(content: bytes, document_type: str) -> dict[str, Any]:
    if len(content) > ENVELOPE_BYTES_MAX:
        raise EnvelopeError(
            "OVERSIZED", Text(ja="ファイルが大きすぎます。", en=f"it is larger than {ENVELOPE_BYTES_MAX} bytes")
        )
    if not content.strip():
        raise EnvelopeError("EMPTY", Text(ja="ファイルが空です。", en="it is empty"))
    try:
        envelope = json.loads(content)
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(envelope, dict):
        raise _malformed()
    if envelope.get("type") != document_type:
        raise EnvelopeError(
            "WRONG_TYPE",
            Text(
                ja=f"{document_type} の文書ではありません。",
                en=f"it is a document of type {envelope.get('type')!r:.60}, not {document_type!r}",
            ),
        )
    signatures, key_sets = envelope.get("signatures"), envelope.get("key_sets", [])
    if (
        envelope.keys() - {"key_sets"} != {"type", "payload", "signatures"}
        or not isinstance(signatures, list)
        or len(signatures) > SIGNATURES_MAX
        or not all(isinstance(entry, dict) and entry.keys() == {"kid", "sig"} for entry in signatures)
        or not all(isinstance(entry["kid"], str) for entry in signatures)
        or not isinstance(key_sets, list)
        or len(key_sets) > KEY_SETS_MAX
    ):
        raise _malformed()
    return envelope


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise _malformed()
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise _malformed() from None


def _signed_bytes(document_type: str, payload: bytes) -> bytes:
    return document_type.encode() + b"\n" + payload


def _malformed() -> EnvelopeError:
    return EnvelopeError(
        "MALFORMED",
        Text(
            ja="ライセンスファイルの形式ではありません。途中で切れている可能性があります。発行元から受け取り直してください。",
            en="it is not a whole licence file, perhaps it was cut short; get it again from its issuer",
        ),
    )
