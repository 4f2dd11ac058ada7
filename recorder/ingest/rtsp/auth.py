"""Digest authentication (RFC 7616; RFC 2617 for cameras without qop), and Basic (RFC 7617) where it is allowed. The
password never leaves this module.

Rules:
1. Basic is answered only if the configuration allows it and the camera offers nothing better: it sends the password
   in clear.
2. The strongest algorithm offered is taken: SHA-256, then MD5.
3. A 401 is answered once. Again only if the camera says the nonce is stale, or if it has accepted these credentials
   before on this connection (cameras that renew nonces without saying so); never twice for one request.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from recorder.ingest.errors import UnauthorizedError

CHALLENGES_MAX = 8
_PARAMETER = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')
_ALGORITHMS: dict[str, Callable[[bytes], "hashlib._Hash"]] = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """`basic`: whether the password may go in clear."""

    user: str
    password: str = field(repr=False)
    basic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One Digest challenge. `algorithm`: SHA-256 or MD5; `session`: the -sess variant; `qop`: "auth" or None."""

    realm: str
    nonce: str
    algorithm: str
    session: bool
    qop: str | None
    opaque: str | None
    stale: bool


def strongest_challenge(values: Iterable[str]) -> Challenge | None:
    """The challenge to answer among the WWW-Authenticate values, or None if none can be."""
    found = [challenge for value in list(values)[:CHALLENGES_MAX] if (challenge := parse_challenge(value))]
    return min(found, key=lambda challenge: list(_ALGORITHMS).index(challenge.algorithm), default=None)


def parse_challenge(value: str) -> Challenge | None:
    """A WWW-Authenticate value; None if it is not a Digest that we speak."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    fields = {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PARAMETER.finditer(rest)
    }
    algorithm, _, variant = fields.get("algorithm", "MD5").upper().partition("-SESS")
    qops = [qop.strip().lower() for qop in fields.get("qop", "").split(",") if qop.strip()]
    if "realm" not in fields or "nonce" not in fields or algorithm not in _ALGORITHMS or variant:
        return None
    if qops and "auth" not in qops:
        return None
    return Challenge(
        realm=fields["realm"],
        nonce=fields["nonce"],
        algorithm=algorithm,
        session=fields.get("algorithm", "").upper().endswith("-SESS"),
        qop="auth" if qops else None,
        opaque=fields.get("opaque"),
        stale=fields.get("stale", "").lower() == "true",
    )


def digest_header(
    challenge: Challenge, credentials: Credentials, *, method: str, url: str, count: int, cnonce: str
) -> str:
    """The Authorization value for one request. `count`: how often this nonce has been used, from 1."""

    def hashed(text: str) -> str:
        return _ALGORITHMS[challenge.algorithm](text.encode()).hexdigest()

    secret = hashed(f"{credentials.user}:{challenge.realm}:{credentials.password}")
    if challenge.session:
        secret = hashed(f"{secret}:{challenge.nonce}:{cnonce}")
    target = hashed(f"{method}:{url}")
    proof = f"{challenge.nonce}:{count:08x}:{cnonce}:auth" if challenge.qop else challenge.nonce
    parts = [
        f"username={_quoted(credentials.user)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(url)}",
        f'response="{hashed(f"{secret}:{proof}:{target}")}"',
    ]
    if challenge.algorithm != "MD5" or challenge.session:
        parts.append(f"algorithm={challenge.algorithm}{'-sess' if challenge.session else ''}")
    if challenge.opaque is not None:
        parts.append(f"opaque={_quoted(challenge.opaque)}")
    if challenge.qop:
        parts += ["qop=auth", f"nc={count:08x}"]
    if challenge.qop or challenge.session:
        parts.append(f"cnonce={_quoted(cnonce)}")
    return "Digest " + ", ".join(parts)


def offers_basic(values: Iterable[str]) -> bool:
    """Whether Basic is among the WWW-Authenticate values."""
    return any(value.strip().lower().startswith("basic") for value in list(values)[:CHALLENGES_MAX])


class Login:
    """The credentials' life on one connection. `make_cnonce` gives fresh random text."""

    def __init__(self, credentials: Credentials | None, make_cnonce: Callable[[], str]) -> None:
        self._credentials = credentials
        self._make_cnonce = make_cnonce
        self._challenge: Challenge | None = None
        self._count = 0
        self._basic = False
        self._proven = False

    def header(self, method: str, url: str) -> str | None:
        """The Authorization value for a request, or None while nobody has asked for it."""
        if self._credentials is not None and self._basic:
            pair = f"{self._credentials.user}:{self._credentials.password}"
            return "Basic " + base64.b64encode(pair.encode()).decode()
        if self._challenge is None or self._credentials is None:
            return None
        self._count += 1
        return digest_header(
            self._challenge,
            self._credentials,
            method=method,
            url=url,
            count=self._count,
            cnonce=self._make_cnonce(),
        )

    def accepted(self) -> None:
        """A request with `header` has succeeded."""
        self._proven = self._challenge is not None or self._basic

    def challenged(self, values: Iterable[str], *, tries: int) -> None:
        """Takes up a 401. `tries`: how often this request has been sent with an Authorization.
        Raises UnauthorizedError if it is not to be sent again."""
        offers = list(values)
        challenge = strongest_challenge(offers)
        if self._credentials is None:
            raise UnauthorizedError("The camera asks for user and password; give them in the configuration.")
        basic = challenge is None and self._credentials.basic and offers_basic(offers)
        if challenge is None and not basic:
            raise UnauthorizedError(
                "The camera offers no Digest login; auth: basic would allow to send the password in clear."
            )
        if tries and not (((challenge is not None and challenge.stale) or self._proven) and tries < 2):
            raise UnauthorizedError("The camera does not accept user and password.")
        self._challenge, self._basic = challenge, basic
        self._count = 0


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
