"""One tile: a picture under its label, or a card in the picture's place. Painted only where something changed."""

from hdmi_out.compositor.canvas import Canvas, Picture
from hdmi_out.layout.rect import Rect
from hdmi_out.osd import palette
from hdmi_out.osd.draw import draw_card, draw_label
from hdmi_out.osd.model import Card, TileLabel
from hdmi_out.osd.overlay import Overlay
from hdmi_out.osd.palette import TypeScale
from hdmi_out.osd.typeface import Typeface


class Tile:
    """Paints one even rectangle of the canvas; nobody else does. It keeps the newest picture until a card replaces it:
    a stale picture is never shown again."""

    def __init__(self, area: Rect, canvas: Canvas, face: Typeface, scale: TypeScale) -> None:
        self.area = area
        self._canvas = canvas
        self._face = face
        self._scale = scale
        self._label: TileLabel | None = None
        self._overlay: Overlay | None = None
        self._shadow = False
        self._card: Card | None = None
        self._picture: Picture | None = None
        self._painted = False

    def compose(self, label: TileLabel, card: Card | None, fresh: Picture | None, *, whole: bool = False) -> bool:
        """Paints what changed, or everything if `whole`. Returns whether `fresh` is now on the canvas; one that is
        larger than the tile was scaled for an earlier plan and is left out."""
        if fresh is not None and (fresh.width > self.area.width or fresh.height > self.area.height):
            fresh = None
        same = self._painted and not whole and label == self._label and card == self._card
        if same and (fresh is None or card is not None):
            return False
        shadow = card is None
        if label != self._label or shadow != self._shadow or self._overlay is None:
            self._label, self._shadow = label, shadow
            self._overlay = draw_label(label, self.area, self._face, self._scale, shadow=shadow)
        self._paint_ground(card, fresh)
        self._canvas.lay(self.area.x, self.area.y, self._overlay)
        self._card, self._painted = card, True
        return fresh is not None and card is None

    def _paint_ground(self, card: Card | None, fresh: Picture | None) -> None:
        area = self.area
        if card is not None:
            self._picture = None
            self._canvas.lay(area.x, area.y, draw_card(card, area, self._face, self._scale))
            return
        picture = self._picture = fresh or self._picture
        if picture is None:
            self._canvas.fill(area, palette.CARD)
            return
        if (picture.width, picture.height) != (area.width, area.height):
            self._canvas.fill(area, palette.LETTERBOX)
        self._canvas.paste(
            area.x + (area.width - picture.width) // 4 * 2, area.y + (area.height - picture.height) // 4 * 2, picture
        )
