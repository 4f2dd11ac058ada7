"""TLS of the remote side: files of the owner's, or a certificate of our own making.

A generated certificate is kept (`tls.pem`, certificate and key, mode 0600): browsers remember that their people have
accepted it, by its fingerprint. It is made anew only where it has run out or lacks a name.
"""

import datetime
import hashlib
import ipaddress
import logging
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from recorder.access.errors import CertificateError
from recorder.addresses import own_addresses
from recorder.remote.settings import RemoteConfig

NAME = "tls.pem"
LASTS = datetime.timedelta(days=3650)
RENEW_BEFORE = datetime.timedelta(days=30)
_log = logging.getLogger(__name__)
_BEGINS = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
"""Before every clock that could look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """`fingerprint`: SHA-256 of the certificate, as browsers show it."""

    context: ssl.SSLContext
    fingerprint: str


def tls_of(remote: RemoteConfig, data_dir: Path, now: datetime.datetime) -> Tls | None:
    """As configured; None: none. Blocks on the disk. Raises CertificateError."""
    if remote.tls is None or remote.tls.plain:
        return None
    if remote.tls.certificate is not None and remote.tls.key is not None:
        return open_tls(remote.tls.certificate, remote.tls.key)
    names = ["localhost", "127.0.0.1", *remote.names]
    if remote.beyond_loopback:
        names += [address.split()[0] for address in own_addresses()]
    tls = open_generated_tls(data_dir, names, now)
    _log.warning("the remote side's own certificate has the SHA-256 fingerprint %s", tls.fingerprint)
    return tls


def open_tls(certificate: Path, key: Path) -> Tls:
    """By PEM files. Blocks on the disk. Raises CertificateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
        fingerprint = _fingerprint(x509.load_pem_x509_certificate(certificate.read_bytes()))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise CertificateError(f"remote.tls: {certificate} and {key} cannot be used: {reason}") from None
    return Tls(context=context, fingerprint=fingerprint)


def open_generated_tls(data_dir: Path, names: Iterable[str], now: datetime.datetime) -> Tls:
    """By our own certificate for these names and addresses. Blocks on the disk. Raises CertificateError."""
    path, wanted = data_dir / NAME, sorted(set(names))
    try:
        kept = path.read_bytes() if path.exists() else b""
        if not _serves(kept, wanted, now):
            _keep(path, generate(wanted, now))
    except OSError as error:
        raise CertificateError(f"{path}: the certificate cannot be kept: {error.strerror}") from None
    return open_tls(path, path)


def generate(names: list[str], now: datetime.datetime) -> bytes:
    """A self-signed certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge-recorder")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGINS)
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _serves(content: bytes, names: list[str], now: datetime.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(content)
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return {str(name.value) for name in held} >= set(names) and certificate.not_valid_after_utc - now > RENEW_BEFORE


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _fingerprint(certificate: x509.Certificate) -> str:
    digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
