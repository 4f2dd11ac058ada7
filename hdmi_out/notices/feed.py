"""Follows the recorder's events. It reconnects; nothing is lost by that and nothing told twice (notices/book.py)."""

import logging
from collections.abc import Callable, Mapping

import aiohttp
import anyio

from gate.clock import Clock
from hdmi_out.errors import MediaError
from hdmi_out.notices.book import EventBook
from hdmi_out.notices.event import Ended, Event, Hole, Page, parse_message, parse_page

PAGE_EVENTS, PAGES_MAX = 100, 5
"""How the list is read after a pause: what lies further back is counted, not fetched."""
NEWS_AGE_SECONDS_MAX = 60.0
"""What began longer ago is in the list only: it came while the recorder could not be reached."""
CONNECT_SECONDS_MAX, ANSWER_SECONDS_MAX = 3.0, 5.0
SILENT_SECONDS_MAX = 60.0
"""Events are rare, pings are not: aiohttp's heartbeat ends a connection that says nothing for so long."""
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.1, 2.0
MESSAGE_BYTES_MAX = 4 << 20

_GONE = (aiohttp.ClientError, OSError, TimeoutError, MediaError, UnicodeError)

_log = logging.getLogger(__name__)


class EventFeed:
    """`book` has what is known; `on_news` is told each new event, the oldest first. `run` it in a task."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, on_news: Callable[[Event], None]) -> None:
        self._session = session
        self._clock = clock
        self._on_news = on_news
        self._language = ""
        self._scope = anyio.CancelScope()
        self._complaint = ""
        self._retry_seconds = RETRY_SECONDS_MIN
        self.book = EventBook()

    def speak(self, language: str) -> None:
        """From now on events are told in that language; those that are known are read again."""
        if language != self._language:
            self._language = language
            self._scope.cancel()

    async def run(self) -> None:
        """Follows the recorder until cancelled."""
        while True:
            self._scope = anyio.CancelScope()
            try:
                with self._scope:
                    await self._follow()
            except _GONE as error:
                self._complain(str(error) or "silent")
            if not self._scope.cancelled_caught:
                await self._clock.sleep(self._retry_seconds)
                self._retry_seconds = min(self._retry_seconds * 2, RETRY_SECONDS_MAX)

    async def page(self, query: Mapping[str, str]) -> Page:
        """A part of the list. Raises aiohttp.ClientError, OSError, TimeoutError, MediaError."""
        async with (
            self._clock.timeout(ANSWER_SECONDS_MAX),
            self._session.get("/v1/events", params={**self._spoken(), **query}) as answer,
        ):
            if answer.status != 200:
                raise MediaError(f"the recorder answered {answer.status} to a question for events")
            return parse_page(await answer.read())

    async def _follow(self) -> None:
        async with self._clock.timeout(CONNECT_SECONDS_MAX):
            socket = await self._session.ws_connect(
                "/v1/events",
                params=self._spoken(),
                max_msg_size=MESSAGE_BYTES_MAX,
                heartbeat=SILENT_SECONDS_MAX,
                timeout=aiohttp.ClientWSTimeout(ws_close=0.5),
            )
        try:
            await self._catch_up()  # after the connection stands: what happens meanwhile waits in it
            self._complaint, self._retry_seconds = "", RETRY_SECONDS_MIN
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._hear(message.data)
        finally:
            with anyio.CancelScope(shield=True):
                await socket.close()

    async def _hear(self, text: str) -> None:
        try:
            message = parse_message(text)
        except MediaError as error:  # of a newer recorder, perhaps; the others are not lost for it
            self._complain(str(error))
            return
        match message:
            case Event() as event:
                if self.book.take(event):  # it happens now, whatever time a recorder with a wrong clock gives it
                    self._on_news(event)
            case Hole():
                await self._catch_up()
            case Ended() as ended:
                self._complain(ended.reason)
            case None:
                pass

    async def _catch_up(self) -> None:
        page = await self.page({"limit": str(PAGE_EVENTS)})
        found = list(page.events)
        for _ in range(PAGES_MAX - 1):
            if page.before is None or not self.book.wants_more(found):
                break
            page = await self.page({"limit": str(PAGE_EVENTS), "before": str(page.before)})
            found += page.events
        for event in self.book.catch_up(found):
            if (self._clock.now() - event.start).total_seconds() <= NEWS_AGE_SECONDS_MAX:
                self._on_news(event)

    def _spoken(self) -> dict[str, str]:
        return {"lang": self._language} if self._language else {}

    def _complain(self, why: str) -> None:
        if why != self._complaint:
            self._complaint = why
            _log.info("events are not told: %s", why)
