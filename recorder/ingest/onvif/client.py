"""The shell around soap.py: one camera's services over HTTP.

Rules
1. Whatever a camera tells of its addresses, only the host it was configured with is asked: nobody is sent elsewhere.
2. A password never leaves in clear: a UsernameToken digest goes along, by the camera's clock; a camera that answers 401
   with a Digest challenge is answered that way from then on.
3. A refused login is tried once more with the camera's time read anew, then given up: cameras lock accounts.
4. Answers are bounded in bytes and in time; nothing is redirected.
"""

import logging
import secrets
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from gate.clock import Clock
from recorder.ingest.errors import (
    ConnectionLostError,
    OnvifFaultError,
    ProtocolError,
    RefusedError,
    StalledError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from recorder.ingest.onvif import names, replies, soap
from recorder.ingest.onvif.document import DOCUMENT_BYTES_MAX, Element
from recorder.ingest.rtsp.auth import Credentials, Login

ANSWER_SECONDS_MAX = 10.0
_NONCE_BYTES = 16
_READ_BYTES = 1 << 16
_HEADERS = {"Content-Type": 'application/soap+xml; charset="utf-8"'}

_log = logging.getLogger(__name__)


class OnvifClient:
    """`address`: of the device service. `connect` before anything else; the session is the caller's."""

    def __init__(
        self, address: str, credentials: Credentials | None, session: aiohttp.ClientSession, clock: Clock
    ) -> None:
        self._device = address
        self._credentials = credentials
        self._session = session
        self._clock = clock
        self._login: Login | None = None
        self._services: dict[str, str] = {}
        self.skew = timedelta()
        """How far the camera's clock is ahead of ours, to a second."""

    async def connect(self) -> None:
        """Reads the camera's time and the addresses of its services. Raises IngestError."""
        await self._read_time()
        self._services = {}
        try:
            body = await self.ask(names.DEVICE, "GetServices", soap.given("IncludeCapability", "false"))
            told = replies.services(body)
        except OnvifFaultError:
            told = replies.Services()
        if not told.addresses:
            body = await self.ask(names.DEVICE, "GetCapabilities", soap.given("Category", "All"))
            told = replies.capabilities(body)
        self._services = {namespace: self.here(address) for namespace, address in told.addresses.items()}

    def has(self, namespace: str) -> bool:
        """Whether the camera has a service."""
        return namespace in self._services

    def service(self, namespace: str) -> str:
        """The address of a service. Raises UnsupportedError."""
        address = self._device if namespace == names.DEVICE else self._services.get(namespace)
        if address is None:
            raise UnsupportedError(f"The camera has no ONVIF service {namespace}.")
        return address

    async def ask(self, namespace: str, name: str, inside: str = "") -> Element:
        """The body of the answer to an operation of a service. Raises IngestError."""
        return await self.ask_at(self.service(namespace), soap.operation(namespace, name, inside))

    async def ask_at(
        self, address: str, body: str, *, action: str = "", seconds: float = ANSWER_SECONDS_MAX
    ) -> Element:
        """The same at any address of the camera's (rule 1 is the caller's: `here`)."""
        try:
            return await self._exchange(address, body, action=action, seconds=seconds)
        except UnauthorizedError:
            if self._credentials is None or self._login is not None:
                raise
            await self._read_time()  # rule 3
            return await self._exchange(address, body, action=action, seconds=seconds)

    def here(self, address: str) -> str:
        """An address that the camera has told, on the host that it was configured with (rule 1)."""
        return self._moved(address, urlsplit(self._device).scheme)

    def stream_here(self, address: str) -> str:
        """The same for a stream's address; a login in it is taken out."""
        return self._moved(address, "rtsp")

    def _moved(self, address: str, scheme: str) -> str:
        host = urlsplit(self._device).hostname or ""
        told = urlsplit(address)
        try:
            port = f":{told.port}" if told.port else ""
        except ValueError:
            port = ""
        netloc = f"[{host}]{port}" if ":" in host else f"{host}{port}"
        return urlunsplit((scheme, netloc, told.path, told.query, ""))

    async def _read_time(self) -> None:
        body = await self._exchange(self._device, soap.operation(names.DEVICE, "GetSystemDateAndTime"), token=False)
        told = replies.system_time(body)
        if told is None:
            _log.debug("%s: tells no time", self._device)
        self.skew = timedelta() if told is None else told - self._clock.now()

    async def _exchange(
        self, address: str, body: str, *, action: str = "", seconds: float = ANSWER_SECONDS_MAX, token: bool = True
    ) -> Element:
        for tries in range(3):
            status, offers, data = await self._post(address, body, action, seconds, token=token)
            if status != 401 or not offers or self._credentials is None:
                break
            if self._login is None:
                self._login = Login(self._credentials, lambda: secrets.token_hex(8))
            self._login.challenged(offers, tries=tries)
        if self._login is not None and status == 200:
            self._login.accepted()
        if status == 401:
            raise UnauthorizedError(
                "The camera does not accept user and password."
                if self._credentials
                else "The camera asks for user and password; give them in the configuration."
            )
        if status not in (200, 400, 500) and not data.lstrip().startswith(b"<"):
            raise RefusedError(f"The camera refuses with HTTP status {status}.", status)
        return soap.answer(data)

    async def _post(
        self, address: str, body: str, action: str, seconds: float, *, token: bool
    ) -> tuple[int, list[str], bytes]:
        message = soap.envelope(
            body,
            token=self._token() if token and self._login is None else None,
            action=action,
            to=address,
            message_id=f"urn:uuid:{uuid.uuid4()}",
        )
        headers = dict(_HEADERS)
        parts = urlsplit(address)
        proof = self._login.header("POST", parts.path or "/") if self._login is not None else None
        if proof is not None:
            headers["Authorization"] = proof
        try:
            async with (
                self._clock.timeout(seconds),
                self._session.post(address, data=message, headers=headers, allow_redirects=False) as response,
            ):
                offers = list(response.headers.getall("WWW-Authenticate", []))
                return response.status, offers, await _bounded(response)
        except TimeoutError:
            raise StalledError("The camera does not answer ONVIF.") from None
        except aiohttp.ClientConnectorError:
            raise UnreachableError("The camera cannot be reached by ONVIF.") from None
        except (aiohttp.ClientError, ValueError, OSError):
            raise ConnectionLostError("The camera broke the ONVIF connection.") from None

    def _token(self) -> soap.Token | None:
        if self._credentials is None:
            return None
        return soap.Token(
            credentials=self._credentials, nonce=secrets.token_bytes(_NONCE_BYTES), created=self._camera_now()
        )

    def _camera_now(self) -> datetime:
        return self._clock.now() + self.skew


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for block in response.content.iter_chunked(_READ_BYTES):
        data += block
        if len(data) > DOCUMENT_BYTES_MAX:
            raise ProtocolError(f"The camera's answer has more than {DOCUMENT_BYTES_MAX >> 20} MiB.")
    return bytes(data)
