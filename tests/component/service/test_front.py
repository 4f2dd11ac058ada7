"""How the service listens: so many connections, and beyond this machine with TLS."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gate.service import front
from gate.service.errors import ListenError
from gate.service.front import serve_http
from tests.component.service.site import NOON


def _app() -> web.Application:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    return app


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON - datetime.timedelta(days=3650))
        .not_valid_after(NOON + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


async def test_with_a_certificate_it_speaks_tls(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with (
        serve_http(_app(), listen="127.0.0.1:0", certificate=certificate, key=key) as (host, port),
        aiohttp.ClientSession() as client,
        client.get(f"https://{host}:{port}/", ssl=trusting) as answer,
    ):
        assert await answer.text() == "hello"


async def test_connections_beyond_the_bound_are_turned_away_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "CONNECTIONS_MAX", 2)
    async with serve_http(_app(), listen="127.0.0.1:0") as (host, port), contextlib.AsyncExitStack() as stack:

        async def status() -> bytes:
            reader, writer = await asyncio.open_connection(host, port)
            stack.callback(writer.close)
            writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            return (await reader.readline()).split()[1]

        assert [await status() for _ in range(4)] == [b"200", b"200", b"503", b"503"]


async def test_a_taken_address_and_a_wrong_certificate_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing", encoding="utf-8")
    async with serve_http(_app(), listen="127.0.0.1:0") as (host, port):
        with pytest.raises(ListenError, match=f"cannot listen on {host}:{port}"):
            async with serve_http(_app(), listen=f"{host}:{port}"):
                pass
    with pytest.raises(ListenError, match=r"none\.pem"):
        async with serve_http(
            _app(), listen="127.0.0.1:0", certificate=tmp_path / "none.pem", key=tmp_path / "none.pem"
        ):
            pass
