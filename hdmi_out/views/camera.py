"""A single camera: its main stream; while that has no picture its sub stream, which is then said."""

from collections.abc import Collection, Mapping

from hdmi_out.layout.rect import Rect
from hdmi_out.layout.wall import plan_wall
from hdmi_out.live import Source
from hdmi_out.site_state import Camera
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.live_tile import LiveTile
from hdmi_out.views.view import Answer, Moment, Move, Place, Stage


class CameraView:
    """Left and right show the camera before and after it, `ok` opens the menu, `play` its playback."""

    def __init__(self, stage: Stage, camera: str) -> None:
        self._camera = camera
        self._tile = LiveTile(plan_wall(stage.body, 1).tiles[0], stage)

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        camera = self._known(moment)
        if camera is None:
            return {}
        main = Source(camera.id, "main")
        sources = [main]
        known = moment.live.get(main)
        if "sub" in camera.streams and not (known and known.live):
            sources.append(Source(camera.id, "sub"))
        return dict.fromkeys(sources, self._tile.area)

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        camera = self._known(moment)
        if camera is None:
            self._tile.say(self._camera, moment.words.camera_gone, whole=whole)
            return ()
        stream = self._stream(camera, moment)
        main = moment.live.get(Source(camera.id, "main"))
        waiting = main is None or main.opening
        known = camera.streams.get("main")
        note = f"{known.width}×{known.height}" if known and known.width else ""
        if stream == "sub":
            note = "" if waiting else moment.words.sub_instead
        if self._tile.compose(camera, stream, moment, whole=whole, note=note):
            return (Source(camera.id, stream),)
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        match command:
            case Key.LEFT | Key.PREVIOUS:
                return self._neighbour(-1, moment)
            case Key.RIGHT | Key.NEXT:
                return self._neighbour(1, moment)
            case Key.OK:
                return Move.MENU
            case Key.PLAY:
                return Place(view="playback", camera=self._camera)
            case Key.TOUR:
                return Place(view="tour")
            case Key.BACK | Pointer(pressed=True):
                return Move.BACK
            case _:
                return Move.STAY

    def caption(self, moment: Moment) -> str:
        camera = self._known(moment)
        return camera.name or camera.id if camera else self._camera

    async def run(self) -> None:
        """It has no work of its own."""

    def _known(self, moment: Moment) -> Camera | None:
        cameras = moment.state.cameras if moment.state else ()
        return next((camera for camera in cameras if camera.id == self._camera), None)

    def _stream(self, camera: Camera, moment: Moment) -> str:
        """The stream to show: main, unless only sub has a picture."""
        main, sub = (moment.live.get(Source(camera.id, stream)) for stream in ("main", "sub"))
        return "sub" if sub and sub.live and not (main and main.live) else "main"

    def _neighbour(self, step: int, moment: Moment) -> Answer:
        ids = [camera.id for camera in moment.state.cameras] if moment.state else []
        if not ids:
            return Move.STAY
        index = ids.index(self._camera) + step if self._camera in ids else 0
        return Place(view="camera", camera=ids[index % len(ids)])
