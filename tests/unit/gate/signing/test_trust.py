"""The rules of trust, attack by attack: what breaks one is refused with its code and changes nothing."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.entitlement import payload_of
from gate.signing.envelope import seal
from gate.signing.errors import EnvelopeError
from gate.signing.identity import sha256_of
from gate.signing.key_set import KEYS_TYPE, open_key_set, seal_key_set
from gate.signing.trust import Refusal, Trusted, pinned, with_document
from tests.fakes.entitlements import at, entitlement, span
from tests.fakes.issuers import ROOT, document, key, key_set

NOW = at(10)
OTHER, FIRST, SECOND, THIRD = key(2), key(3), key(4), key(5)
OWN_KEY = sha256_of(key(9).public_key())


def device(*documents: bytes) -> Trusted:
    """rec-1 after these, all of which it must take."""
    trusted = pinned(ROOT.public_key(), "rec-1", OWN_KEY)
    for one in documents:
        after = with_document(trusted, one, NOW)
        assert isinstance(after, Trusted), after
        trusted = after
    return trusted


def code(trusted: Trusted, content: bytes, now: Any = NOW) -> str:
    refused = with_document(trusted, content, now)
    assert isinstance(refused, Refusal), "it was taken"
    assert refused.problem.ja and refused.problem.en
    return refused.code


def seq(trusted: Trusted) -> int:
    assert trusted.entitlement is not None
    return trusted.entitlement.seq


class TestEntitlements:
    def test_a_licence_of_the_root_is_taken(self) -> None:
        assert seq(device(document(1))) == 1

    def test_the_same_document_again_changes_nothing(self) -> None:
        trusted = device(document(3))
        assert with_document(trusted, document(3), NOW) == trusted

    def test_forged_by_another_key(self) -> None:
        assert code(device(), document(1, signed_by=OTHER)) == "UNKNOWN_KEY"

    def test_forged_under_the_roots_name(self) -> None:
        forged = json.loads(document(1, signed_by=OTHER))
        forged["signatures"][0]["kid"] = json.loads(document(1))["signatures"][0]["kid"]
        assert code(device(), json.dumps(forged).encode()) == "BAD_SIGNATURE"

    @given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
    def test_edited_anywhere(self, position: int, bit: int) -> None:
        envelope = json.loads(document(1))
        payload = bytearray(base64.b64decode(envelope["payload"]))
        payload[position % len(payload)] ^= 1 << bit
        envelope["payload"] = base64.b64encode(payload).decode()
        assert code(device(), json.dumps(envelope).encode()) == "BAD_SIGNATURE"

    def test_signature_of_another_kind_of_document(self) -> None:
        payload = payload_of(entitlement({"cam1": (span(0, 9),)}))
        other = json.loads(seal(payload, ROOT, "edge-time/v1")) | {"type": "edge-entitlement/v1"}
        assert code(device(), json.dumps(other).encode()) == "BAD_SIGNATURE"

    def test_replay_of_an_older_entitlement(self) -> None:
        assert code(device(document(5)), document(4)) == "REPLAYED"

    def test_another_document_of_the_same_number(self) -> None:
        assert code(device(document(5)), document(5, until=9999)) == "REPLAYED"

    def test_foreign_device(self) -> None:
        assert code(device(), document(1, device_id="rec-2")) == "FOREIGN"

    def test_cloned_device(self) -> None:
        assert code(device(), document(1, device_pubkey_sha256="ab" * 32)) == "CLONED"
        assert seq(device(document(1, device_pubkey_sha256=OWN_KEY))) == 1

    def test_signer_that_names_another(self) -> None:
        assert code(device(), document(1, kid="f" * 16)) == "UNKNOWN_KEY"

    def test_issued_in_the_future_while_one_is_in_force(self) -> None:
        trusted, early = device(document(1)), document(2, issued_at=at(60))
        assert code(trusted, early) == "FUTURE"
        assert isinstance(with_document(trusted, early, at(60)), Trusted)

    def test_issued_in_the_future_as_the_first_one(self) -> None:
        assert seq(device(document(1, issued_at=at(60)))) == 1

    @pytest.mark.parametrize("content", [b"", b" \n", b"{}", b"[]", b"null", document(1)[:-40]])
    def test_empty_and_truncated(self, content: bytes) -> None:
        assert code(device(document(1)), content) in {"EMPTY", "MALFORMED", "WRONG_TYPE"}


class TestKeyRotation:
    def sets(self, count: int) -> Sequence[bytes]:
        return [key_set(1, FIRST), key_set(2, SECOND), key_set(3, THIRD)][:count]

    def test_a_rotated_key_signs(self) -> None:
        trusted = device(document(1), document(2, signed_by=FIRST, key_sets=self.sets(1)))
        assert (seq(trusted), trusted.keys.version) == (2, 1)

    def test_several_rotations_in_one_document(self) -> None:
        assert device(document(1, signed_by=THIRD, key_sets=self.sets(3))).keys.version == 3

    def test_a_skipped_version(self) -> None:
        trusted = device(document(1, signed_by=FIRST, key_sets=self.sets(1)))
        assert code(trusted, document(2, signed_by=THIRD, key_sets=[key_set(3, THIRD)])) == "KEYS_SKIPPED"

    def test_a_device_that_missed_rotations_catches_up_by_the_chain(self) -> None:
        trusted = device(document(1, signed_by=FIRST, key_sets=self.sets(1)))
        after = with_document(trusted, document(2, signed_by=THIRD, key_sets=self.sets(3)), NOW)
        assert isinstance(after, Trusted) and after.keys.version == 3

    def test_a_retired_key_signs_nothing_any_more(self) -> None:
        trusted = device(document(1, signed_by=SECOND, key_sets=self.sets(2)))
        assert code(trusted, document(2, signed_by=FIRST, key_sets=self.sets(1))) == "UNKNOWN_KEY"
        assert code(trusted, document(2)) == "UNKNOWN_KEY", "the root itself signs key sets only, after a rotation"

    def test_a_key_kept_through_a_rotation_goes_on_signing(self) -> None:
        trusted = device(document(1, signed_by=SECOND, key_sets=[key_set(1, FIRST), key_set(2, SECOND, FIRST)]))
        assert isinstance(with_document(trusted, document(2, signed_by=FIRST), NOW), Trusted)

    def test_a_key_set_by_another_root(self) -> None:
        forged = key_set(1, OTHER, root=OTHER)
        assert code(device(), document(1, signed_by=OTHER, key_sets=[forged])) == "UNKNOWN_KEY"

    def test_a_signing_key_makes_no_key_set(self) -> None:
        forged = key_set(2, OTHER, root=FIRST)
        trusted = device(document(1, signed_by=FIRST, key_sets=self.sets(1)))
        assert code(trusted, document(2, signed_by=OTHER, key_sets=[*self.sets(1), forged])) == "UNKNOWN_KEY"

    def test_an_entitlement_posing_as_a_key_set(self) -> None:
        assert code(device(), document(1, key_sets=[document(2)])) == "WRONG_TYPE"

    def test_another_set_of_the_trusted_version(self) -> None:
        trusted = device(document(1, signed_by=FIRST, key_sets=self.sets(1)))
        assert code(trusted, document(2, signed_by=OTHER, key_sets=[key_set(1, OTHER)])) == "KEYS_FORKED"

    def test_a_refused_document_teaches_no_keys(self) -> None:
        trusted = device(document(1))
        assert code(trusted, document(2, signed_by=FIRST, key_sets=self.sets(1), device_id="rec-2")) == "FOREIGN"
        assert isinstance(with_document(trusted, document(2), NOW), Trusted)

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"[]",
            b'{"version": 1}',
            b'{"version": 0, "keys": []}',
            b'{"version": 1, "keys": []}',
            b'{"version": true, "keys": [1]}',
            b'{"version": 1, "keys": [{"kid": "x", "public_key": "AAAA"}]}',
            b'{"version": 1, "keys": [1]}',
        ],
    )
    def test_a_signed_set_that_is_none(self, payload: bytes) -> None:
        with pytest.raises(EnvelopeError) as caught:
            open_key_set(seal(payload, ROOT, KEYS_TYPE), ROOT.public_key())
        assert caught.value.code == "INVALID_KEYS"

    def test_a_set_that_devices_would_refuse_is_not_sealed(self) -> None:
        with pytest.raises(EnvelopeError):
            seal_key_set(1, [], ROOT)
        with pytest.raises(EnvelopeError):
            seal_key_set(0, [FIRST.public_key()], ROOT)

    @pytest.mark.parametrize("key_sets", ["x", 1, {"a": 1}, [[]] * 300])
    def test_key_sets_of_a_wrong_form(self, key_sets: Any) -> None:
        content = json.dumps(json.loads(document(1)) | {"key_sets": key_sets}).encode()
        assert code(device(), content) in {"MALFORMED", "WRONG_TYPE"}
