"""The device page: what this recorder is, how it fares, and what comes from its cameras."""

import logging
from collections.abc import Collection, Iterable, Mapping

import aiohttp
from pydantic import BaseModel, ValidationError

from gate.clock import Clock
from hdmi_out.layout.rect import Rect
from hdmi_out.live import Source
from hdmi_out.osd.model import duration, instant_text
from hdmi_out.osd.page_words import PageWords, page_words
from hdmi_out.osd.sheet import Cell, Ink, Line, Piece, wrapped
from hdmi_out.site_state import SiteState, Stream
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.sheet import Sheet, next_tab
from hdmi_out.views.view import Answer, Moment, Move, Stage

ASK_SECONDS = 2.0
ANSWER_SECONDS_MAX = 3.0
ADDRESSES_MAX = 3
_COLUMNS = (0.0, 0.31, 0.585, 0.665, 0.78, 0.87, 1.0)

_log = logging.getLogger(__name__)


class StorageFacts(BaseModel):
    """Of `/v1/device`."""

    used_bytes: int = 0
    bytes_max: int = 0
    free_bytes: int = 0
    written_bytes_per_second: float = 0.0
    fits_seconds: int | None = None
    full_seconds: int | None = None


class DeviceFacts(BaseModel):
    """The object of `/v1/device` (docs/protocols.md), as far as it is shown."""

    id: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    uptime_seconds: int = 0
    addresses: list[str] = []
    remote_listen: str | None = None
    storage: StorageFacts = StorageFacts()


