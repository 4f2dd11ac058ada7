"""Beyond the loopback: TLS is really spoken, sessions are in cookies for it alone, and foreign names get nothing."""

import hashlib
import ssl
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector

from gate.clock import SystemClock
from gate.yaml_file import ConfigError
from recorder.access.errors import CertificateError
from recorder.access.routes import origins_of
from recorder.access.tls import open_generated_tls, open_tls
from recorder.config import load_config
from recorder.remote.guard import host_is_served
from recorder.remote.settings import RemoteConfig
from tests.fakes.guarded_site import PASSWORD, guarded_site

GENERATED = {"listen": "127.0.0.1:0", "access": "users", "tls": {"generate": True}, "names": ["rec.example"]}


async def test_the_handshake_is_done_with_the_certificate_whose_fingerprint_is_told(tmp_path: Path) -> None:
    clock = SystemClock()
    async with guarded_site(tmp_path, clock, remote=GENERATED) as site:
        await site.add("boss", "admin")
        kept = tmp_path / "data" / "tls.pem"
        assert kept.stat().st_mode & 0o777 == 0o600
        trusting = ssl.create_default_context(cafile=str(kept))
        assert site.front.url.startswith("https://")
        async with ClientSession(connector=TCPConnector(ssl=trusting)) as session:
            async with session.get(site.front.url) as answer:
                assert answer.status == 200
            signed_in = await session.post(
                site.front.url + "api/v1/sign-in", json={"name": "boss", "password": PASSWORD}
            )
            cookie = signed_in.headers["Set-Cookie"]
            assert cookie.startswith("__Host-edge_session_rec-1=") and "Secure" in cookie
        again = open_generated_tls(tmp_path / "data", ["localhost", "rec.example"], clock.now())
        shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(kept.read_text().split("-----BEGIN PRIVATE")[0])).hexdigest()
        assert again.fingerprint.replace(":", "").lower() == shown
        async with ClientSession() as plain:
            with pytest.raises(ClientConnectionError):
                await plain.get(site.front.url.replace("https", "http"))
            with pytest.raises(ClientConnectionError):
                await plain.get(site.front.url)  # nobody vouches for it
    clock.close()


def test_a_certificate_that_lacks_a_name_is_made_anew_and_a_wrong_file_is_one_sentence(tmp_path: Path) -> None:
    clock = SystemClock()
    now = clock.now()
    first = open_generated_tls(tmp_path, ["localhost"], now).fingerprint
    assert open_generated_tls(tmp_path, ["localhost"], now).fingerprint == first
    assert open_generated_tls(tmp_path, ["localhost", "192.0.2.7"], now).fingerprint != first
    (tmp_path / "broken.pem").write_text("nothing")
    for certificate in ("broken.pem", "absent.pem"):
        with pytest.raises(CertificateError, match=r"remote\.tls"):
            open_tls(tmp_path / certificate, tmp_path / certificate)
    clock.close()


@pytest.mark.parametrize(
    ("remote", "wrong"),
    [
        ("{listen: '0.0.0.0:8600'}", "line 4, remote.access: whoever reaches 0.0.0.0:8600"),
        ("{listen: '0.0.0.0:8600', access: open, tls: plain}", "remote.access"),
        ("{listen: '[::]:8600', access: users}", "remote.tls: passwords would travel readable"),
        (
            "{listen: '192.0.2.1:8600', access: users, tls: {certificate: a.pem}}",
            "remote.tls: either certificate and key",
        ),
        ("{listen: '127.0.0.1:8600', access: service}", "remote.access: people of a licence service need one"),
        ("{listen: 'localhost:8600'}", "remote.listen: an address like"),
        ("{names: ['http://x']}", "remote.names"),
    ],
)
def test_what_would_be_open_to_others_is_refused_with_what_to_do(tmp_path: Path, remote: str, wrong: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(_config(tmp_path, remote))
    assert wrong in str(refused.value)


@pytest.mark.parametrize(
    ("remote", "mode"),
    [
        ("{listen: '0.0.0.0:8600', access: users, tls: {generate: true}}", "users"),
        ("{listen: '0.0.0.0:8600', access: users, tls: plain}", "users"),
        ("{listen: '127.0.0.1:8600'}", "open"),
        ("{}", "open"),
    ],
)
def test_what_says_who_signs_in_and_how_it_is_encrypted_is_taken(tmp_path: Path, remote: str, mode: str) -> None:
    assert load_config(_config(tmp_path, remote)).remote.access_mode == mode


@pytest.mark.parametrize(
    ("host", "beyond", "served"),
    [
        ("127.0.0.1:8600", False, True), ("localhost", True, True), ("rec.example:8600", True, True),
        ("REC.example", True, True), ("192.0.2.1", True, True), ("192.0.2.1", False, False),
        ("[2001:db8::1]:8600", True, True), ("evil.example", True, False), ("rec.example.evil.example", True, False),
        ("", True, False), (None, True, False), ("[::", True, False),
    ],
)  # fmt: skip
def test_names_that_only_resolve_here_get_nothing(host: str | None, beyond: bool, served: bool) -> None:
    assert host_is_served(host, names=("rec.example",), beyond_loopback=beyond) is served


def test_the_origins_that_the_service_is_told_are_those_of_browsers() -> None:
    remote = RemoteConfig.model_validate(
        {"listen": "0.0.0.0:443", "access": "users", "tls": {"generate": True}, "names": ["rec.example"]}
    )
    assert origins_of(remote, 443, ["192.0.2.7", "2001:db8::7"])[2:] == (
        "https://192.0.2.7",
        "https://[2001:db8::7]",
        "https://rec.example",
    )
    assert origins_of(RemoteConfig(), 8600, ["192.0.2.7"]) == ("http://localhost:8600", "http://127.0.0.1:8600")


def _config(folder: Path, remote: str) -> Path:
    path = folder / "recorder.yaml"
    path.write_text(
        "device: {id: rec-1, data_dir: data}\nlicence: {path: l.json, root_key: root.pub}\nlocal: {socket: r.sock}\n"
        f"remote: {remote}\ncameras:\n  - {{id: cam1, main: {{url: 'rtsp://192.0.2.10/main'}}}}\n"
    )
    return path
