"""The bar at the foot of every view: the site's time, and the most important thing to know now."""

from hdmi_out.layout.screen import ScreenLayout
from hdmi_out.osd import model
from hdmi_out.osd.draw import draw_message, draw_time
from hdmi_out.osd.model import Message, TimePanel
from hdmi_out.views.view import Moment, Stage


class Bar:
    """Paints the bar; `message` is what it says."""

    def __init__(self, stage: Stage, layout: ScreenLayout) -> None:
        self._stage = stage
        self._layout = layout
        self._time: TimePanel | None = None
        self.message: Message | None = None

    def compose(self, moment: Moment, caption: str, *, whole: bool) -> None:
        """Paints what changed, or everything if `whole`."""
        stage = self._stage
        time = model.time_panel(moment.now, moment.zone, moment.words, reduced=moment.reduced)
        message = model.message(
            moment.state, moment.now, moment.zone, moment.words, lost_seconds=moment.lost_seconds, caption=caption
        )
        if whole or time != self._time:
            area, self._time = self._layout.clock, time
            stage.canvas.lay(area.x, area.y, draw_time(time, area, stage.face, stage.scale))
        if whole or message != self.message:
            area, self.message = self._layout.message, message
            stage.canvas.lay(area.x, area.y, draw_message(message, area, stage.face, stage.scale))
