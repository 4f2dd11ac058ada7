"""`python -m hdmi_out CONFIG`: the HDMI output as a process of its own."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import cv2
import uvloop

from gate.clock import Clock
from gate.shared_clock.client import open_clock
from gate.shared_clock.errors import ClockServerError
from gate.yaml_file import ConfigError
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.compositor.wall import Wall
from hdmi_out.config import HdmiConfig, host_and_port, load_config
from hdmi_out.errors import DisplayError, StartError
from hdmi_out.osd.typeface import open_typeface
from hdmi_out.output import Output
from hdmi_out.sinks.choose import open_display
from hdmi_out.sinks.headless import Preview
from hdmi_out.sinks.sink import Sink
from hdmi_out.site import Site
from hdmi_out.stream import CameraStream

_log = logging.getLogger("hdmi_out")

DECODERS = 2
"""Decoding threads: enough for sixteen sub streams, and recording keeps a core."""
SCREEN_SIZE, HEADLESS_SIZE = (1920, 1080), (1280, 720)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM, SIGINT or a closed window; 2 if it cannot start."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        config = load_config(options.config, options.port_base)
        uvloop.run(_run_clocked(config))
    except (ConfigError, StartError, DisplayError, ClockServerError) as error:
        print(f"hdmi_out: {error}", file=sys.stderr)
        return 2
    return 0


async def _run_clocked(config: HdmiConfig) -> None:
    async with open_clock(config.clock.mode, config.clock.socket, "hdmi") as clock:
        await run(config, clock)


async def run(config: HdmiConfig, clock: Clock) -> None:
    """Wires everything and runs it until told to stop."""
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

        site = Site(config.recorder.socket, clock, new_stream)
        sinks: list[Sink] = []
        output = Output(site, wall, sinks, clock, fps=config.fps, language=config.language, time_zone=config.time_zone)
        if display:
            sinks.append(display)
            stack.callback(display.close)
        if config.listen:
            preview = Preview(canvas, clock, lambda reset: output.status(reset=reset))
            host, port = host_and_port(config.listen)
            port = await stack.enter_async_context(preview.serving(host, port))
            sinks.append(preview)
            _log.info("preview at http://%s:%d/", host, port)
        async with anyio.create_task_group() as group:
            group.start_soon(site.run)
            group.start_soon(output.run)
            await stop.wait()
            group.cancel_scope.cancel()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hdmi_out",
        description="The HDMI monitor of a recorder: a wall of live pictures, in a window or over HTTP on loopback.",
        epilog="example: python -m hdmi_out configs/hdmi.yaml --port-base 18000",
    )
    parser.add_argument("config", type=Path, help="the configuration, a YAML file")
    parser.add_argument("--port-base", type=int, metavar="N", help="replaces 8000 in the ports 8000 to 8999")
    return parser


if __name__ == "__main__":
    sys.exit(main())
