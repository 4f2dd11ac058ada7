"""Wiring of the HDMI output: everything that runs, built in one place."""

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import anyio
import cv2
from aiohttp import ClientSession

from gate.clock import Clock
from gate.config_fields import split_address
from gate.sd_notify import SdNotify
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.config import HdmiConfig
from hdmi_out.control import Control
from hdmi_out.decoding import Decoding
from hdmi_out.layout.screen import canvas_size, plan_screen, scale_height
from hdmi_out.notices.feed import EventFeed
from hdmi_out.notices.queue import NoticeQueue
from hdmi_out.notices.thumbnails import Thumbnails
from hdmi_out.osd.palette import type_scale
from hdmi_out.osd.typeface import Typeface, open_typeface
from hdmi_out.output import Output
from hdmi_out.sinks.choose import open_display
from hdmi_out.sinks.headless import Preview
from hdmi_out.sinks.sdl import SdlSink
from hdmi_out.sinks.sink import Sink
from hdmi_out.site import Site, open_session
from hdmi_out.stream import CameraStream
from hdmi_out.views.camera import CameraView
from hdmi_out.views.choices import Choices
from hdmi_out.views.device import DeviceView
from hdmi_out.views.events import EventsView
from hdmi_out.views.identify import Identify
from hdmi_out.views.licence import LicenceView
from hdmi_out.views.menu import Menu
from hdmi_out.views.notices import NoticeLayer, thumbnail_box
from hdmi_out.views.playback_places import add_playback
from hdmi_out.views.registration import RegistrationView
from hdmi_out.views.screen import Screen
from hdmi_out.views.tour import TourView
from hdmi_out.views.view import Layer, Place, Stage, View
from hdmi_out.views.wall import WallView

_log = logging.getLogger(__name__)

DECODERS = 2
"""Decoding threads: enough for sixteen sub streams, and recording keeps a core."""
SCREEN_SIZE, HEADLESS_SIZE = (1920, 1080), (1280, 720)


async def run(
    config: HdmiConfig, clock: Clock, on_ready: Callable[[dict[str, str]], None], sd_notify: SdNotify
) -> None:
    """Runs until SIGTERM, SIGINT or a closed window. `on_ready` gets the addresses once everything works, and
    `sd_notify` then tells that the process lives. Raises StartError or DisplayError."""
    cv2.setNumThreads(1)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        display = await open_display(
            config.sink,
            clock,
            full_screen=config.full_screen,
            on_command=lambda command: output.act(command),
            on_close=stop.set,
        )
        if display:
            stack.push_async_callback(display.close)
        canvas = Canvas(*_size(config, display))
        workers = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
        stack.callback(workers.shutdown, wait=False, cancel_futures=True)
        session = await stack.enter_async_context(open_session(config.recorder.socket))
        choices = Choices(language=config.language, side=config.side, tour_seconds=config.tour_seconds)
        site = Site(session, clock, CameraStream, config.language)
        screen = make_screen(canvas, choices, open_typeface(), session, clock)
        sinks: list[Sink] = []
        decoding = Decoding(workers, DECODERS, clock)
        output = Output(
            site, screen, canvas, sinks, clock, choices, decoding, fps=config.fps, time_zone=config.time_zone
        )
        if display:
            sinks.append(display)
        await stack.enter_async_context(Control(output, clock).serving(config.command_socket))
        addresses: dict[str, str] = {}
        if config.listen:
            preview = Preview(canvas, clock, output)
            host, port = split_address(config.listen)
            port = await stack.enter_async_context(preview.serving(host, port))
            sinks.append(preview)
            addresses["hdmi"] = f"http://{host}:{port}/"
        async with anyio.create_task_group() as group:
            group.start_soon(site.run)
            group.start_soon(output.run)
            group.start_soon(screen.run)
            if display:
                group.start_soon(display.run)
            on_ready(addresses)
            group.start_soon(sd_notify.run, clock)
            await stop.wait()
            group.cancel_scope.cancel()


def _size(config: HdmiConfig, display: SdlSink | None) -> tuple[int, int]:
    """Of the canvas: as configured, else in the shape of the screen that it fills, else what such monitors have."""
    if config.width and config.height:
        return config.width, config.height
    if display is None:
        return HEADLESS_SIZE
    if config.full_screen and display.opened:
        return canvas_size(display.opened["width"], display.opened["height"])
    return SCREEN_SIZE


def make_screen(
    canvas: Canvas,
    choices: Choices,
    face: Typeface,
    session: ClientSession | None = None,
    clock: Clock | None = None,
) -> Screen:
    """The screen with every view and layer there is; without a session those that ask the recorder for nothing but its
    state and pictures."""
    layout = plan_screen(canvas.width, canvas.height)
    stage = Stage(
        canvas=canvas, face=face, scale=type_scale(scale_height(canvas.width, canvas.height)), body=layout.body
    )
    places: dict[str, Callable[[Place], View]] = {
        "wall": lambda place: WallView(stage, choices, place.page),
        "camera": lambda place: CameraView(stage, place.camera),
        "tour": lambda place: TourView(stage, choices),
    }
    places["licence"] = lambda place: LicenceView(stage, place.camera)
    places["registration"] = lambda place: RegistrationView(stage)
    menu = Menu(stage, choices, here=lambda: screen.place, views=places.keys)
    layers: list[Layer] = [menu, Identify(stage)]
    home = Place(view="wall")
    if session is None or clock is None:
        screen = Screen(stage, layout, places, layers, home=home)
        return screen
    notices = NoticeLayer(stage, NoticeQueue())
    feed = EventFeed(session, clock, notices.tell)
    thumbnails = Thumbnails(session, clock, thumbnail_box(layout.body))
    notices.follow(feed, thumbnails)
    places["events"] = lambda place: EventsView(stage, feed, thumbnails, clock, camera=place.camera)
    places["device"] = lambda place: DeviceView(stage, session, clock)
    add_playback(places, stage, session, clock)
    screen = Screen(
        stage,
        layout,
        places,
        [notices, *layers],
        home=home,
        jobs=(feed.run, thumbnails.run),
        status=lambda: {"notices": notices.status},
    )
    return screen
