"""The places of the past: playback, and the search by time."""

from collections.abc import Callable

from aiohttp import ClientSession

from gate.clock import Clock
from hdmi_out.layout.rect import Rect
from hdmi_out.playback_client import PlaybackClient
from hdmi_out.playback_timeline import TimelineBook
from hdmi_out.views.playback import PlaybackView
from hdmi_out.views.playback_search import SearchView
from hdmi_out.views.view import Place, Stage, View


def add_playback(
    places: dict[str, Callable[[Place], View]], stage: Stage, session: ClientSession, clock: Clock
) -> None:
    """Adds them."""

    def book(camera: str, language: str) -> TimelineBook:
        return TimelineBook(session, clock, camera, language)

    def cursor(camera: str, box: Rect, language: str) -> tuple[PlaybackClient, TimelineBook]:
        return PlaybackClient(session, clock, camera, box, language), book(camera, language)

    places["playback"] = lambda place: PlaybackView(stage, place, cursor)
    places["search"] = lambda place: SearchView(stage, place, book)
