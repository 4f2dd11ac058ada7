"""A person of the licence service, as the service tells a device (`edge-visitor/v1`): who it is, for a moment.

Sealed like an entitlement, by the same keys, and packed into one word of URL-safe characters. Rules for the device:
1. The signature is by a key that the device trusts, over this very type (the codes of gate.signing.envelope).
2. It is for this device (OTHER_DEVICE), and for the way it came (OTHER_WAY): what the relay brings along opens no
   session, what opens a session does not come by the relay.
3. It is in time: issued at most EARLY_MAX ahead of the device, and not over (NOT_YET, OVER); none lasts longer than
   LASTS_MAX (INVALID_VISITOR).
Its nonce counts once; keeping count is the device's (gate.client.visitors).
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gate.licence.text import Text
from gate.signing.envelope import open_sealed, seal
from gate.signing.errors import EnvelopeError

VISITOR_TYPE = "edge-visitor/v1"
LASTS_MAX = timedelta(minutes=2)
EARLY_MAX = timedelta(seconds=30)
TOKEN_CHARACTERS_MAX = 4096

PersonRole = Literal["customer", "shared"]
Way = Literal["relay", "sign_in"]
_FIELDS = {"device_id", "name", "role", "way", "issued_at", "expires_at", "until", "nonce"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """`name`: the account's address. `until`: how long a session opened by it may last. `nonce`: hex; for `sign_in` the
    one that the device has asked with."""

    device: str
    name: str
    role: PersonRole
    way: Way
    issued_at: datetime
    expires_at: datetime
    until: datetime
    nonce: str


def seal_visitor(visitor: Visitor, key: Ed25519PrivateKey) -> str:
    """The word that says so."""
    payload = {
        "device_id": visitor.device,
        "name": visitor.name,
        "role": visitor.role,
        "way": visitor.way,
        "issued_at": visitor.issued_at.astimezone(UTC).isoformat(),
        "expires_at": visitor.expires_at.astimezone(UTC).isoformat(),
        "until": visitor.until.astimezone(UTC).isoformat(),
        "nonce": visitor.nonce,
    }
    sealed = json.loads(seal(json.dumps(payload).encode(), key, VISITOR_TYPE))
    packed = json.dumps(sealed, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def open_visitor(token: str, device: str, way: Way, keys: Mapping[str, Ed25519PublicKey], now: datetime) -> Visitor:
    """Who it is, by rules 1 to 3. Raises EnvelopeError."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise _wrong("OVERSIZED", "長すぎます", "it is too long")
    try:
        content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _wrong("MALFORMED", "形式が正しくありません", "it is no visitor's word") from None
    visitor = _parse(open_sealed(content, keys, VISITOR_TYPE).payload)
    if visitor.device != device:
        raise _wrong("OTHER_DEVICE", "別の機器用です", "it is for another device")
    if visitor.way != way:
        raise _wrong("OTHER_WAY", "別の用途のものです", "it is for another way in")
    if visitor.issued_at > now + EARLY_MAX:
        raise _wrong("NOT_YET", "発行時刻が先です", "it was issued in this device's future")
    if visitor.expires_at <= now:
        raise _wrong("OVER", "有効時間が過ぎています", "its time is over")
    return visitor


def _parse(payload: bytes) -> Visitor:
    try:
        document = json.loads(payload)
        times = {name: datetime.fromisoformat(document[name]) for name in ("issued_at", "expires_at", "until")}
        texts = {name: document[name] for name in ("device_id", "name", "role", "way", "nonce")}
        if document.keys() != _FIELDS or not all(isinstance(text, str) and text for text in texts.values()):
            raise ValueError
        if any(time.tzinfo is None for time in times.values()) or len(bytes.fromhex(texts["nonce"])) < 16:
            raise ValueError
        if texts["role"] not in ("customer", "shared") or texts["way"] not in ("relay", "sign_in"):
            raise ValueError
        if not timedelta() < times["expires_at"] - times["issued_at"] <= LASTS_MAX:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise _wrong("INVALID_VISITOR", "内容に誤りがあります", "what it says is wrong") from None
    return Visitor(
        device=texts["device_id"],
        name=texts["name"],
        role=texts["role"],
        way=texts["way"],
        nonce=texts["nonce"],
        **{name: time.astimezone(UTC) for name, time in times.items()},
    )


def _wrong(code: str, ja: str, en: str) -> EnvelopeError:
    return EnvelopeError(code, Text(ja=f"{ja}。", en=en))
