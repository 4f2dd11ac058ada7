"""Digest authentication at the simulator: what it asks, what it accepts, what it calls stale."""

import hashlib
import re

import pytest

from camera_sim.rtsp.auth import Account, Style
from tests.unit.camera_sim.test_sim_responder import URL, Client, _Source, header, status

ACCOUNT = Account(user="admin", password="s3:cret")


def secured(style: Style = "md5") -> Client:
    return Client(_Source(Account(user=ACCOUNT.user, password=ACCOUNT.password, style=style)))


def authorization(
    nonce: str, method: str, uri: str = URL, *, password: str = ACCOUNT.password, algorithm: str = "", qop: bool = False
) -> str:
    """Written anew from RFC 7616 section 3.4.1."""

    def digest(text: str) -> str:
        return hashlib.new({"": "md5", "MD5": "md5", "SHA-256": "sha256"}[algorithm], text.encode()).hexdigest()

    middle = f"{nonce}:00000001:0a4f113b:auth" if qop else nonce
    response = digest(f"{digest(f'{ACCOUNT.user}:camera:{password}')}:{middle}:{digest(f'{method}:{uri}')}")
    text = f'Digest username="{ACCOUNT.user}", realm="camera", nonce="{nonce}", uri="{uri}", response="{response}"'
    text += f", algorithm={algorithm}" if algorithm else ""
    return text + (', qop=auth, nc=00000001, cnonce="0a4f113b"' if qop else "")


def nonce_of(client: Client) -> str:
    asked = header(client.ask("DESCRIBE"), "WWW-Authenticate") or ""
    found = re.search(r'nonce="([^"]+)"', asked)
    assert found
    return found[1]


def test_the_challenge_of_most_cameras_is_realm_then_nonce_and_no_more() -> None:
    reply = secured().ask("DESCRIBE")
    assert status(reply) == 401
    assert re.fullmatch(r'Digest realm="camera", nonce="[0-9a-f]{32}"', header(reply, "WWW-Authenticate") or "")


def test_the_dual_challenge_has_sha_256_first_md5_last_and_one_nonce() -> None:
    said = secured("dual").ask("DESCRIBE").data.decode()
    lines = re.findall(r'WWW-Authenticate: Digest realm="camera", nonce="(\w+)", algorithm=([\w-]+), qop="auth"', said)
    assert [algorithm for _, algorithm in lines] == ["SHA-256", "MD5"]
    assert len({nonce for nonce, _ in lines}) == 1


@pytest.mark.parametrize("qop", [False, True])
@pytest.mark.parametrize(("style", "algorithm"), [("md5", ""), ("md5", "MD5"), ("dual", "MD5"), ("dual", "SHA-256")])
@pytest.mark.parametrize("uri", [URL, f"{URL}/", "/cam1/main", f"{URL}/trackID=0"])
def test_a_right_answer_is_accepted(style: Style, algorithm: str, qop: bool, uri: str) -> None:
    client = secured(style)
    right = authorization(nonce_of(client), "DESCRIBE", uri, algorithm=algorithm, qop=qop)
    assert status(client.ask("DESCRIBE", authorization=right)) == 200


def test_a_wrong_answer_is_asked_again_and_is_not_called_stale() -> None:
    client = secured()
    nonce = nonce_of(client)
    for wrong in (
        authorization(nonce, "DESCRIBE", password="else"),
        authorization(nonce, "SETUP"),
        authorization(nonce, "DESCRIBE", "rtsp://h/cam1/sub"),
        authorization(nonce, "DESCRIBE", algorithm="SHA-256"),
        "Basic YWRtaW46czM6Y3JldA==",
        "Digest",
        'Digest username="admin", realm="camera", nonce="é", uri="/cam1/main", response="ü"',
    ):
        reply = client.ask("DESCRIBE", authorization=wrong)
        assert status(reply) == 401
        assert "stale" not in (header(reply, "WWW-Authenticate") or "")


def test_a_right_answer_to_another_nonce_is_stale() -> None:
    client = secured()
    reply = client.ask("DESCRIBE", authorization=authorization("0" * 32, "DESCRIBE"))
    assert status(reply) == 401
    assert (header(reply, "WWW-Authenticate") or "").endswith(", stale=true")


def test_everything_but_options_needs_the_password() -> None:
    client = secured()
    assert status(client.ask("OPTIONS")) == 200
    for method in ("DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER"):
        assert status(client.ask(method, transport="RTP/AVP/TCP")) == 401
    assert client.opened == []


def test_a_session_does_not_open_the_way_past_the_password() -> None:
    client = secured()
    nonce = nonce_of(client)
    right = authorization(nonce, "SETUP", f"{URL}/trackID=0")
    assert status(client.ask("SETUP", f"{URL}/trackID=0", transport="RTP/AVP/TCP", authorization=right)) == 200
    assert status(client.ask("PLAY", session="5e551011")) == 401
    assert status(client.ask("GET_PARAMETER", "*", session="5e551011")) == 401


def test_a_password_is_never_shown() -> None:
    assert "cret" not in repr(ACCOUNT)
