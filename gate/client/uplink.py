"""A device's one outgoing connection to its licence service: kept up, and made again whenever it breaks.

Before each connection the relay's address and host key are fetched over HTTP; what counts is the issuer's signature on
them, so the way there need not be trusted. The device's own key is its only credential. While connected the service may
open channels to the device's remote site, and to nothing else: the device asks for that one forward.
"""

import asyncio
import logging
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.cancelled import raise_if_cancelled
from gate.client.acceptance import Acceptance, profile_mismatch
from gate.client.gate import Gate
from gate.client.registration import Registration
from gate.client.timekeeper import Timekeeper
from gate.client.uplink_session import FarewellError, UplinkSession
from gate.client.uplink_status import (
    BROKEN_OFF,
    NO_SERVICE,
    OTHER_HOST,
    OTHER_ISSUER,
    TURNED_AWAY,
    UNREACHABLE,
    UplinkStatus,
)
from gate.clock import Clock
from gate.licence.text import NO_TEXT, Text
from gate.signing.errors import EnvelopeError
from gate.signing.identity import DeviceIdentity
from gate.signing.relay_host import RELAY_BYTES_MAX, RELAY_TYPE, RelayHost, open_relay
from gate.uplink.bounded import read_bounded
from gate.uplink.errors import UplinkError
from gate.uplink.lines import MessageChannel
from gate.uplink.messages import FORWARD_HOST, FORWARD_PORT, PLACES_MAX, SUBSYSTEM, CameraLine
from gate.uplink.pipe import CHANNEL_BYTES_MAX, Pipe, socket_pair
from gate.uplink.ssh import OPTIONS, ssh_key_of

RELAY_PATH = "/api/v1/relay"
FETCH_SECONDS_MAX = 10.0
CONNECT_SECONDS_MAX = 20.0
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
STEADY_SECONDS = 60.0
"""A connection that lasted this long begins with the shortest wait again."""
OFFLINE_SECONDS = 3.0
"""A connection that is back sooner was never called lost."""
FORWARDS_MAX = 128

Door = Callable[[socket.socket], Awaitable[None]]
"""Serves the remote site on a socket."""

_log = logging.getLogger(__name__)


class _TroubleError(Exception):
    def __init__(self, text: Text, detail: str) -> None:
        super().__init__(detail)
        self.text, self.detail = text, detail


