"""Composition of the wall: content and new pictures onto the canvas, painting only what changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from hdmi_out.compositor.canvas import Canvas, Picture
from hdmi_out.layout.rect import Rect
from hdmi_out.layout.wall import WallLayout, plan_wall
from hdmi_out.osd import palette
from hdmi_out.osd.draw import draw_card, draw_label, draw_message, draw_time
from hdmi_out.osd.model import Card, Message, TileContent, TileLabel, TimePanel, WallContent
from hdmi_out.osd.overlay import Overlay
from hdmi_out.osd.typeface import Typeface


@dataclass(slots=True)
class _Tile:
    area: Rect
    label: TileLabel | None = None
    shadow: bool = False
    label_overlay: Overlay | None = None
    card: Card | None = None
    picture: Picture | None = None
    painted: bool = False


class Wall:
    """The wall on its canvas."""

    def __init__(self, canvas: Canvas, face: Typeface) -> None:
        self.canvas = canvas
        self._face = face
        self._scale = palette.type_scale(canvas.height)
        self._cameras: tuple[str, ...] | None = None
        self._layout: WallLayout | None = None
        self._tiles: dict[str, _Tile] = {}
        self._time: TimePanel | None = None
        self._message: Message | None = None

    def picture_area(self, camera: str) -> Rect | None:
        """The tile that a camera's pictures are scaled into, None while it has none."""
        tile = self._tiles.get(camera)
        return tile.area if tile else None

    def arrange(self, cameras: tuple[str, ...]) -> bool:
        """Plans the wall anew if the cameras changed; returns whether it did. Cameras beyond the grid are not shown."""
        if cameras == self._cameras:
            return False
        self._cameras = cameras
        layout = self._layout = plan_wall(self.canvas.width, self.canvas.height, len(cameras))
        self.canvas.fill(Rect(0, 0, layout.width, layout.height), palette.BACKGROUND)
        for area in layout.tiles:
            self.canvas.fill(area, palette.EMPTY)
        self._tiles = {camera: _Tile(area) for camera, area in zip(cameras, layout.tiles, strict=False)}
        self._time = self._message = None
        return True

    def compose(self, content: WallContent, fresh: Mapping[str, Picture]) -> set[str]:
        """Paints what changed. Returns the cameras whose new picture is now on the wall: those of `fresh` that have a
        tile of the picture's size. Without a picture and without a card a tile stays as it is."""
        self.arrange(tuple(tile.camera for tile in content.tiles))
        shown = {tile.camera for tile in content.tiles if self._paint_tile(tile, fresh.get(tile.camera))}
        assert self._layout is not None
        if content.time != self._time:
            self._time = content.time
            area = self._layout.clock
            self.canvas.lay(area.x, area.y, draw_time(content.time, area, self._face, self._scale))
        if content.message != self._message:
            self._message = content.message
            area = self._layout.message
            self.canvas.lay(area.x, area.y, draw_message(content.message, area, self._face, self._scale))
        return shown

    def _paint_tile(self, content: TileContent, fresh: Picture | None) -> bool:
        tile = self._tiles.get(content.camera)
        if tile is None:
            return False
        if fresh is not None and (fresh.width > tile.area.width or fresh.height > tile.area.height):
            fresh = None  # scaled for an earlier plan; the next one fits
        same = tile.painted and content.label == tile.label and content.card == tile.card
        if same and (fresh is None or content.card is not None):
            return False
        shadow = content.card is None
        if content.label != tile.label or shadow != tile.shadow or tile.label_overlay is None:
            tile.label, tile.shadow = content.label, shadow
            tile.label_overlay = draw_label(content.label, tile.area, self._face, self._scale, shadow=shadow)
        self._paint_ground(tile, content.card, fresh)
        self.canvas.lay(tile.area.x, tile.area.y, tile.label_overlay)
        tile.card, tile.painted = content.card, True
        return fresh is not None and content.card is None

    def _paint_ground(self, tile: _Tile, card: Card | None, fresh: Picture | None) -> None:
        if card is not None:
            tile.picture = None  # a stale picture is never shown again
            self.canvas.lay(tile.area.x, tile.area.y, draw_card(card, tile.area, self._face, self._scale))
            return
        tile.picture = fresh or tile.picture
        picture = tile.picture
        if picture is None:
            self.canvas.fill(tile.area, palette.CARD)
            return
        if (picture.width, picture.height) != (tile.area.width, tile.area.height):
            self.canvas.fill(tile.area, palette.LETTERBOX)
        self.canvas.paste(
            tile.area.x + (tile.area.width - picture.width) // 4 * 2,
            tile.area.y + (tile.area.height - picture.height) // 4 * 2,
            picture,
        )
