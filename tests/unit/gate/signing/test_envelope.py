"""The signed envelope: only what the root signed, byte for byte and as this kind of document, is handed on."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gate.signing.envelope import ENVELOPE_BYTES_MAX, read_unverified, seal, verify
from gate.signing.errors import EnvelopeError
from gate.signing.keys import kid_of

KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
ROOT = KEY.public_key()
PAYLOAD = b'{"seq": 1}'


def edited(**changes: Any) -> bytes:
    return json.dumps(json.loads(seal(PAYLOAD, KEY)) | changes).encode()


def refusal(content: bytes) -> str:
    with pytest.raises(EnvelopeError) as caught:
        verify(content, ROOT)
    assert caught.value.problem.ja and caught.value.problem.en
    return caught.value.code


@given(st.binary(max_size=500))
def test_a_sealed_payload_comes_out_as_it_went_in(payload: bytes) -> None:
    assert verify(seal(payload, KEY), ROOT) == payload == read_unverified(seal(payload, KEY))


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_rubbish_is_refused(content: bytes) -> None:
    assert refusal(content) in {"EMPTY", "MALFORMED", "WRONG_TYPE"}


@given(position=st.integers(0, len(PAYLOAD) - 1), bit=st.integers(0, 7))
def test_a_single_changed_bit_of_the_payload_is_refused(position: int, bit: int) -> None:
    payload = bytearray(PAYLOAD)
    payload[position] ^= 1 << bit
    assert refusal(edited(payload=base64.b64encode(payload).decode())) == "BAD_SIGNATURE"


@given(position=st.integers(0, 63), bit=st.integers(0, 7))
def test_a_single_changed_bit_of_the_signature_is_refused(position: int, bit: int) -> None:
    signature = bytearray(base64.b64decode(json.loads(seal(PAYLOAD, KEY))["signatures"][0]["sig"]))
    signature[position] ^= 1 << bit
    entry = {"kid": kid_of(ROOT), "sig": base64.b64encode(signature).decode()}
    assert refusal(edited(signatures=[entry])) == "BAD_SIGNATURE"


@given(length=st.integers(0, len(seal(PAYLOAD, KEY)) - 3))
def test_a_file_cut_short_anywhere_is_refused(length: int) -> None:
    assert refusal(seal(PAYLOAD, KEY)[:length]) in {"EMPTY", "MALFORMED"}


def test_a_signature_of_another_kind_of_document_is_worth_nothing() -> None:
    other = json.loads(seal(PAYLOAD, KEY, "edge-keys/v1"))
    assert refusal(json.dumps(other).encode()) == "WRONG_TYPE"
    assert refusal(json.dumps(other | {"type": "edge-entitlement/v1"}).encode()) == "BAD_SIGNATURE"


def test_a_signature_of_the_bare_payload_is_worth_nothing() -> None:
    entry = {"kid": kid_of(ROOT), "sig": base64.b64encode(KEY.sign(PAYLOAD)).decode()}
    assert refusal(edited(signatures=[entry])) == "BAD_SIGNATURE"


def test_another_issuers_signature_is_refused() -> None:
    assert refusal(seal(PAYLOAD, OTHER)) == "UNKNOWN_KEY"


def test_another_issuers_signature_under_the_roots_name_is_refused() -> None:
    entry = json.loads(seal(PAYLOAD, OTHER))["signatures"][0] | {"kid": kid_of(ROOT)}
    assert refusal(edited(signatures=[entry])) == "BAD_SIGNATURE"


def test_one_good_signature_among_others_is_enough() -> None:
    mine = json.loads(seal(PAYLOAD, KEY))["signatures"]
    theirs = json.loads(seal(PAYLOAD, OTHER))["signatures"]
    assert verify(edited(signatures=theirs + mine), ROOT) == PAYLOAD


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY"),
        (b" \n", "EMPTY"),
        (b" " * (ENVELOPE_BYTES_MAX + 1), "OVERSIZED"),
        (b"[" * 100_000, "MALFORMED"),
        (b"[]", "MALFORMED"),
        (b"\xff", "MALFORMED"),
        (edited(payload=1), "MALFORMED"),
        (edited(payload="*"), "MALFORMED"),
        (edited(payload="é"), "MALFORMED"),
        (edited(signatures={}), "MALFORMED"),
        (edited(signatures=[1]), "MALFORMED"),
        (edited(signatures=[{"kid": kid_of(ROOT), "sig": None}]), "MALFORMED"),
        (edited(signatures=json.loads(seal(PAYLOAD, KEY))["signatures"] * 9), "MALFORMED"),
        (edited(extra=1), "MALFORMED"),
        (edited(signatures=[]), "UNKNOWN_KEY"),
        (edited(type=None), "WRONG_TYPE"),
    ],
)
def test_what_is_no_envelope_is_refused(content: bytes, code: str) -> None:
    assert refusal(content) == code
