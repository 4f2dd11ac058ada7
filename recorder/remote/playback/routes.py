"""The routes of playback, as one table."""

from aiohttp import web

from recorder.catalog.database import Catalog
from recorder.remote.playback.footage_route import FootageRoute
from recorder.remote.playback.hls_route import HlsRoute
from recorder.remote.playback.leased import Leased
from recorder.remote.playback.media_route import MediaRoute
from recorder.remote.playback.picture_route import PictureRoute
from recorder.remote.playback.timeline_route import TimelineRoute
from recorder.web.served import Served


def add_playback(router: web.UrlDispatcher, served: Served, catalog: Catalog) -> None:
    """`catalog`: of `served`."""
    leased = Leased(served)
    timeline, media, pictures = TimelineRoute(leased, catalog), MediaRoute(leased), PictureRoute(leased)
    hls, footage = HlsRoute(leased), FootageRoute(leased)
    handlers = {
        "timeline": timeline.timeline,
        "days": timeline.days,
        "media": media.media,
        "init/{entry}.mp4": media.init,
        "thumb.jpg": pictures.thumb,
        "sprites/{hour}.jpg": pictures.sheet,
        "vod.m3u8": hls.playlist,
        "vod/{piece}.m4s": hls.piece,
        "footage.mp4": footage.footage,
    }
    for path, handler in handlers.items():
        router.add_get(f"/api/v1/cameras/{{camera}}/{path}", handler, allow_head=False)
