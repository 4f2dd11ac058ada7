"""The SSH side of the relay. A device's Ed25519 key is its only credential, and names it: nobody can be another device.

What a device may do here: open one sync channel, and have its own remote site forwarded. Nothing else is answered: no
shell, no command, no file transfer, no forward to or from any address, no agent, no terminal.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncssh
from sqlalchemy.exc import SQLAlchemyError

from gate.config_fields import split_address
from gate.service.errors import ListenError
from gate.service.operations.uplinks import uplink_began, uplink_ended
from gate.service.relay.connections import Connections, DeviceConnection
from gate.service.relay.conversation import Conversation, Desk
from gate.service.store.whole import whole
from gate.signing.keys import kid_of
from gate.uplink.errors import UplinkError
from gate.uplink.lines import MessageChannel
from gate.uplink.messages import FORWARD_HOST, FORWARD_PORT, SUBSYSTEM
from gate.uplink.ssh import OPTIONS, public_key_of

CONNECTIONS_MAX = 20_000
BACKLOG = 256
GOODBYE_SECONDS_MAX = 0.5
"""How long the end of the service waits until all devices are noted as gone."""

_log = logging.getLogger(__name__)


class RelayServer:
    """What all connections share. `process` names this service process among others on one database."""

    def __init__(self, *, desk: Desk, connections: Connections, process: str) -> None:
        self.desk = desk
        self.connections = connections
        self.process = process
        self.open = 0
        self.talks: set[asyncio.Task[None]] = set()

    async def began(self, device: DeviceConnection) -> None:
        """Others may know that the device is connected here."""
        async with self.desk.store.begin() as tx:
            await uplink_began(tx, device.device, self.process, device.address, self.desk.clock.now())

    async def ended(self, device: DeviceConnection) -> None:
        """And that it is no more."""
        async with self.desk.store.begin() as tx:
            await uplink_ended(tx, device.device, self.process, self.desk.clock.now())


class _Forward(asyncssh.SSHListener):
    """A device's remote site: reached through the portal's proxy alone, never by a port."""

    def __init__(self, device: DeviceConnection) -> None:
        super().__init__()
        self._device = device
        device.forwards = True

    def close(self) -> None:
        self._device.forwards = False


class _DeviceServer(asyncssh.SSHServer):
    """One device's connection, before and after it has proved its key."""

    def __init__(self, relay: RelayServer) -> None:
        self._relay = relay
        self._connection: asyncssh.SSHServerConnection | None = None
        self._device: DeviceConnection | None = None
        self._talking = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._relay.open += 1
        if self._relay.open > CONNECTIONS_MAX:
            _log.warning("relay: a connection was refused, %d are open", CONNECTIONS_MAX)
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.open -= 1
        if self._device is not None:
            self._device.end()

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        public_key = public_key_of(key)
        return public_key is not None and kid_of(public_key) == username

    def session_requested(self) -> Any:
        if self._talking:
            return False
        self._talking = True
        return self._converse

    def server_requested(self, listen_host: str, listen_port: int) -> asyncssh.SSHListener | bool:
        if (listen_host, listen_port) != (FORWARD_HOST, FORWARD_PORT):
            _log.warning("device %s: asked to listen on %s:%d", self._name(), listen_host, listen_port)
            return False
        return _Forward(self._opened())

    def _name(self) -> str:
        assert self._connection is not None
        return str(self._connection.get_extra_info("username"))

    def _opened(self) -> DeviceConnection:
        assert self._connection is not None
        if self._device is None:
            clock = self._relay.desk.clock
            peer = self._connection.get_extra_info("peername")
            self._device = DeviceConnection(
                device=self._name(), connection=self._connection, address=peer[0], since=clock.now(), clock=clock
            )
        return self._device

    async def _converse(
        self,
        stdin: "asyncssh.SSHReader[bytes]",
        stdout: "asyncssh.SSHWriter[bytes]",
        _: "asyncssh.SSHWriter[bytes]",
    ) -> None:
        device, relay = self._opened(), self._relay
        task = asyncio.current_task()
        assert task is not None
        relay.talks.add(task)
        task.add_done_callback(relay.talks.discard)
        if stdin.channel.get_subsystem() != SUBSYSTEM:
            device.end()
            return

        async def known() -> None:
            relay.connections.add(device)
            await whole(relay.began(device))

        conversation = Conversation(
            device=device.device, channel=MessageChannel(stdin, stdout), desk=relay.desk, on_known=known
        )
        try:
            await conversation.run()
        except (UplinkError, TimeoutError) as error:
            _log.info("device %s: the connection ended: %s", device.device, error)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("device %s: the conversation failed: %s", device.device, error)
        finally:
            if relay.connections.remove(device):
                with contextlib.suppress(SQLAlchemyError, OSError):
                    await whole(relay.ended(device))
            stdout.close()
            assert self._connection is not None
            self._connection.close()


@contextlib.asynccontextmanager
async def serve_devices(
    relay: RelayServer, *, listen: str, host_key: asyncssh.SSHKey
) -> AsyncIterator[tuple[str, int]]:
    """Serves devices on `host:port`; yields where it truly listens. Raises ListenError."""
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    sock = _bound(*split_address(listen))
    make: Callable[[], asyncssh.SSHServer] = lambda: _DeviceServer(relay)  # noqa: E731 - its type is what is wanted
    acceptor = await asyncssh.listen(
        sock=sock,
        backlog=BACKLOG,
        server_factory=make,
        server_host_keys=[host_key],
        encoding=None,
        allow_pty=False,
        agent_forwarding=False,
        x11_forwarding=False,
        line_editor=False,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        **OPTIONS,
    )
    try:
        host, port = sock.getsockname()[:2]
        _log.info("devices connect to %s:%d", host, port)
        yield host, port
    finally:
        acceptor.close()
        for device in relay.connections.devices:
            connection = relay.connections.of(device)
            if connection is not None:
                connection.end()
        if relay.talks:
            await asyncio.wait(relay.talks, timeout=GOODBYE_SECONDS_MAX)
        await acceptor.wait_closed()


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise ListenError(
            f"{host}:{port} cannot be used for devices ({error.strerror}): end what uses it, or choose another "
            "relay.listen"
        ) from None
    return sock
