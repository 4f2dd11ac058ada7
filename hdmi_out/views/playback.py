"""Playback: a camera's past, full screen, over a timeline strip that goes away while nothing is asked of it."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

import anyio

from hdmi_out.layout.rect import Rect
from hdmi_out.live import Source
from hdmi_out.osd import palette
from hdmi_out.playback_client import PlaybackClient
from hdmi_out.playback_messages import Happening, instant_of, label_of
from hdmi_out.playback_timeline import GONE, TimelineBook
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.playback_keys import HeldKey, TransportKeys
from hdmi_out.views.playback_panel import PlaybackPanel, Tools
from hdmi_out.views.playback_picture import PastLabel, PastPicture
from hdmi_out.views.playback_said import card_of, note_of, state_text
from hdmi_out.views.playback_strip import ZOOMS, day_of, plan_strip, window_of
from hdmi_out.views.playback_words import day_time_text, playback_words, time_text
from hdmi_out.views.view import Answer, Moment, Move, Place, Stage

PANEL_SECONDS = 6.0
"""Playing, the panel stays for so long after the last command."""
NOTE_SECONDS = 5.0
SAME_EVENT_US = 2_000_000
"""Nearer to an event that was gone to than this, it is that event."""
TOOLS = ("play", "reverse", "speed", "previous", "next", "zoom", "search", "camera")

_log = logging.getLogger(__name__)

NewCursor = Callable[[str, Rect, str], tuple[PlaybackClient, TimelineBook]]
"""Makes both for a camera, the size of its pictures, and a language."""


class PlaybackView:
    """`ok` plays and pauses; left and right go ten seconds, or a picture while it stands; up changes the speed, down
    leads to the tools."""

    def __init__(self, stage: Stage, place: Place, new_cursor: NewCursor) -> None:
        self._stage = stage
        self._place = place
        self._new_cursor = new_cursor
        self._panel = PlaybackPanel(stage)
        self._picture = PastPicture(stage)
        self._keys = TransportKeys()
        self._held = HeldKey()
        self._camera = place.camera
        self._client: PlaybackClient | None = None
        self._book: TimelineBook | None = None
        self._ready = asyncio.Event()
        self._zoom = 0
        self._tool: int | None = None
        self._touched_ns: int | None = None
        self._open = True
        self._note, self._note_ns = "", 0
        self._searches: asyncio.Queue[int] = asyncio.Queue(4)
        self._event_label: int | None = None
        self._found: Happening | None = None
        self._searched = False

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        return {}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        self._begin(moment)
        if self._touched_ns is None:
            self._touched_ns = moment.monotonic_ns
        is_open = self._panel_wanted(moment)
        if is_open != self._open:
            self._open, whole = is_open, True
            self._stage.canvas.fill(self._stage.body, palette.BACKGROUND)
        self._compose_picture(moment, whole=whole)
        if self._open:
            self._compose_panel(moment, whole=whole)
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        self._begin(moment)
        self._touched_ns = moment.monotonic_ns
        client = self._client
        if client is None:
            return Move.BACK if command is Key.BACK else Move.STAY
        if isinstance(command, Pointer):
            return self._point(command, moment) if command.pressed else Move.STAY
        if self._tool is not None and command in (Key.LEFT, Key.RIGHT, Key.UP, Key.DOWN, Key.OK, Key.BACK):
            return self._act_on_tools(command, moment)
        match command:
            case Key.BACK:
                return Move.BACK
            case Key.DOWN:
                self._tool = 0
            case Key.LEFT | Key.RIGHT:
                direction = 1 if command is Key.RIGHT else -1
                seconds = self._held.press(command, moment.monotonic_ns, standing=not client.rate)
                if seconds is None:
                    client.step(direction)
                else:
                    self._seek(self._position(moment) + direction * round(seconds * 1e6), moment)
            case Key.NEXT | Key.PREVIOUS:
                self._search(1 if command is Key.NEXT else -1, moment)
            case Key.GRID:
                self._zoom = (self._zoom + 1) % len(ZOOMS)
            case _:
                self._keys.act(command, client)
        return Move.STAY

    def caption(self, moment: Moment) -> str:
        words = playback_words(moment.words)
        return moment.words.part_separator.join(part for part in (words.playback, self._name(moment)) if part)

    async def run(self) -> None:
        await self._ready.wait()
        assert self._client is not None and self._book is not None
        async with anyio.create_task_group() as group:
            group.start_soon(self._client.run)
            group.start_soon(self._book.run)
            group.start_soon(self._search_events, self._client, self._book)

    def _begin(self, moment: Moment) -> None:
        """Makes the cursor, as soon as it is known whose."""
        if self._client is not None or moment.state is None:
            return
        ids = [camera.id for camera in moment.state.cameras]
        self._camera = self._camera or (ids[0] if ids else "")
        if not self._camera:
            return
        self._client, self._book = self._new_cursor(self._camera, self._picture_area(), moment.words.code)
        if self._place.at is not None:
            self._client.begin(label_of(self._place.at), 1)
        self._ready.set()

    def _compose_picture(self, moment: Moment, *, whole: bool) -> None:
        area, client = self._picture_area(), self._client
        card = card_of(client, self._camera, moment)
        if client is None:
            label = PastLabel(name="", state="", when="")
            self._picture.compose(area, label, card, None, whole=whole)
            return
        client.box = area
        at = instant_of(self._position(moment))
        label = PastLabel(
            name=self._name(moment),
            state=state_text(client, moment),
            when=day_time_text(at, moment.zone, moment.words),
        )
        self._picture.compose(area, label, card, client.shown.picture if client.shown else None, whole=whole)

    def _compose_panel(self, moment: Moment, *, whole: bool) -> None:
        assert self._book is not None or self._client is None
        words, at = playback_words(moment.words), instant_of(self._position(moment))
        zoom = ZOOMS[self._zoom]
        window = window_of(at, moment.zone, zoom)
        timeline = self._book.want(*day_of(at, moment.zone)) if self._book else None
        trouble = words.not_known if self._book and self._book.trouble and timeline is None else ""
        now = moment.now - timedelta(seconds=moment.now.second % 10, microseconds=moment.now.microsecond)
        plan = plan_strip(timeline, window, self._panel.width, moment.zone, words, now=now, zoom=zoom, trouble=trouble)
        share = (at - window[0]) / (window[1] - window[0])
        self._panel.compose(plan, round(share * self._panel.width), self._tools(moment), whole=whole)

    def _picture_area(self) -> Rect:
        body = self._stage.body
        return Rect(body.x, body.y, body.width, body.height - (self._panel.area.height if self._open else 0))

    def _panel_wanted(self, moment: Moment) -> bool:
        client = self._client
        if client is None or not client.rate or self._tool is not None or client.shown is None:
            return True
        idle = moment.monotonic_ns - (self._touched_ns or 0) > PANEL_SECONDS * 1e9
        return not idle or bool(self._note_text(moment))

    def _tools(self, moment: Moment) -> Tools:
        words, client = playback_words(moment.words), self._client
        playing = bool(client and client.rate)
        speed = words.speed.format(f"{abs(client.rate):g}") if client and client.rate else words.speed.format(1)
        texts = {
            **words.tools,
            "play": words.tools["pause" if playing else "play"],
            "speed": f"{words.tools['speed']} {speed}",
            "zoom": f"{words.tools['zoom']} {words.zooms[self._zoom]}",
        }
        note = self._note_text(moment)
        hint = words.hint_playing if playing else words.hint_paused
        if self._tool is not None:
            hint = words.hint_tools
        return Tools(
            texts=tuple(texts[name] for name in self._tool_names(moment)),
            chosen=self._tool,
            note=note or hint,
            urgent=bool(note),
        )

    def _note_text(self, moment: Moment) -> str:
        words = playback_words(moment.words)
        if self._searched:
            self._searched, found = False, self._found
            at = time_text(found.start, moment.zone, moment.words) if found else ""
            self._note = words.event_at.format(found.title, at) if found else words.no_event
            self._note_ns = moment.monotonic_ns
        if self._note and moment.monotonic_ns - self._note_ns < NOTE_SECONDS * 1e9:
            return self._note
        client = self._client
        if client is not None and client.in_gap:
            return ""  # its card says so
        recent = client is not None and moment.monotonic_ns - client.remarked_ns < NOTE_SECONDS * 1e9
        return note_of(client.remark, moment) if client is not None and client.remark is not None and recent else ""

    def _tool_names(self, moment: Moment) -> tuple[str, ...]:
        several = moment.state is not None and len(moment.state.cameras) > 1
        return TOOLS if several else TOOLS[:-1]

    def _act_on_tools(self, key: Key, moment: Moment) -> Answer:
        assert self._tool is not None
        names = self._tool_names(moment)
        match key:
            case Key.LEFT | Key.RIGHT:
                self._tool = (self._tool + (1 if key is Key.RIGHT else -1)) % len(names)
            case Key.OK:
                return self._use(names[min(self._tool, len(names) - 1)], moment)
            case Key.UP | Key.BACK:
                self._tool = None
            case _:
                pass
        return Move.STAY

    def _use(self, tool: str, moment: Moment) -> Answer:
        assert self._client is not None
        match tool:
            case "play":
                self._keys.act(Key.PLAY, self._client)
            case "reverse":
                self._keys.act(Key.REVERSE, self._client)
            case "speed":
                self._keys.act(Key.UP, self._client)
            case "previous" | "next":
                self._search(1 if tool == "next" else -1, moment)
            case "zoom":
                self._zoom = (self._zoom + 1) % len(ZOOMS)
            case "search":
                return Place(view="search", camera=self._camera, at=instant_of(self._position(moment)))
            case "camera" if moment.state is not None:
                ids = [camera.id for camera in moment.state.cameras]
                index = ids.index(self._camera) + 1 if self._camera in ids else 0
                return Place(view="playback", camera=ids[index % len(ids)], at=instant_of(self._position(moment)))
            case _:
                pass
        return Move.STAY

    def _point(self, pointer: Pointer, moment: Moment) -> Answer:
        assert self._client is not None
        if not self._open or pointer.y < self._panel.area.y:
            self._keys.act(Key.PLAY, self._client)
            return Move.STAY
        share = self._panel.share_at(pointer.x, pointer.y)
        if share is not None:
            start, end = window_of(instant_of(self._position(moment)), moment.zone, ZOOMS[self._zoom])
            self._seek(label_of(start + (end - start) * share), moment)
        tool = self._panel.tool_at(pointer.x, pointer.y, self._tools(moment))
        return self._use(self._tool_names(moment)[tool], moment) if tool is not None else Move.STAY

    def _seek(self, label: int, moment: Moment) -> None:
        assert self._client is not None
        self._client.seek(min(label, label_of(moment.now)))

    def _search(self, direction: int, moment: Moment) -> None:
        try:
            self._searches.put_nowait(direction)
        except asyncio.QueueFull:
            return
        self._note, self._note_ns = playback_words(moment.words).searching, moment.monotonic_ns

    async def _search_events(self, client: PlaybackClient, book: TimelineBook) -> None:
        while True:
            direction = await self._searches.get()
            position, last = client.position or 0, self._event_label
            if last is not None and abs(position - last) < SAME_EVENT_US:
                position = max(position, last) if direction > 0 else min(position, last)
            try:
                ask = book.next_event if direction > 0 else book.previous_event
                found = await ask(instant_of(position))
            except GONE as error:
                _log.info("camera %s: no event could be looked for: %s", self._camera, error)
                found = None
            self._found, self._searched = found, True
            if found is not None:
                self._event_label = label_of(found.start)
                client.seek(self._event_label)

    def _position(self, moment: Moment) -> int:
        """The label of what is shown, or asked for; else now."""
        client = self._client
        position = client.position_asked if client is not None else None
        return position if position is not None else label_of(self._place.at or moment.now)

    def _name(self, moment: Moment) -> str:
        cameras = moment.state.cameras if moment.state else ()
        known = next((camera for camera in cameras if camera.id == self._camera), None)
        return (known.name or known.id) if known else self._camera
