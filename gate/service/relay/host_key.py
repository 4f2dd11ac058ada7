"""The relay's own SSH key, and the signed document by which devices know it."""

from dataclasses import dataclass
from pathlib import Path

import asyncssh
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate.signing.issuer import Issuer
from gate.signing.keys import open_pair
from gate.signing.relay_host import RelayHost, seal_relay

KEY_NAME, PUBLIC_NAME = "relay.key", "relay.pub"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """Not an issuer's key: whoever steals it can pose as this relay, and sign nothing."""

    key: Ed25519PrivateKey

    def ssh_key(self) -> asyncssh.SSHKey:
        """As SSH wants it."""
        return asyncssh.import_private_key(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def document(self, issuer: Issuer, *, host: str | None, port: int) -> bytes:
        """What a device pins, for `GET /api/v1/relay`."""
        relay = RelayHost(host_key=self.key.public_key().public_bytes_raw(), host=host, port=port)
        return seal_relay(relay, issuer.key, key_sets=issuer.documents)


def open_host_key(folder: Path) -> HostKey:
    """The folder's key, made the first time. Raises gate.signing.errors.KeyFileError."""
    return HostKey(key=open_pair(folder / KEY_NAME, folder / PUBLIC_NAME))
