"""The picture of the past under its label: which camera, that this is no live picture, and when it was."""

from dataclasses import dataclass

from hdmi_out.compositor.canvas import Picture
from hdmi_out.layout.rect import Rect, even
from hdmi_out.osd import palette
from hdmi_out.osd.draw import Pen, draw_card
from hdmi_out.osd.model import Card
from hdmi_out.osd.overlay import Overlay, Painter
from hdmi_out.osd.palette import TypeScale
from hdmi_out.osd.typeface import Typeface
from hdmi_out.views.view import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLabel:
    """`state`: playing how fast, or not at all; `when`: of the picture."""

    name: str
    state: str
    when: str


class PastPicture:
    """Paints its area where something changed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._painted: tuple[Rect, PastLabel, Card | None, Picture | None] | None = None
        self._label: tuple[PastLabel, int, Overlay] | None = None

    def compose(self, area: Rect, label: PastLabel, card: Card | None, picture: Picture | None, *, whole: bool) -> bool:
        """Whether it painted. A picture that is larger than the area waits to be scaled."""
        if picture is not None and (picture.width > area.width or picture.height > area.height):
            picture = None
        wanted = (area, label, card, None if card is not None else picture)
        if (
            not whole
            and self._painted is not None
            and wanted[:3] == self._painted[:3]
            and wanted[3] is self._painted[3]
        ):
            return False
        self._painted = wanted
        stage = self._stage
        if card is not None:
            stage.canvas.lay(area.x, area.y, draw_card(card, area, stage.face, stage.scale))
        elif picture is None:
            stage.canvas.fill(area, palette.LETTERBOX)
        else:
            if (picture.width, picture.height) != (area.width, area.height):
                stage.canvas.fill(area, palette.LETTERBOX)
            x = area.x + (area.width - picture.width) // 4 * 2
            y = area.y + (area.height - picture.height) // 4 * 2
            stage.canvas.paste(x, y, picture)
        stage.canvas.lay(area.x, area.y, self._drawn(label, area.width))
        return True

    def _drawn(self, label: PastLabel, width: int) -> Overlay:
        if self._label is None or self._label[:2] != (label, width):
            overlay = draw_past_label(label, width, self._stage.face, self._stage.scale)
            self._label = (label, width, overlay)
        return self._label[2]


def draw_past_label(label: PastLabel, width: int, face: Typeface, scale: TypeScale) -> Overlay:
    """The name left, when it was right, and the state before that."""
    size, pad = scale.title, round(scale.title * 0.6)
    painter = Painter(width, even(size * 2.1), None)
    painter.shade(palette.SHADOW, 0.95, round(size * 1.4))
    pen, middle = Pen(painter, face), size * 0.92
    x = width - pad - face.width(label.when, size)
    pen.text(x, middle, label.when, size, palette.WHITE)
    x -= size + face.width(label.state, scale.body)
    pen.text(x, middle, label.state, scale.body, palette.BLUE)
    pen.text(pad, middle, face.fitted(label.name, size, max(x - pad - size, 1)), size, palette.WHITE)
    return painter.finish()