class Uplink:
    """`run` must be running. `status` and `text` say how it is."""

    def __init__(
        self,
        *,
        url: str,
        name: str,
        identity: DeviceIdentity,
        registration: Registration,
        cameras: Sequence[tuple[str, str]],
        acceptance: Acceptance,
        timekeeper: Timekeeper,
        gate: Gate,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._url = url.rstrip("/")
        self._name = name
        self._identity = identity
        self._registration = registration
        self._cameras = _lines(cameras)
        self._cameras_changed = asyncio.Event()
        self._session: UplinkSession | None = None
        self._acceptance = acceptance
        self._timekeeper = timekeeper
        self._gate = gate
        self._clock = clock
        self._zone = zone
        self._door: Door | None = None
        self._places: tuple[str, ...] = ()
        self._forwards: set[Pipe] = set()
        self._lost_ns: int | None = None
        self._lost_at = clock.now()
        self._on_change: Callable[[], None] = lambda: None
        self._status = UplinkStatus(
            url=self._url,
            device=registration.device,
            serial=registration.label.serial,
            phase="connecting",
            since=clock.now(),
            code=registration.shown_code,
            label=registration.text,
        )

    @property
    def status(self) -> UplinkStatus:
        """As of this moment."""
        entitlement, registered = self._gate.entitlement, self._status.registered
        unclaimed = not (registered or (registered is None and entitlement))
        known = self._status
        if self._lost_ns is not None and self._clock.monotonic_ns() - self._lost_ns >= OFFLINE_SECONDS * 1e9:
            known = replace(known, phase="offline", since=self._lost_at)
        return replace(
            known,
            stale_after=entitlement.stale_after if entitlement else None,
            code=self._registration.shown_code if unclaimed else None,
            label=self._registration.text if unclaimed else None,
        )

    @property
    def text(self) -> Text:
        """What is wrong and what to do; empty while all is well."""
        told = self.status.text(self._zone)
        entitlement = self._gate.entitlement
        return told or (profile_mismatch(entitlement, self._gate.profile) if entitlement else NO_TEXT)

    def serve(self, door: Door, on_change: Callable[[], None], places: Sequence[str] = ()) -> None:
        """From now on the service may reach the remote site through the door. `on_change`: called when `status` has
        changed. `places`: the origins of the remote site's pages on the device's own network."""
        self._door, self._on_change = door, on_change
        self._places = tuple(places)[:PLACES_MAX]

    def tell_cameras(self, cameras: Sequence[tuple[str, str]]) -> None:
        """The device's cameras, ids and names, where they have changed."""
        lines = _lines(cameras)
        if lines != self._cameras:
            self._cameras = lines
            self._cameras_changed.set()

    async def ask(self) -> bool:
        """Asks for the licence and the time now; whether an answer came."""
        session = self._session
        try:
            return session is not None and await session.ask()
        except (UplinkError, OSError, asyncssh.Error):
            return False

    async def run_once(self) -> None:
        """Puts the last good entitlement in force."""
        await self._acceptance.restore()

    async def run(self) -> None:
        """Keeps the connection up until cancelled."""
        await self.run_once()
        failures = 0
        while True:
            started_ns = self._clock.monotonic_ns()
            try:
                await self._connected()
            except _TroubleError as trouble:
                self._lost(trouble)
            raise_if_cancelled()
            if self._clock.monotonic_ns() - started_ns > STEADY_SECONDS * 1e9:
                failures = 0
            wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
            failures += 1
            await self._clock.sleep(wait * random.uniform(0.7, 1.3))

    async def _connected(self) -> None:
        relay = await self._relay()
        try:
            async with self._clock.timeout(CONNECT_SECONDS_MAX):
                connection = await self._connect(relay)
        except asyncssh.HostKeyNotVerifiable as error:
            raise _TroubleError(OTHER_HOST, str(error)) from None
        except asyncssh.PermissionDenied as error:
            raise _TroubleError(TURNED_AWAY, str(error)) from None
        except (OSError, asyncssh.Error, TimeoutError) as error:
            raise _TroubleError(UNREACHABLE, str(error)) from None
        try:
            await self._converse(connection)
        except FarewellError as error:
            raise _TroubleError(error.text, str(error)) from None
        except (UplinkError, OSError, asyncssh.Error, TimeoutError) as error:
            raise _TroubleError(BROKEN_OFF, str(error)) from None
        finally:
            for pipe in tuple(self._forwards):
                pipe.abort()
            connection.abort()

    async def _converse(self, connection: asyncssh.SSHClientConnection) -> None:
        if self._door is not None:
            await connection.create_server(self._forwarded, FORWARD_HOST, FORWARD_PORT, window=CHANNEL_BYTES_MAX)
        writer, reader, _ = await connection.open_session(subsystem=SUBSYSTEM, encoding=None)
        session = UplinkSession(
            channel=MessageChannel(reader, writer),
            identity=self._identity,
            registration=self._registration,
            name=self._name,
            cameras=lambda: self._cameras,
            cameras_changed=self._cameras_changed,
            places=lambda: self._places,
            acceptance=self._acceptance,
            timekeeper=self._timekeeper,
            gate=self._gate,
            clock=self._clock,
            on_standing=self._stands,
        )
        self._session = session
        try:
            await session.run()
        finally:
            self._session = None

    async def _relay(self) -> RelayHost:
        """Where the relay is, by the issuer's word."""
        try:
            async with (
                self._clock.timeout(FETCH_SECONDS_MAX),
                aiohttp.ClientSession() as session,
                session.get(self._url + RELAY_PATH, allow_redirects=False) as response,
            ):
                content = await read_bounded(response.content, RELAY_BYTES_MAX)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _TroubleError(UNREACHABLE, str(error)) from None
        if response.status != 200 or content is None:
            raise _TroubleError(NO_SERVICE, f"{self._url}{RELAY_PATH} answers {response.status}")
        refused = self._acceptance.take_keys(content, RELAY_TYPE)
        if refused is not None:
            raise _TroubleError(OTHER_ISSUER, refused.code)
        try:
            return open_relay(content, self._acceptance.trusted.keys.keys)
        except EnvelopeError as error:
            raise _TroubleError(OTHER_ISSUER, str(error)) from None

    async def _connect(self, relay: RelayHost) -> asyncssh.SSHClientConnection:
        host_key = ssh_key_of(Ed25519PublicKey.from_public_bytes(relay.host_key))
        return await asyncssh.connect(
            relay.host or urlsplit(self._url).hostname or "",
            relay.port,
            username=self._registration.device,
            client_keys=[asyncssh.import_private_key(self._identity.private_pem())],
            known_hosts=([host_key], [], []),
            agent_path=None,
            preferred_auth="publickey",
            server_host_key_algs=["ssh-ed25519"],
            **OPTIONS,
        )

    async def _forwarded(self, _: str, __: int) -> "asyncssh.SSHTCPSession[bytes]":
        """A channel that the service opens: a connection to the remote site."""
        if self._door is None or len(self._forwards) >= FORWARDS_MAX:
            _log.warning("uplink: a forwarded connection was refused, %d are open", len(self._forwards))
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "too many connections")
        pipe = Pipe()
        near, far = socket_pair()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: pipe.socket_side, far)
            await self._door(near)
        except ConnectionError as error:
            near.close()
            pipe.abort()
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, str(error)) from None
        except BaseException:
            near.close()
            pipe.abort()
            raise
        self._forwards.add(pipe)
        pipe.on_end(lambda: self._forwards.discard(pipe))
        return pipe.channel_side

    def _stands(self, registered: bool) -> None:
        if self._lost_ns is not None or self._status.phase != "connected":
            level = logging.WARNING if self._status.trouble != NO_TEXT else logging.INFO  # only who heard of an outage
            _log.log(level, "uplink: connected to %s", self._url)
            self._status = replace(self._status, phase="connected", since=self._clock.now(), trouble=NO_TEXT)
        self._lost_ns = None
        self._status = replace(self._status, registered=registered)
        self._on_change()

    def _lost(self, trouble: _TroubleError) -> None:
        if self._lost_ns is None:
            self._lost_ns, self._lost_at = self._clock.monotonic_ns(), self._clock.now()
        if trouble.text != self._status.trouble:
            _log.warning("uplink: no connection to %s: %s", self._url, trouble.detail or trouble.text.en)
        self._status = replace(self._status, trouble=trouble.text)


def _lines(cameras: Sequence[tuple[str, str]]) -> tuple[CameraLine, ...]:
    return tuple(CameraLine(id=id, name=name) for id, name in cameras)
