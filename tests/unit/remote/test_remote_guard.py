"""Which Host and Origin headers are accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.config_fields import host_is_loopback
from gate.own_origin import origin_is_own


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8600", "127.0.0.1:8600", "127.1.2.3", "[::1]:8600", "a.localhost"]
)
def test_loopback_names_are_served(host: str) -> None:
    assert host_is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [None, "", "example.com", "192.168.1.4:8600", "localhost.example.com", "127.0.0.1.example.com", "[::1", "0.0.0.0",
     "127.0.0.1@example.com", "notlocalhost"],
)  # fmt: skip
def test_other_names_are_not(host: str | None) -> None:
    assert not host_is_loopback(host)


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        (None, True),
        ("http://localhost:8600", True),
        ("http://LOCALHOST:8600", True),
        ("http://localhost:9999", False),
        ("http://localhost", False),
        ("https://evil.example", False),
        ("null", False),
        ("file://localhost:8600", False),
    ],
)
def test_an_origin_must_be_the_very_host_and_port(origin: str | None, own: bool) -> None:
    assert origin_is_own(origin, "localhost:8600") is own


@given(st.text(), st.text())
def test_no_header_makes_the_guard_fail(origin: str, host: str) -> None:
    assert origin_is_own(origin, host) in (True, False)
    assert host_is_loopback(host) in (True, False)
