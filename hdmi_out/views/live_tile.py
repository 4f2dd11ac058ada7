"""A camera's live picture in a tile: when it is shown, and what stands there instead."""

from hdmi_out.compositor.tile import Tile
from hdmi_out.layout.rect import Rect
from hdmi_out.live import LiveSource, Source
from hdmi_out.osd import model
from hdmi_out.osd.model import Card, TileLabel
from hdmi_out.site_state import Camera
from hdmi_out.views.view import Moment, Stage


class LiveTile:
    """One camera's tile. `live`: whether its picture was shown in the last frame."""

    def __init__(self, area: Rect, stage: Stage) -> None:
        self._tile = Tile(area, stage.canvas, stage.face, stage.scale)
        self.live = False

    @property
    def area(self) -> Rect:
        """Where it is."""
        return self._tile.area

    def compose(self, camera: Camera, stream: str, moment: Moment, *, whole: bool, note: str = "") -> bool:
        """Paints what changed; returns whether a new picture is now on the canvas. `note` follows the name."""
        source = moment.live.get(Source(camera.id, stream))
        label = model.tile_label(camera, moment.words, reachable=moment.lost_seconds is None, note=note)
        card = card_of(camera, stream, source, moment)
        self.live = card is None and source is not None and source.live
        return self._tile.compose(label, card, source.fresh if source else None, whole=whole)

    def say(self, name: str, title: str, *, whole: bool) -> None:
        """Paints a card instead of any camera."""
        self.live = False
        self._tile.compose(TileLabel(name=name), Card(title=title), None, whole=whole)


def card_of(camera: Camera, stream: str, source: LiveSource | None, moment: Moment) -> Card | None:
    """What stands in place of the picture; None while there is a live one. While the first one may still be on its way
    the card says nothing."""
    if source is not None and source.live:
        return None
    known = camera.streams.get(stream)
    streaming = known is not None and known.phase == "streaming" and moment.lost_seconds is None
    if streaming and (source is None or source.opening):
        return Card(title="")
    age = source.age_seconds if source else None
    if age is None and known is not None and known.age_ms is not None:
        age = known.age_ms / 1000
    return model.no_signal_card(camera, age, moment.words, stream=stream, refusal=source.refusal if source else "")
