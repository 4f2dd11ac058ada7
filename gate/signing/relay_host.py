"""Where a service's relay is and which host key it has (`edge-relay/v1`): `{"host_key", "host", "port"}`.

Sealed like an entitlement, by the same keys, with the key sets along: whoever has the issuer's root key knows the
relay, however the document came. `host` null: where the document was fetched.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.licence.text import Text
from gate.signing.envelope import open_sealed, seal
from gate.signing.errors import EnvelopeError

RELAY_TYPE = "edge-relay/v1"
RELAY_BYTES_MAX = 64 << 10
_FIELDS = {"host_key", "host", "port"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayHost:
    """`host_key`: Ed25519, 32 bytes."""

    host_key: bytes
    host: str | None
    port: int


def seal_relay(relay: RelayHost, key: Ed25519PrivateKey, *, key_sets: Sequence[bytes] = ()) -> bytes:
    """The document for devices."""
    payload = {"host_key": relay.host_key.hex(), "host": relay.host, "port": relay.port}
    return seal(json.dumps(payload).encode(), key, RELAY_TYPE, key_sets=key_sets)


def open_relay(content: bytes, keys: Mapping[str, Ed25519PublicKey]) -> RelayHost:
    """The relay in a document signed by one of `keys`. Raises EnvelopeError: the codes of `open_sealed`, or
    INVALID_RELAY."""
    payload = open_sealed(content, keys, RELAY_TYPE).payload
    try:
        document = json.loads(payload)
        host, port, host_key = document["host"], document["port"], bytes.fromhex(document["host_key"])
        if document.keys() != _FIELDS or not (host is None or isinstance(host, str)) or len(host_key) != 32:
            raise ValueError
        if type(port) is not int or not 1 <= port <= 65535:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        problem = Text(ja="中継の情報に誤りがあります。", en="what it says of its relay is wrong")
        raise EnvelopeError("INVALID_RELAY", problem) from None
    return RelayHost(host_key=host_key, host=host, port=port)
