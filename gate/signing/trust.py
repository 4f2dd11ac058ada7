"""What a device takes from a licence document, as pure rules; whatever breaks one is refused and changes nothing.

A licence document is an entitlement's envelope together with the key sets it needs. In this order:
 1. Each key set is signed by the pinned root (the codes of gate.signing.envelope, INVALID_KEYS).
 2. Key sets follow one another without a gap, from the one trusted so far: a skipped version is refused (KEYS_SKIPPED).
    Versions already passed are passed over; the trusted version itself must be the same bytes (KEYS_FORKED).
 3. The entitlement is signed by a key of the newest set; keys that a rotation left out sign nothing any more
    (UNKNOWN_KEY), and another kind of document is none (WRONG_TYPE).
 4. The entitlement is well formed (INVALID) and names the key that signed it (UNKNOWN_KEY).
 5. It is for this device (FOREIGN), and, where it names a device key, for this very one (CLONED).
 6. Its number is at least the trusted one's; equal only if the bytes are (REPLAYED).
 7. It was issued no later than `now`, the reference time, while another one is in force (FUTURE). Where none is, it is
    taken, and denies with CLOCK_UNTRUSTED until its time has come.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.licence.entitlement import Entitlement, parse_payload
from gate.licence.errors import EntitlementError
from gate.licence.text import Text
from gate.signing.envelope import key_sets_in, open_sealed
from gate.signing.errors import EnvelopeError
from gate.signing.key_set import KeySet, open_key_set, set_zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`code` is stable; `problem` says what is wrong and what to do."""

    code: str
    problem: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """What one device trusts. `payload`: the exact bytes of the entitlement."""

    root: Ed25519PublicKey
    device_id: str
    device_pubkey_sha256: str | None
    keys: KeySet
    entitlement: Entitlement | None = None
    payload: bytes = b""


def pinned(root: Ed25519PublicKey, device_id: str, device_pubkey_sha256: str | None = None) -> Trusted:
    """A device that has its root key and nothing else."""
    return Trusted(root=root, device_id=device_id, device_pubkey_sha256=device_pubkey_sha256, keys=set_zero(root))


def with_document(trusted: Trusted, content: bytes, now: datetime) -> Trusted | Refusal:
    """What is trusted after this document, or why it is refused."""
    try:
        keys = _with_key_sets(trusted, key_sets_in(content))
        if isinstance(keys, Refusal):
            return keys
        sealed = open_sealed(content, keys.keys)
        entitlement = parse_payload(sealed.payload)
    except EnvelopeError as error:
        return Refusal(code=error.code, problem=error.problem)
    except EntitlementError as error:
        return _invalid(error)
    refusal = (
        _signer_refusal(entitlement, sealed.kid)
        or _device_refusal(trusted, entitlement)
        or _number_refusal(trusted, entitlement, sealed.payload)
        or (issued_early(entitlement, now) if trusted.entitlement and trusted.payload != sealed.payload else None)
    )
    return refusal or replace(trusted, keys=keys, entitlement=entitlement, payload=sealed.payload)


def with_keys(trusted: Trusted, content: bytes, document_type: str) -> Trusted | Refusal:
    """What is trusted after the key sets that came along with a document of another type: rules 1 and 2."""
    try:
        keys = _with_key_sets(trusted, key_sets_in(content, document_type))
    except EnvelopeError as error:
        return Refusal(code=error.code, problem=error.problem)
    return keys if isinstance(keys, Refusal) else replace(trusted, keys=keys)


def _with_key_sets(trusted: Trusted, documents: Sequence[bytes]) -> KeySet | Refusal:
    newest = trusted.keys
    for document in documents:
        offered = open_key_set(document, trusted.root)
        if offered.version == newest.version and offered.payload != newest.payload:
            return _keys_forked(offered.version)
        if offered.version > newest.version + 1:
            return _keys_skipped(offered.version, newest.version)
        if offered.version > newest.version:
            newest = offered
    return newest


def _signer_refusal(entitlement: Entitlement, kid: str) -> Refusal | None:
    if entitlement.kid == kid:
        return None
    problem = Text(ja="署名した鍵と記載された鍵が一致しません。", en="it names another key than the one that signed it")
    return Refusal(code="UNKNOWN_KEY", problem=problem)


def _device_refusal(trusted: Trusted, entitlement: Entitlement) -> Refusal | None:
    named, own = entitlement.device_id, trusted.device_id
    if named != own:
        problem = Text(
            ja=f"機器 {named} 用のファイルです。この機器は {own} です。この機器用に発行してください。",
            en=f"it was issued for the device {named}, this one is {own}; issue one for {own}",
        )
        return Refusal(code="FOREIGN", problem=problem)
    if entitlement.device_pubkey_sha256 not in (None, trusted.device_pubkey_sha256):
        problem = Text(
            ja=f"機器 {own} の別の個体（別の機器鍵）用のファイルです。この機器の device.pub で発行し直してください。",
            en=f"it was issued for a device {own} with another device key, a replaced or cloned one; "
            "issue it anew with this device's device.pub",
        )
        return Refusal(code="CLONED", problem=problem)
    return None


def _number_refusal(trusted: Trusted, entitlement: Entitlement, payload: bytes) -> Refusal | None:
    current = trusted.entitlement
    if current is None or entitlement.seq > current.seq or payload == trusted.payload:
        return None
    problem = Text(
        ja=f"以前のファイルです（番号 {entitlement.seq}、現在は {current.seq}）。最新のファイルを置いてください。",
        en=f"it is older than the one in force (number {entitlement.seq}, in force {current.seq}), or another of the "
        "same number; put the newest in place",
    )
    return Refusal(code="REPLAYED", problem=problem)


def issued_early(entitlement: Entitlement, now: datetime) -> Refusal | None:
    """Rule 7."""
    if entitlement.issued_at <= now:
        return None
    issued = entitlement.issued_at.isoformat()
    problem = Text(
        ja=f"発行時刻（{issued}）がこの機器の時計より先です。機器の時計を合わせてください。",
        en=f"it was issued at {issued}, which this device's clock has not reached; set the clock right, "
        "or wait until then",
    )
    return Refusal(code="FUTURE", problem=problem)


def _keys_skipped(offered: int, trusted: int) -> Refusal:
    problem = Text(
        ja=f"鍵の一覧の版 {trusted + 1} が抜けています（この機器は {trusted}、ファイルは {offered}）。"
        "すべての版を含むファイルを発行してください。",
        en=f"its key sets jump from version {trusted} to {offered}; issue a file that holds every version between",
    )
    return Refusal(code="KEYS_SKIPPED", problem=problem)


def _keys_forked(version: int) -> Refusal:
    problem = Text(
        ja=f"鍵の一覧の版 {version} がこの機器のものと異なります。発行元に連絡してください。",
        en=f"its key set {version} is not the one that this device has; tell its issuer",
    )
    return Refusal(code="KEYS_FORKED", problem=problem)


def _invalid(error: EntitlementError) -> Refusal:
    problem = Text(
        ja=f"内容に誤りがあります（{error.field}）。発行元に連絡してください。",
        en=f"its content is wrong at {error}; tell its issuer",
    )
    return Refusal(code="INVALID", problem=problem)
