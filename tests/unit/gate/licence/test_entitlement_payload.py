"""The entitlement's JSON: what is written is read back; what breaks the format is refused with the field's name."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.entitlement import (
    CAMERAS_MAX,
    INTERVALS_MAX,
    PAYLOAD_BYTES_MAX,
    CameraGrant,
    Entitlement,
    Interval,
    parse_payload,
    payload_of,
)
from gate.licence.errors import EntitlementError
from tests.fakes.entitlements import at, entitlement, span

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", fullmatch=True)
instants = st.datetimes(datetime(2000, 1, 2), datetime(2999, 1, 1), timezones=st.just(UTC))
intervals = st.builds(
    lambda start, length: Interval(start, start + length),
    instants,
    st.timedeltas(timedelta(microseconds=1), timedelta(days=300)),
)
grants = st.builds(
    CameraGrant, kind=st.sampled_from(["edge", "direct"]), intervals=st.lists(intervals, max_size=4).map(tuple)
)
entitlements = st.builds(
    Entitlement,
    kid=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    device_id=ids,
    device_pubkey_sha256=st.none() | st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    seq=st.integers(1, 2**53 - 1),
    issued_at=instants,
    stale_after=st.none() | instants,
    cameras=st.dictionaries(ids, grants, max_size=4),
    profile=ids,
    profile_sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


def document(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(payload_of(entitlement({"cam1": (span(0, 10),)})))
    return fields | changes


def refused(content: dict[str, Any] | bytes) -> EntitlementError:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(EntitlementError) as caught:
        parse_payload(payload)
    return caught.value


@given(entitlements)
def test_what_is_written_is_read_back(value: Entitlement) -> None:
    assert parse_payload(payload_of(value)) == value


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_rubbish_is_refused_and_nothing_else_happens(payload: bytes) -> None:
    with pytest.raises(EntitlementError):
        parse_payload(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(field=st.sampled_from(sorted(document())), value=json_values)
def test_any_value_in_any_field_is_read_or_refused(field: str, value: Any) -> None:
    try:
        parsed = parse_payload(json.dumps(document(**{field: value})).encode())
    except EntitlementError as error:
        assert error.field.startswith(field)
    else:
        assert parse_payload(payload_of(parsed)) == parsed


@pytest.mark.parametrize("field", sorted(document()))
def test_every_field_must_be_there(field: str) -> None:
    fields = document()
    del fields[field]
    assert field in refused(fields).problem


def test_a_field_too_many_is_refused() -> None:
    assert "extra" in refused(document(extra=1)).problem


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq", 0),
        ("seq", -1),
        ("seq", True),
        ("seq", 1.0),
        ("seq", "1"),
        ("seq", 2**53),
        ("issued_at", "2026-01-01T00:00:00"),
        ("issued_at", "2026-01-01"),
        ("issued_at", 0),
        ("issued_at", "1999-12-31T23:59:59Z"),
        ("issued_at", "9999-12-31T23:59:59Z"),
        ("stale_after", "tomorrow"),
        ("device_id", "../rec-1"),
        ("device_id", ""),
        ("device_id", "rec-1\n"),
        ("kid", "xyz"),
        ("profile_sha256", "00"),
        ("cameras", {}),
    ],
)
def test_a_wrong_value_is_refused_by_its_fields_name(field: str, value: Any) -> None:
    assert refused(document(**{field: value})).field == field


@pytest.mark.parametrize(
    ("camera", "field"),
    [
        ({"id": "cam1", "kind": "cloud", "intervals": []}, "cameras[0].kind"),
        ({"id": "cam/1", "kind": "edge", "intervals": []}, "cameras[0].id"),
        ({"id": "cam1", "kind": "edge"}, "cameras[0]"),
        ({"id": "cam1", "kind": "edge", "intervals": [["2026-01-01T00:00:00Z"]]}, "cameras[0].intervals[0]"),
        (
            {"id": "cam1", "kind": "edge", "intervals": [["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]]},
            "cameras[0].intervals[0]",
        ),
        ("cam1", "cameras[0]"),
    ],
)
def test_a_wrong_camera_is_refused_by_its_place(camera: Any, field: str) -> None:
    assert refused(document(cameras=[camera])).field == field


def test_an_offset_is_read_as_the_same_instant() -> None:
    assert parse_payload(json.dumps(document(issued_at="2026-01-01T09:00:00+09:00")).encode()).issued_at == at(0)


def test_numbers_of_cameras_intervals_and_bytes_are_bounded() -> None:
    camera = document()["cameras"][0]
    many = [camera | {"id": f"cam{n}"} for n in range(CAMERAS_MAX + 1)]
    assert refused(document(cameras=many)).field == "cameras"
    pairs = camera["intervals"] * (INTERVALS_MAX + 1)
    assert refused(document(cameras=[camera | {"intervals": pairs}])).field == "cameras[0].intervals"
    assert refused(b" " * (PAYLOAD_BYTES_MAX + 1)).field == "payload"


@pytest.mark.parametrize(
    "payload",
    [
        b'{"seq": 1, "seq": 2}',
        b"[" * 100_000,
        b'{"seq": NaN}',
        b'{"seq": ' + b"9" * 10_000 + b"}",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"",
    ],
    ids=["name twice", "deep", "nan", "endless number", "not utf-8", "list", "null", "empty"],
)
def test_hostile_json_is_refused(payload: bytes) -> None:
    assert refused(payload).field == "payload"


def test_a_camera_twice_is_refused() -> None:
    camera = document()["cameras"][0]
    assert "twice" in refused(document(cameras=[camera, camera])).problem
