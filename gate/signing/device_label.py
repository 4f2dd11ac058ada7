"""What a device's label says, in print and as a QR code: who it is, and the code to register it by.

Text form: `EDGE1:` and six fields between slashes, percent-encoded: serial, model, kind, day of manufacture (empty if
unknown), registration code, public key (hex).
"""

import re
import secrets
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.licence.entitlement import Kind
from gate.signing.keys import kid_of

CODE_CHARACTERS = 12
TEXT_CHARACTERS_MAX = 512
FIELD_CHARACTERS_MAX = 64
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
_CODE = re.compile(f"[{_ALPHABET}]{{{CODE_CHARACTERS}}}")
_PREFIX = "EDGE1:"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLabel:
    """`made_on`: R20 asks when. `code`: known to whoever has the device in hand."""

    serial: str
    model: str
    kind: Kind
    made_on: date | None
    code: str
    public_key: Ed25519PublicKey

    @property
    def device(self) -> str:
        """The device's id at the service: the name of its key."""
        return kid_of(self.public_key)


def new_code() -> str:
    """A registration code of 60 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_CHARACTERS))


def shown_code(code: str) -> str:
    """In groups of four, to be read and typed."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def typed_code(text: str) -> str | None:
    """A code as people type it: case, spaces, dashes and look-alikes do not matter. None: it is none."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return None
    code = re.sub(r"[\s\-‐ー－]", "", text).upper().translate(str.maketrans("ILO", "110"))
    return code if _CODE.fullmatch(code) else None


def text_of(label: DeviceLabel) -> str:
    """What the QR code says. `label_of` gives the same label back."""
    fields = (
        label.serial,
        label.model,
        label.kind,
        label.made_on.isoformat() if label.made_on else "",
        label.code,
        label.public_key.public_bytes_raw().hex(),
    )
    return _PREFIX + "/".join(quote(field, safe="") for field in fields)


def label_of(text: str) -> DeviceLabel | None:
    """The label in a QR code's text; None: it is something else, or broken."""
    if not text.startswith(_PREFIX) or len(text) > TEXT_CHARACTERS_MAX:
        return None
    fields = [unquote(field) for field in text.removeprefix(_PREFIX).split("/")]
    if len(fields) != 6 or not all(fields[:3]) or any(len(field) > FIELD_CHARACTERS_MAX for field in fields):
        return None
    serial, model, kind, made_on, code, key = fields
    if not _CODE.fullmatch(code):
        return None
    try:
        return DeviceLabel(
            serial=serial,
            model=model,
            kind=_kind(kind),
            made_on=date.fromisoformat(made_on) if made_on else None,
            code=code,
            public_key=Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)),
        )
    except ValueError:
        return None


def _kind(text: str) -> Kind:
    if text == "edge" or text == "direct":
        return text  # type: ignore[return-value]
    raise ValueError(text)