class DeviceView:
    """Left and right lead to the pages beside this one, up and down through the streams where there are many."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._stage = stage
        self._sheet = Sheet(stage)
        self._session = session
        self._clock = clock
        self._first = 0
        self._facts: DeviceFacts | None = None

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        return {}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        own = page_words(moment.words)
        known = self._facts is not None and moment.lost_seconds is None
        pieces = self._sheet.tabs("device", moment, own.streams_hint if known else own.wait)
        if moment.state and moment.lost_seconds is None:
            pieces |= self._fields(moment.state, moment, own) | self._streams(moment.state, moment, own)
        self._sheet.compose(pieces, whole=whole)
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        match command:
            case Key.LEFT | Key.RIGHT:
                return next_tab("device", 1 if command is Key.RIGHT else -1, moment.state)
            case Key.UP | Key.DOWN:
                self._first = max(self._first + (1 if command is Key.DOWN else -1), 0)
            case Key.BACK:
                return Move.BACK
            case Pointer(pressed=True):
                return self._sheet.tab_at(command.x, command.y) or Move.STAY
            case _:
                pass
        return Move.STAY

    def caption(self, moment: Moment) -> str:
        return page_words(moment.words).tabs["device"]

    async def run(self) -> None:
        """Asks the recorder again and again."""
        while True:
            try:
                async with self._clock.timeout(ANSWER_SECONDS_MAX), self._session.get("/v1/device") as answer:
                    answer.raise_for_status()
                    self._facts = DeviceFacts.model_validate_json(await answer.read())
            except (aiohttp.ClientError, OSError, TimeoutError, ValidationError) as error:
                _log.debug("the recorder does not tell of itself: %s", error)
                self._facts = None
            await self._clock.sleep(ASK_SECONDS)

    def _fields(self, state: SiteState, moment: Moment, own: PageWords) -> dict[Rect, Piece]:
        areas = self._sheet.rows(0, 0.475)
        size, width = self._stage.scale.small, round(areas[0].width * 0.68)
        lines = []
        for name, text, ink in _facts(self._facts, state, moment, own):
            for number, part in enumerate(wrapped(text, self._stage.face, size, width, 2) or [own.not_known]):
                label = own.fields[name] if number == 0 else ""
                lines.append(
                    Line(cells=(Cell(text=label, right=0.3, ink=Ink.SOFT), Cell(text=part, left=0.31, ink=ink)))
                )
        return dict(zip(areas, lines, strict=False))

    def _streams(self, state: SiteState, moment: Moment, own: PageWords) -> dict[Rect, Piece]:
        areas = self._sheet.rows(0.5, 1.0)
        streams = [
            (f"{camera.name or camera.id} {own.sub if name == 'sub' else own.main}", stream)
            for camera in state.cameras
            for name, stream in camera.streams.items()
        ]
        self._first = min(self._first, max(len(streams) - len(areas) + 1, 0))
        head = _stream_cells(own.stream_columns, Ink.SOFT)
        lines = [Line(cells=head)]
        lines += [_stream_line(name, stream, moment, own) for name, stream in streams[self._first :]]
        return dict(zip(areas, lines, strict=False))


def _facts(
    facts: DeviceFacts | None, state: SiteState, moment: Moment, own: PageWords
) -> Iterable[tuple[str, str, Ink]]:
    """Name, text and ink of each line."""
    found, words = facts or DeviceFacts(), moment.words
    storage, clock, service = found.storage, state.licence.clock, state.licence.service
    yield "id", state.device.id, Ink.PLAIN
    yield "firmware", f"{found.model} {found.firmware}".strip(), Ink.PLAIN
    if found.serial:
        yield "serial", found.serial, Ink.PLAIN
    yield "uptime", duration(found.uptime_seconds, words) if facts else "", Ink.PLAIN
    yield "addresses", words.list_separator.join(found.addresses[:ADDRESSES_MAX]), Ink.PLAIN
    yield "remote", _remote(found.remote_listen, own) if facts else "", Ink.PLAIN
    space = (_gigabytes(count) for count in (storage.used_bytes, storage.bytes_max, storage.free_bytes))
    yield "used", own.space.format(*space) if facts else "", Ink.PLAIN
    if state.storage.message:
        yield "used", state.storage.message, Ink.WARN
    yield "rate", f"{storage.written_bytes_per_second * 8 / 1e6:.1f} Mbit/s" if facts else "", Ink.PLAIN
    yield "forecast", _forecast(storage, moment, own) if facts else "", Ink.PLAIN
    if state.storage.oldest:
        yield "oldest", instant_text(state.storage.oldest, moment.zone, words), Ink.PLAIN
    phase = own.service_phases.get(service.phase, service.phase) if service else own.licence_file
    yield "service", phase, Ink.WARN if service and service.phase == "offline" else Ink.PLAIN
    if clock:
        yield "clock", clock.message, Ink.WARN if clock.doubt else Ink.PLAIN


def _remote(listen: str | None, own: PageWords) -> str:
    if listen is None:
        return own.no_listener
    return own.local_only.format(listen) if listen.startswith(("127.", "localhost", "[::1]")) else listen


def _forecast(storage: StorageFacts, moment: Moment, own: PageWords) -> str:
    if storage.full_seconds is not None:
        return own.forecast_full.format(duration(storage.full_seconds, moment.words))
    if storage.fits_seconds is not None:
        return own.forecast_keeps.format(duration(storage.fits_seconds, moment.words))
    return own.forecast_none


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f}"


def _stream_cells(texts: Iterable[str], ink: Ink = Ink.PLAIN) -> tuple[Cell, ...]:
    return tuple(
        Cell(text=text, left=_COLUMNS[index], right=_COLUMNS[index + 1] - 0.01, ink=ink, end=index > 1)
        for index, text in enumerate(texts)
    )


def _stream_line(name: str, stream: Stream, moment: Moment, own: PageWords) -> Line:
    if stream.phase != "streaming":
        why = moment.words.phases.get(stream.phase, stream.phase)
        return Line(cells=(*_stream_cells((name,)), Cell(text=why, left=_COLUMNS[1], ink=Ink.WARN)), raised=True)
    skew = own.not_known if stream.clock_skew_ms is None else f"{stream.clock_skew_ms / 1000:+.2f}s"
    texts = (
        name,
        f"{stream.width or 0}×{stream.height or 0} {stream.codec}",
        f"{stream.fps:.0f}",
        f"{stream.bitrate_bps / 1e6:.2f}",
        f"{stream.packets_lost}",
        skew,
    )
    return Line(cells=_stream_cells(texts), raised=True)
