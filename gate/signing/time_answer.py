"""The service's time as a signed answer to a device's nonce (`edge-time/v1`): `{"device_id", "time", "nonce"}`.

Sealed like an entitlement, by the same keys, with the key sets along; what a device makes of it is
`gate.signing.trusted_time`, rules 1 to 3.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.licence.text import Text
from gate.signing.envelope import open_sealed, seal
from gate.signing.errors import EnvelopeError
from gate.signing.trusted_time import SignedTime

TIME_TYPE = "edge-time/v1"
NONCE_BYTES = range(16, 65)


def seal_time(
    device: str, time: datetime, nonce: bytes, key: Ed25519PrivateKey, *, key_sets: Sequence[bytes] = ()
) -> bytes:
    """The answer to that device's nonce. Raises ValueError for a nonce that is not NONCE_BYTES long."""
    if len(nonce) not in NONCE_BYTES:
        raise ValueError(f"a nonce of {len(nonce)} bytes; 16 to 64 are possible")
    payload = {"device_id": device, "time": time.astimezone(UTC).isoformat(), "nonce": nonce.hex()}
    return seal(json.dumps(payload).encode(), key, TIME_TYPE, key_sets=key_sets)


def open_time(content: bytes, device: str, keys: Mapping[str, Ed25519PublicKey]) -> SignedTime:
    """The time in an answer, signed by one of `keys`, for this device. Raises EnvelopeError: the codes of
    `open_sealed`, or INVALID_TIME."""
    payload = open_sealed(content, keys, TIME_TYPE).payload
    try:
        document = json.loads(payload)
        if document.keys() != {"device_id", "time", "nonce"} or document["device_id"] != device:
            raise ValueError
        time = datetime.fromisoformat(document["time"])
        if time.tzinfo is None:
            raise ValueError
        return SignedTime(time=time.astimezone(UTC), nonce=bytes.fromhex(document["nonce"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        problem = Text(ja="時刻の回答の内容に誤りがあります。", en="its answer about the time is wrong")
        raise EnvelopeError("INVALID_TIME", problem) from None
