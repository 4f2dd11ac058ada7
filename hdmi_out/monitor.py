"""Wiring of the HDMI output: everything that runs, built in one place."""

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import anyio
import cv2

from gate.clock import Clock
from gate.config_fields import split_address
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.compositor.wall import Wall
from hdmi_out.config import HdmiConfig
from hdmi_out.osd.typeface import open_typeface
from hdmi_out.output import Output
from hdmi_out.sinks.choose import open_display
from hdmi_out.sinks.headless import Preview
from hdmi_out.sinks.sink import Sink
from hdmi_out.site import Site
from hdmi_out.stream import CameraStream

_log = logging.getLogger(__name__)

DECODERS = 2
"""Decoding threads: enough for sixteen sub streams, and recording keeps a core."""
SCREEN_SIZE, HEADLESS_SIZE = (1920, 1080), (1280, 720)


async def run(config: HdmiConfig, clock: Clock, on_ready: Callable[[dict[str, str]], None]) -> None:
    """Runs until SIGTERM, SIGINT or a closed window. `on_ready` gets the addresses once everything works. Raises
    StartError or DisplayError."""
    cv2.setNumThreads(1)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        display = open_display(config.sink, config.full_screen, stop.set, loop)
        size = SCREEN_SIZE if display else HEADLESS_SIZE
        canvas = Canvas(config.width or size[0], config.height or size[1])
        wall = Wall(canvas, open_typeface())
        workers = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
        stack.callback(workers.shutdown, wait=False, cancel_futures=True)

        def new_stream(camera: str) -> CameraStream:
            return CameraStream(camera, workers, lambda: wall.picture_area(camera))

        site = Site(config.recorder.socket, clock, new_stream, config.language)
        sinks: list[Sink] = []
        output = Output(site, wall, sinks, clock, fps=config.fps, language=config.language, time_zone=config.time_zone)
        if display:
            sinks.append(display)
            stack.callback(display.close)
        addresses: dict[str, str] = {}
        if config.listen:
            preview = Preview(canvas, clock, lambda reset: output.status(reset=reset))
            host, port = split_address(config.listen)
            port = await stack.enter_async_context(preview.serving(host, port))
            sinks.append(preview)
            addresses["hdmi"] = f"http://{host}:{port}/"
        async with anyio.create_task_group() as group:
            group.start_soon(site.run)
            group.start_soon(output.run)
            on_ready(addresses)
            await stop.wait()
            group.cancel_scope.cancel()
