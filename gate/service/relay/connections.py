"""The devices that are connected to this process, and channels to their remote sites."""

import asyncio
import logging
import socket
from datetime import datetime

import asyncssh

from gate.clock import Clock
from gate.uplink.messages import FORWARD_HOST, FORWARD_PORT
from gate.uplink.pipe import CHANNEL_BYTES_MAX, Pipe, socket_pair

CHANNELS_MAX = 64
"""Forwarded channels of one device, idle ones included."""
OPEN_SECONDS_MAX = 5.0

_log = logging.getLogger(__name__)


class DeviceAwayError(ConnectionError):
    """The device cannot be reached now."""


class DeviceConnection:
    """One device's connection. `address`: where it comes from."""

    def __init__(
        self, *, device: str, connection: asyncssh.SSHServerConnection, address: str, since: datetime, clock: Clock
    ) -> None:
        self.device = device
        self.address = address
        self.since = since
        self.forwards = False
        """Whether the device has asked for its remote site to be forwarded."""
        self._connection = connection
        self._clock = clock
        self._pipes: set[Pipe] = set()

    async def open(self) -> socket.socket:
        """One more connection to the device's remote site: a socket whose other end is there. Raises
        DeviceAwayError."""
        if not self.forwards:
            raise DeviceAwayError(f"device {self.device} forwards nothing")
        if len(self._pipes) >= CHANNELS_MAX:
            _log.warning("device %s: a channel was refused, %d are open", self.device, CHANNELS_MAX)
            raise DeviceAwayError(f"device {self.device} has {CHANNELS_MAX} channels open")
        pipe = Pipe()
        near, far = socket_pair()
        self._pipes.add(pipe)
        pipe.on_end(lambda: self._pipes.discard(pipe))
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: pipe.socket_side, far)
            async with self._clock.timeout(OPEN_SECONDS_MAX):
                await self._connection.create_connection(
                    lambda: pipe.channel_side, FORWARD_HOST, FORWARD_PORT, window=CHANNEL_BYTES_MAX
                )
        except (OSError, asyncssh.Error, TimeoutError) as error:
            near.close()
            pipe.abort()
            self._pipes.discard(pipe)
            raise DeviceAwayError(f"device {self.device} opens no channel: {error}") from None
        except BaseException:
            near.close()
            pipe.abort()
            self._pipes.discard(pipe)
            raise
        return near

    def end(self) -> None:
        """Cuts it, and every channel in it."""
        for pipe in tuple(self._pipes):
            pipe.abort()
        self._connection.abort()


class Connections:
    """By device. A device that connects again replaces its former connection, which may be dead without knowing it."""

    def __init__(self) -> None:
        self._by_device: dict[str, DeviceConnection] = {}

    def __len__(self) -> int:
        return len(self._by_device)

    @property
    def devices(self) -> frozenset[str]:
        """All that are connected here."""
        return frozenset(self._by_device)

    def of(self, device: str) -> DeviceConnection | None:
        """The device's connection."""
        return self._by_device.get(device)

    def add(self, connection: DeviceConnection) -> None:
        """From now on this is the device's."""
        former = self._by_device.get(connection.device)
        self._by_device[connection.device] = connection
        if former is not None:
            _log.warning("device %s: connected again from %s", connection.device, connection.address)
            former.end()

    def remove(self, connection: DeviceConnection) -> bool:
        """It has ended; whether it was still the device's."""
        if self._by_device.get(connection.device) is not connection:
            return False
        del self._by_device[connection.device]
        return True
