"""HTTP to a device through its own connection, for aiohttp's client."""

import asyncio
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler

from gate.service.relay.connections import DeviceConnection

if TYPE_CHECKING:
    from aiohttp.client import ClientRequest, ClientTimeout
    from aiohttp.tracing import Trace

KEEPALIVE_SECONDS = 15.0


class DeviceConnector(aiohttp.BaseConnector):
    """Whatever address is asked for, it is this device that answers."""

    def __init__(self, device: DeviceConnection) -> None:
        super().__init__(keepalive_timeout=KEEPALIVE_SECONDS, limit=0)
        self._device = device

    async def _create_connection(
        self, req: "ClientRequest", traces: "list[Trace]", timeout: "ClientTimeout"
    ) -> ResponseHandler:
        sock = await self._device.open()
        loop = asyncio.get_running_loop()
        try:
            _, protocol = await loop.create_unix_connection(lambda: ResponseHandler(loop=loop), sock=sock)
        except BaseException:
            sock.close()
            raise
        return protocol
