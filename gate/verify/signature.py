"""What the verifier signs, and opening it again, anywhere and offline. Pure.

1. The document is an envelope like all signed files here: `{"type", "payload": base64, "signatures": [{"kid",
   "sig"}]}`; the signature is over `type || "\\n" || payload`, so that one of another kind of document is worth nothing
   here.
2. The payload lists every file of a report by name, length and SHA-256, and names the verifier's public key.
3. There is one way to write an envelope down. One that is written in another way is not as it was signed, whatever a
   lenient reader would make of it: no byte of it can be changed unseen.
4. A page carries an envelope of its own, in its last line: sent alone, it can be checked alone.
5. Anybody can sign something: what is told of a document before its key is known cannot drive a terminal.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gate.verify.errors import SignatureError

DOCUMENT_TYPE = "edge-verify-report/v1"
ENVELOPE_BYTES_MAX = 4 << 20
FILES_MAX = 10_000
_PAGE_BEGIN, _PAGE_END = b"<!-- " + DOCUMENT_TYPE.encode() + b" ", b" -->\n"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Digest(_Strict):
    """A file of a report; `name` is its path below the report's folder, with `/`."""

    name: str = Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _Signer(_Strict):
    public_key: str = Field(pattern="^[0-9a-f]{64}$")


class Signed(_Strict):
    """What is signed. `verdict`: that of the report."""

    made_at: str = Field(pattern="^[0-9TZ:+.-]{0,40}$")
    verdict: Literal["pass", "fail"]
    signer: _Signer
    files: list[Digest] = Field(max_length=FILES_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document whose signature holds, by the key it names itself. `key`: 32 bytes."""

    signed: Signed
    key: bytes


def digest_of(name: str, content: bytes) -> Digest:
    """A file's entry."""
    return Digest(name=name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def fingerprint(key: bytes) -> str:
    """What people compare: SHA-256 over the key's 32 bytes, hex."""
    return hashlib.sha256(key).hexdigest()


def seal(key: Ed25519PrivateKey, files: Sequence[Digest], *, made_at: str, verdict: Literal["pass", "fail"]) -> bytes:
    """The signed list of a report's files."""
    signer = _Signer(public_key=key.public_key().public_bytes_raw().hex())
    signed = Signed(made_at=made_at, verdict=verdict, signer=signer, files=list(files))
    payload = signed.model_dump_json().encode()
    return _written(payload, fingerprint(bytes.fromhex(signer.public_key))[:16], key.sign(_signed_bytes(payload)))


def open_sealed(content: bytes) -> Opened:
    """What was signed. Raises SignatureError: it is no such document, or not as it was signed."""
    if len(content) > ENVELOPE_BYTES_MAX:
        raise SignatureError(f"the signature is larger than {ENVELOPE_BYTES_MAX} bytes")
    try:
        envelope = json.loads(content)
        payload, (entry,) = base64.b64decode(envelope["payload"], validate=True), envelope["signatures"]
        signed = Signed.model_validate_json(payload)
        key, signature = bytes.fromhex(signed.signer.public_key), base64.b64decode(entry["sig"], validate=True)
        as_written = _written(payload, fingerprint(key)[:16], signature)
    except (ValueError, LookupError, TypeError, RecursionError, ValidationError):
        raise SignatureError("the signature cannot be read: it has been changed, or cut short") from None
    if as_written != content:
        raise SignatureError("the signature is not written as the verifier writes it: it has been changed")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _signed_bytes(payload))
    except (InvalidSignature, ValueError):
        raise SignatureError("the signature does not match what it is said to be of") from None
    return Opened(signed=signed, key=key)


def with_seal(page: bytes, envelope: bytes) -> bytes:
    """The page, and the envelope in its last line."""
    return page + _PAGE_BEGIN + base64.b64encode(envelope) + _PAGE_END


def apart(page: bytes) -> tuple[bytes, bytes] | None:
    """The page without its last line, and the envelope in it; None if it has none. Raises SignatureError."""
    at = page.rfind(_PAGE_BEGIN)
    if at < 0:
        return None
    line = page[at + len(_PAGE_BEGIN) :]
    if not line.endswith(_PAGE_END):
        raise SignatureError("something stands behind the signature, or its end was cut off")
    try:
        envelope = base64.b64decode(line.removesuffix(_PAGE_END), validate=True)
    except ValueError:
        raise SignatureError("the signature cannot be read: it has been changed, or cut short") from None
    if with_seal(page[:at], envelope) != page:
        raise SignatureError("the signature is not written as the verifier writes it: it has been changed")
    return page[:at], envelope


def _written(payload: bytes, kid: str, signature: bytes) -> bytes:
    envelope: Mapping[str, Any] = {
        "type": DOCUMENT_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"kid": kid, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, indent=1).encode() + b"\n"


def _signed_bytes(payload: bytes) -> bytes:
    return DOCUMENT_TYPE.encode() + b"\n" + payload
