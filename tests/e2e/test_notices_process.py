"""A recorder as a process ends at once although nobody that it tells events answers."""

import asyncio
import contextlib
from pathlib import Path

import yaml

from tests.component.notify.bench import SECRET
from tests.e2e.lone_recorder import LoneRecorder


async def test_a_recorder_ends_on_sigterm_while_its_broker_takes_the_connection_and_never_speaks(
    tmp_path: Path,
) -> None:
    taken, connections = asyncio.Event(), list[asyncio.Task[None] | None]()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        taken.set()
        with contextlib.closing(writer.transport), contextlib.suppress(OSError):
            await reader.read()

    tarpit = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    recorder = LoneRecorder(tmp_path, {"cam1": "rtsp://127.0.0.1:1/main"})
    port = tarpit.sockets[0].getsockname()[1]
    content = yaml.safe_load(recorder.config.read_text())
    content["notify"] = {
        "mqtt": {"host": "127.0.0.1", "port": port, "tls": True},
        "webhooks": [{"url": f"http://127.0.0.1:{port}/", "secret": SECRET}],
        "mail": {"host": "127.0.0.1", "port": port, "from_address": "rec@example.net", "to": ["keeper@example.net"]},
    }
    recorder.config.write_text(yaml.safe_dump(content))
    await recorder.license()
    async with tarpit:
        await recorder.start()
        async with recorder.clock.timeout(10):
            await taken.wait()
        begun_ns = recorder.clock.monotonic_ns()
        assert await recorder.stop() == 0
        assert recorder.clock.monotonic_ns() - begun_ns < 4e9, "the library alone waits five seconds for a handshake"
        await asyncio.gather(*(connection for connection in connections if connection is not None))
    recorder.clock.close()
