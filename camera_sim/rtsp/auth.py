"""Digest access authentication, the server's side (RFC 2617, RFC 7616; RTSP: RFC 2326 section D). Pure.

Rules
1. The challenge begins with `realm`, then `nonce`; some clients read no other order. Style `md5` is what most cameras
   send: one challenge, no algorithm, no qop. Style `dual` offers SHA-256 first and MD5 last, with the same nonce.
2. An answer may use qop=auth or none. Its `uri` may be relative, and may be the stream's for one of its tracks.
3. A right answer to a nonce that is not (or no longer) ours is `stale`: the client need not ask its user again.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal

REALM = "camera"
Style = Literal["md5", "dual"]
Verdict = Literal["right", "stale", "wrong"]
_PARAMETER = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may see a camera."""

    user: str
    password: str
    style: Style = "md5"

    def __repr__(self) -> str:
        return f"Account(user={self.user!r})"


class Digest:
    """One connection's nonce. `renew` makes the old one stale."""

    def __init__(self) -> None:
        self.nonce = secrets.token_hex(16)

    def renew(self) -> None:
        """Another nonce from now on."""
        self.nonce = secrets.token_hex(16)

    def challenges(self, style: Style, *, stale: bool) -> tuple[str, ...]:
        """Values of `WWW-Authenticate`, one a header line."""
        md5 = f'Digest realm="{REALM}", nonce="{self.nonce}"' + (", stale=true" if stale else "")
        if style == "md5":
            return (md5,)
        qop = ', qop="auth"'
        return f"{md5}, algorithm=SHA-256{qop}", f"{md5}, algorithm=MD5{qop}"

    def judge(self, account: Account, method: str, paths: tuple[str, ...], header: str) -> Verdict:
        """`header`: the value of `Authorization`; `paths`: what its `uri` may name, as `path_of` gives it."""
        scheme, _, rest = header.strip().partition(" ")
        if scheme.lower() != "digest":
            return "wrong"
        given = {
            match[1].lower(): match[2] if match[2] is not None else match[3] for match in _PARAMETER.finditer(rest)
        }
        algorithm = given.get("algorithm", "MD5").upper()
        if algorithm not in _HASHES or (algorithm != "MD5" and account.style == "md5"):
            return "wrong"
        if given.get("username") != account.user or given.get("realm") != REALM:
            return "wrong"
        if path_of(given.get("uri", "")) not in paths or given.get("qop", "auth") != "auth":
            return "wrong"
        expected = response(algorithm, account, method, given)
        if not hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode()):
            return "wrong"
        return "right" if given.get("nonce") == self.nonce else "stale"


def response(algorithm: str, account: Account, method: str, given: dict[str, str]) -> str:
    """The `response` that belongs to the other parameters of an answer (RFC 7616 section 3.4.1)."""

    def digest(text: str) -> str:
        return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()

    who = digest(f"{account.user}:{REALM}:{account.password}")
    what = digest(f"{method}:{given.get('uri', '')}")
    middle = [given.get(name, "") for name in ("nc", "cnonce", "qop")] if "qop" in given else []
    return digest(":".join([who, given.get("nonce", ""), *middle, what]))


def path_of(uri: str) -> str:
    """An address's path, without query and without a slash at its end: the same for an absolute and a relative one."""
    match = re.fullmatch(r"(?:[A-Za-z]+://[^/?#]*)?([^?#]*).*", uri, re.DOTALL)
    return match[1].rstrip("/") if match else ""
