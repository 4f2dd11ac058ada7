"""What a device says under its own key, and reading that again, anywhere and offline.

The payload is a JSON object that carries `device.public_key` (hex of 32 bytes). Without a key that the reader has from
elsewhere (`device.pub`, the device's label) a signature proves only that nothing was changed since that key signed it.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.licence.text import Text
from gate.signing.device_label import label_of
from gate.signing.envelope import open_sealed, read_unverified
from gate.signing.errors import EnvelopeError, KeyFileError
from gate.signing.identity import DeviceIdentity, sha256_of
from gate.signing.keys import kid_of, load_root_key

_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")
_ALTERED = Text(
    ja="署名が内容と一致しません。作成後に変更されています。", en="its signature does not match: it has been changed"
)
_NO_DOCUMENT = Text(
    ja="機器が署名した文書ではありません。途中で切れている可能性があります。",
    en="this is no whole document signed by a device",
)


class AttestationError(Exception):
    """`code` is stable (those of gate.signing.envelope, NO_KEY, WRONG_DEVICE), `problem` a sentence."""

    def __init__(self, code: str, problem: Text) -> None:
        super().__init__(f"{code}: {problem.en}")
        self.code = code
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """A document whose signature holds. `key_known`: whether it is by the key that the reader had from elsewhere."""

    payload: dict[str, Any]
    key_sha256: str
    key_known: bool


class Attestor:
    """Speaks for one device."""

    def __init__(self, identity: DeviceIdentity) -> None:
        self._identity = identity

    @property
    def public_key(self) -> str:
        """Hex of the key's 32 bytes."""
        return self._identity.public_key.public_bytes_raw().hex()

    @property
    def key_sha256(self) -> str:
        """Hex SHA-256 of the key: what a person compares."""
        return self._identity.sha256

    def attest(self, document_type: str, content: dict[str, Any]) -> bytes:
        """The sealed document; `device.public_key` is added to what it says."""
        device = {**content.get("device", {}), "public_key": self.public_key, "key_sha256": self.key_sha256}
        payload = json.dumps({**content, "device": device}, ensure_ascii=False).encode()
        return self._identity.seal(payload, document_type)


def open_attested(sealed: bytes, document_type: str, known: bytes | None = None) -> Attested:
    """What a device has said. `known`: the 32 bytes of its key, as the reader has them. Raises AttestationError."""
    try:
        named = _named_key(read_unverified(sealed, document_type))
        key = Ed25519PublicKey.from_public_bytes(named)
        payload = json.loads(open_sealed(sealed, {kid_of(key): key}, document_type).payload)
    except EnvelopeError as error:
        raise AttestationError(error.code, _ALTERED if error.code == "BAD_SIGNATURE" else _NO_DOCUMENT) from None
    if known is not None and known != named:
        raise AttestationError(
            "WRONG_DEVICE",
            Text(
                ja=f"別の機器の鍵（{sha256_of(key)[:16]}…）で署名されています。",
                en=f"it was signed by another device, whose key is {sha256_of(key)[:16]}…",
            ),
        )
    return Attested(payload=payload, key_sha256=sha256_of(key), key_known=known is not None)


def read_device_key(text: str) -> bytes:
    """A device's public key, 32 bytes: of a `device.pub` file, in hex, or the text of the device's label. Raises
    AttestationError NO_KEY."""
    label = label_of(text)
    if label is not None:
        return label.public_key.public_bytes_raw()
    if _HEX_KEY.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return load_root_key(Path(text)).public_bytes_raw()
    except KeyFileError as error:
        raise AttestationError("NO_KEY", Text(ja=f"機器の公開鍵を読めません: {error}", en=str(error))) from None


def _named_key(payload: bytes) -> bytes:
    try:
        named = bytes.fromhex(json.loads(payload)["device"]["public_key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        named = b""
    if len(named) != 32:
        raise EnvelopeError("MALFORMED", Text(ja="機器の鍵がありません。", en="it names no device key"))
    return named
