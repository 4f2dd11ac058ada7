"""What is known of a camera's past: its timeline by days, which days have footage, and where the next event is. Fetched
from the recorder as it is wanted; what is shown meanwhile is what was known last."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import aiohttp

from gate.clock import Clock
from hdmi_out.errors import MediaError
from hdmi_out.playback_messages import Happening, Timeline, parse_days, parse_timeline

DAYS_KEPT, MONTHS_KEPT = 8, 12
FRESH_SECONDS, GROWING_FRESH_SECONDS = 60.0, 5.0
"""How old what is shown may be; the second of a time that still grows."""
ANSWER_SECONDS_MAX = 5.0
SEARCH_SPANS = tuple(timedelta(days=days) for days in (1 / 24, 1, 7, 40, 400))
"""How far an event is searched for, in steps."""

GONE = (aiohttp.ClientError, OSError, TimeoutError, MediaError, UnicodeError)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    timeline: Timeline
    at_ns: int


class TimelineBook:
    """Of one camera. `run` it in a task; `want` says what is to be known, each frame anew."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, camera: str, language: str) -> None:
        self._session = session
        self._clock = clock
        self._camera = camera
        self._language = language
        self._ranges: OrderedDict[tuple[datetime, datetime], _Known] = OrderedDict()
        self._months: OrderedDict[str, tuple[frozenset[date], int]] = OrderedDict()
        self._wanted: tuple[datetime, datetime] | None = None
        self._wanted_month: str | None = None
        self._wake = asyncio.Event()
        self.trouble = ""

    def want(self, start: datetime, end: datetime) -> Timeline | None:
        """The timeline of a range, as far as it is known; it is fetched if it is not, or is old."""
        if self._wanted != (start, end):
            self._wanted = (start, end)
            self._wake.set()
        known = self._ranges.get((start, end))
        return known.timeline if known else None

    def want_month(self, month: date) -> frozenset[date] | None:
        """The days of a month that have footage; None while that is not known."""
        name = f"{month:%Y-%m}"
        if self._wanted_month != name:
            self._wanted_month = name
            self._wake.set()
        known = self._months.get(name)
        return known[0] if known else None

    async def run(self) -> None:
        """Fetches what is wanted until cancelled."""
        while True:
            try:
                await self._fetch_wanted()
                self.trouble = ""
            except GONE as error:
                if not self.trouble:
                    _log.info("camera %s: its timeline is not known: %s", self._camera, error or "silent")
                self.trouble = str(error) or "silent"
            self._wake.clear()
            try:
                async with self._clock.timeout(1.0):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def next_event(self, after: datetime) -> Happening | None:
        """The first event that begins after a time. Raises aiohttp.ClientError, OSError, TimeoutError, MediaError."""
        for span in SEARCH_SPANS:
            while True:
                told = await self._ask_timeline(after, after + span)
                found = [event for event in told.events if event.start > after]
                if not (found and told.events_left_out) or span < timedelta(seconds=10):
                    break
                span /= 4  # only the last of many were told
            if found:
                return found[0]
        return None

    async def previous_event(self, before: datetime) -> Happening | None:
        """The last event that began before a time. Raises like `next_event`."""
        for span in SEARCH_SPANS:
            told = await self._ask_timeline(before - span, before)
            found = [event for event in told.events if event.start < before]
            if found:
                return found[-1]
        return None

    async def _fetch_wanted(self) -> None:
        now_ns = self._clock.monotonic_ns()
        wanted, month = self._wanted, self._wanted_month
        if wanted is not None:
            known = self._ranges.get(wanted)
            growing = wanted[1] > self._clock.now()
            fresh_ns = (GROWING_FRESH_SECONDS if growing else FRESH_SECONDS) * 1e9
            if known is None or now_ns - known.at_ns > fresh_ns:
                self._ranges[wanted] = _Known(await self._ask_timeline(*wanted), now_ns)
                self._ranges.move_to_end(wanted)
                if len(self._ranges) > DAYS_KEPT:
                    self._ranges.popitem(last=False)
        if month is not None and (month not in self._months or now_ns - self._months[month][1] > FRESH_SECONDS * 1e9):
            answer = await self._get("days", {"month": month})
            self._months[month] = (parse_days(answer), now_ns)
            if len(self._months) > MONTHS_KEPT:
                self._months.popitem(last=False)

    async def _ask_timeline(self, start: datetime, end: datetime) -> Timeline:
        return parse_timeline(await self._get("timeline", {"from": start.isoformat(), "to": end.isoformat()}))

    async def _get(self, what: str, params: dict[str, str]) -> bytes:
        async with (
            self._clock.timeout(ANSWER_SECONDS_MAX),
            self._session.get(f"/v1/cameras/{self._camera}/{what}", params=params | {"lang": self._language}) as answer,
        ):
            if answer.status != 200:
                raise MediaError(f"the recorder answered {answer.status} to a question for its {what}")
            return await answer.read()
