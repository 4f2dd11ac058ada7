"""Digest login."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.errors import UnauthorizedError
from recorder.ingest.rtsp.auth import Credentials, Login, digest_header, parse_challenge, strongest_challenge

MUFASA = Credentials(user="Mufasa", password="Circle of Life")
RFC_7616 = (
    'realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
PLAIN = 'Digest realm="cam", nonce="n1"'


def login(credentials: Credentials | None = MUFASA) -> Login:
    return Login(credentials, lambda: "c")


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_answers_are_those_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = parse_challenge("Digest " + RFC_7616.format(algorithm))
    assert challenge is not None
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    header = digest_header(challenge, MUFASA, method="GET", url="/dir/index.html", count=1, cnonce=cnonce)
    assert f'response="{response}"' in header
    assert "qop=auth, nc=00000001" in header


def test_the_answer_without_qop_is_that_of_rfc_2069() -> None:
    # RFC 2617 section 3.2.2.1, with the values of its example in section 3.5
    challenge = parse_challenge('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    assert challenge is not None
    mufasa = Credentials(user="Mufasa", password="Circle Of Life")
    header = digest_header(challenge, mufasa, method="GET", url="/dir/index.html", count=1, cnonce="")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in header
    assert "qop" not in header and "cnonce" not in header


def test_the_strongest_algorithm_is_taken_and_basic_never() -> None:
    basic, md5, sha = 'Basic realm="x"', PLAIN, PLAIN + ", algorithm=SHA-256"
    assert (found := strongest_challenge([basic, md5, sha])) and found.algorithm == "SHA-256"
    assert strongest_challenge([basic]) is None
    with pytest.raises(UnauthorizedError):
        login().challenged([basic], tries=0)


def test_a_challenge_we_cannot_answer_is_none() -> None:
    for value in (PLAIN + ", algorithm=SHA-512-256", PLAIN + ', qop="auth-int"', 'Digest realm="cam"', ""):
        assert parse_challenge(value) is None


def test_nothing_is_sent_before_it_is_asked_for() -> None:
    assert login().header("OPTIONS", "rtsp://h/") is None


def test_a_wrong_password_is_tried_once() -> None:
    digest = login()
    digest.challenged([PLAIN], tries=0)
    assert digest.header("DESCRIBE", "rtsp://h/")
    with pytest.raises(UnauthorizedError):
        digest.challenged([PLAIN], tries=1)


def test_a_stale_nonce_is_renewed_once_for_a_request() -> None:
    digest = login()
    digest.challenged([PLAIN], tries=0)
    digest.challenged([PLAIN + ", stale=TRUE"], tries=1)
    with pytest.raises(UnauthorizedError):
        digest.challenged([PLAIN + ", stale=TRUE"], tries=2)


def test_a_nonce_renewed_without_a_word_is_taken_up_where_the_password_was_right_before() -> None:
    digest = login()
    digest.challenged([PLAIN], tries=0)
    digest.accepted()
    digest.challenged(['Digest realm="cam", nonce="n2"'], tries=1)
    assert 'nonce="n2"' in (digest.header("OPTIONS", "rtsp://h/") or "")


def test_success_without_a_login_proves_nothing() -> None:
    digest = login()
    digest.accepted()
    digest.challenged([PLAIN], tries=0)
    with pytest.raises(UnauthorizedError):
        digest.challenged([PLAIN], tries=1)


def test_the_nonce_count_rises_and_begins_anew_with_a_new_nonce() -> None:
    digest = login()
    digest.challenged([PLAIN + ', qop="auth"'], tries=0)
    assert "nc=00000001" in (digest.header("A", "u") or "")
    assert "nc=00000002" in (digest.header("A", "u") or "")
    digest.challenged([PLAIN + ', qop="auth", stale=true'], tries=1)
    assert "nc=00000001" in (digest.header("A", "u") or "")


def test_without_credentials_the_message_says_where_to_give_them() -> None:
    with pytest.raises(UnauthorizedError, match="configuration"):
        login(None).challenged([PLAIN], tries=0)


def test_a_password_is_in_no_text() -> None:
    digest = login()
    digest.challenged([PLAIN], tries=0)
    assert "Circle" not in (digest.header("A", "u") or "")
    assert "Circle" not in repr(MUFASA)


@given(st.text(max_size=200))
def test_any_challenge_is_read_or_passed_over(text: str) -> None:
    for value in (text, "Digest " + text, PLAIN + "," + text):
        challenge = parse_challenge(value)
        assert challenge is None or challenge.algorithm in ("MD5", "SHA-256")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_quoted_string_survives_both_ways(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")
    challenge = parse_challenge(f'Digest realm="{quoted}", nonce="n"')
    assert challenge is not None and challenge.realm == text.replace("\n", " ").replace("\r", " ")
