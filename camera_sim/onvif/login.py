"""Who may ask: WS-Security's UsernameToken, or HTTP digest (WSS UsernameToken Profile 1.1; RFC 7616). Pure but for the
random nonces.

Rules
1. Only a password digest proves anything: base64(SHA-1(nonce + created + password)). A password in clear is refused.
2. `created` lies within CREATED_SECONDS_MAX of the camera's own clock, however wrong that is.
3. A nonce is good once. It is remembered for as long as its `created` could be accepted, NONCES_MAX of them at most;
   while there is no room for another, tokens are refused rather than replays let in.
4. HTTP digest goes by a nonce of the camera that lasts NONCE_SECONDS; a right answer to an older one is stale.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from camera_sim.errors import SoapFaultError
from camera_sim.onvif import names
from camera_sim.onvif.duration import instant_of
from camera_sim.rtsp.auth import Account, Digest, Style, path_of
from gate.clock import ns_of

CREATED_SECONDS_MAX = 300
NONCES_MAX = 10_000
NONCE_SECONDS = 300
NONCE_BYTES_MAX = 256

Reason = Literal["none", "wrong", "stale", "created", "replayed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why somebody is not let in; `none`: nobody has said who it is."""

    reason: Reason

    @property
    def fault(self) -> SoapFaultError:
        """What a client is told: never more than that it may not."""
        return SoapFaultError("Sender", ("ter:NotAuthorized",), "the sender is not authorized")


class Login:
    """One camera's memory of nonces. `now_ns` is always the camera's clock, `monotonic_ns` a clock that only flows."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}
        """Nonces by digest, and until when (camera time) they are remembered."""
        self._digest = Digest()
        self._renew_ns = 0

    def forget(self) -> None:
        """A camera that has restarted remembers nothing."""
        self._seen.clear()
        self._digest.renew()

    def renew(self) -> None:
        """Another nonce for HTTP digest from now on."""
        self._digest.renew()

    def judge_token(self, security: etree._Element, account: Account, now_ns: int) -> Refused | None:
        """A UsernameToken; None: it is right."""
        token = security.find(f"{{{names.WSSE}}}UsernameToken")
        if token is None:
            return Refused(reason="none")
        user = token.findtext(f"{{{names.WSSE}}}Username") or ""
        password = token.find(f"{{{names.WSSE}}}Password")
        created = (token.findtext(f"{{{names.WSU}}}Created") or "").strip()
        nonce = _decoded((token.findtext(f"{{{names.WSSE}}}Nonce") or "").strip())
        if password is None or nonce is None or password.get("Type") != names.PASSWORD_DIGEST:
            return Refused(reason="wrong")
        proof = password_digest(nonce, created, account.password)
        right = hmac.compare_digest(proof.encode(), (password.text or "").strip().encode())
        if not right or user != account.user:
            return Refused(reason="wrong")
        instant = instant_of(created)
        if instant is None or abs(ns_of(instant) - now_ns) > CREATED_SECONDS_MAX * 1_000_000_000:
            return Refused(reason="created")
        return None if self._first_use(nonce, ns_of(instant), now_ns) else Refused(reason="replayed")

    def judge_http(self, header: str, method: str, path: str, account: Account, monotonic_ns: int) -> Refused | None:
        """The value of `Authorization`; None: it is right."""
        self._renew(monotonic_ns)
        verdict = self._digest.judge(account, method, (path_of(path),), header)
        return None if verdict == "right" else Refused(reason=verdict)

    def challenges(self, style: Style, monotonic_ns: int, *, stale: bool) -> tuple[str, ...]:
        """Values of `WWW-Authenticate`."""
        self._renew(monotonic_ns)
        return self._digest.challenges(style, stale=stale)

    def _renew(self, monotonic_ns: int) -> None:
        if monotonic_ns >= self._renew_ns:
            self._digest.renew()
            self._renew_ns = monotonic_ns + NONCE_SECONDS * 1_000_000_000

    def _first_use(self, nonce: bytes, created_ns: int, now_ns: int) -> bool:
        if len(self._seen) >= NONCES_MAX:
            self._seen = {key: until_ns for key, until_ns in self._seen.items() if until_ns >= now_ns}
        if nonce in self._seen or len(self._seen) >= NONCES_MAX:
            return False
        self._seen[nonce] = created_ns + CREATED_SECONDS_MAX * 1_000_000_000
        return True


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """Rule 1."""
    digest = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _decoded(text: str) -> bytes | None:
    try:
        nonce = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return nonce if 0 < len(nonce) <= NONCE_BYTES_MAX else None
