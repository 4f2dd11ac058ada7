"""A device's identity: an Ed25519 key made at its first start. `device.key` stays on the device (mode 0600);
`device.pub` is for the issuer, who may bind an entitlement to it (`licence issue --device-key device.pub`).

The device proves that it has the key by signing a challenge that somebody else chose:
Ed25519 over `edge-device-proof/v1`, a newline and the challenge.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.signing.envelope import seal
from gate.signing.keys import open_pair

DEVICE_KEY_NAME = "device.key"
DEVICE_PUBLIC_NAME = "device.pub"
CHALLENGE_BYTES = range(16, 257)
_PROOF_TYPE = b"edge-device-proof/v1\n"


class DeviceIdentity:
    """The key of one device."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key()

    @property
    def sha256(self) -> str:
        """What an entitlement names: hex SHA-256 over the public key's 32 bytes."""
        return sha256_of(self.public_key)

    def private_pem(self) -> bytes:
        """The key itself, for whoever speaks a protocol of its own with it (SSH). It never leaves the process."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def seal(self, payload: bytes, document_type: str) -> bytes:
        """A document of the device's own: the payload with its signature (gate.signing.envelope)."""
        return seal(payload, self._key, document_type)

    def prove(self, challenge: bytes) -> bytes:
        """The proof of possession, 64 bytes. Raises ValueError unless the challenge is CHALLENGE_BYTES long."""
        return self._key.sign(_signed(challenge))


def open_identity(data_dir: Path) -> DeviceIdentity:
    """The device's key, made if there is none. Raises gate.signing.errors.KeyFileError."""
    return DeviceIdentity(open_pair(data_dir / DEVICE_KEY_NAME, data_dir / DEVICE_PUBLIC_NAME))


def sha256_of(public_key: Ed25519PublicKey) -> str:
    """Hex SHA-256 over the key's 32 bytes."""
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()


def proves(proof: bytes, challenge: bytes, public_key: Ed25519PublicKey) -> bool:
    """Whether whoever made this proof has the private key to this public one."""
    try:
        public_key.verify(proof, _signed(challenge))
    except InvalidSignature:
        return False
    return True


def _signed(challenge: bytes) -> bytes:
    if len(challenge) not in CHALLENGE_BYTES:
        raise ValueError(f"a challenge of {len(challenge)} bytes; 16 to 256 are possible")
    return _PROOF_TYPE + challenge
