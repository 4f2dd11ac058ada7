"""The panel below the picture of the past: the timeline strip with the place of the picture on it, and the tools."""

from collections.abc import Sequence
from dataclasses import dataclass

from hdmi_out.layout.rect import Rect, even
from hdmi_out.osd import palette
from hdmi_out.osd.draw import Pen
from hdmi_out.osd.overlay import Overlay, Painter
from hdmi_out.views.playback_strip import StripPlan, draw_strip, strip_rows
from hdmi_out.views.view import Stage

_PANEL_SHARE, _STRIP_SHARE, _PAD_SHARE = 0.265, 0.66, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The row of tools: their texts, which one is chosen (None: the arrows do other things), and a note beside them,
    which may be urgent."""

    texts: tuple[str, ...]
    chosen: int | None
    note: str
    urgent: bool = False


def panel_height(body: Rect) -> int:
    """Of the panel at the foot of the body."""
    return even(body.height * _PANEL_SHARE)


class PlaybackPanel:
    """Paints its area where something changed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        body = stage.body
        height = panel_height(body)
        self.area = Rect(body.x, body.bottom - height, body.width, height)
        strip = even(height * _STRIP_SHARE)
        self._strip = Rect(body.x, self.area.y, body.width, strip)
        self._row = Rect(body.x, self.area.y + strip, body.width, height - strip)
        self._pad = even(body.width * _PAD_SHARE)
        self.width = body.width - 2 * self._pad
        self._drawn: tuple[StripPlan, Overlay] | None = None
        self._painted: tuple[StripPlan, int | None] | None = None
        self._tools: Tools | None = None

    def compose(self, plan: StripPlan, at: int | None, tools: Tools, *, whole: bool) -> None:
        """`at`: where on the strip the picture is, in its pixels."""
        stage = self._stage
        if whole or (plan, at) != self._painted:
            if self._drawn is None or self._drawn[0] != plan:
                self._drawn = (plan, draw_strip(plan, self._strip, stage.face, stage.scale, self._pad))
            stage.canvas.lay(self._strip.x, self._strip.y, self._drawn[1])
            if at is not None:
                self._mark(at)
            self._painted = (plan, at)
        if whole or tools != self._tools:
            stage.canvas.lay(self._row.x, self._row.y, self._draw_tools(tools))
            self._tools = tools

    def tool_at(self, x: int, y: int, tools: Tools) -> int | None:
        """The tool at a pixel of the canvas."""
        areas = self._areas(tools.texts)
        return next((i for i, area in enumerate(areas) if area.holds(x - self._row.x, y - self._row.y)), None)

    def share_at(self, x: int, y: int) -> float | None:
        """Which part of the strip's time a pixel of the canvas is at; None outside of it."""
        if not self._strip.holds(x, y):
            return None
        return min(max((x - self._strip.x - self._pad) / self.width, 0), 1)

    def _mark(self, at: int) -> None:
        """A line over all layers, with a head."""
        rows = strip_rows(self._strip)
        width = max(even(self.area.height / 40), 2)
        height = even(rows.lapsed.bottom - rows.events.y + 2)
        left = min(max(self._strip.x + self._pad + even(at - width / 2), 0), self._stage.canvas.width - width)
        painter = Painter(width + 4, height, palette.SHADOW)
        painter.rect(Rect(2, 0, width, height), palette.WHITE)
        left = min(max(left - 2, 0), self._stage.canvas.width - painter.width)
        self._stage.canvas.lay(left, self._strip.y + even(rows.events.y), painter.finish())

    def _draw_tools(self, tools: Tools) -> Overlay:
        stage = self._stage
        painter = Painter(self._row.width, self._row.height, palette.BAR)
        pen, size = Pen(painter, stage.face), stage.scale.small
        middle = self._row.height * 0.46
        areas = self._areas(tools.texts)
        for number, (text, area) in enumerate(zip(tools.texts, areas, strict=True)):
            chosen = number == tools.chosen
            painter.rect(area, palette.BLUE if chosen else palette.CARD)
            ink = palette.BAR_CLOCK if chosen else palette.WHITE
            pen.text(area.x + size // 2, middle, text, size, ink)
        left = areas[-1].right + size if areas else self._pad
        note = stage.face.fitted(tools.note, size, self._row.width - self._pad - left)
        x = self._row.width - self._pad - stage.face.width(note, size)
        pen.text(x, middle, note, size, palette.AMBER if tools.urgent else palette.SOFT)
        return painter.finish()

    def _areas(self, texts: Sequence[str]) -> list[Rect]:
        """The tools' plates, within their row."""
        size = self._stage.scale.small
        height = round(self._row.height * 0.72)
        top = round(self._row.height * 0.46 - height / 2)
        areas, x = [], self._pad
        for text in texts:
            width = self._stage.face.width(text, size) + size
            areas.append(Rect(x, top, width, height))
            x += width + size // 3
        return areas
