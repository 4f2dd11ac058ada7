"""A few words above any view that go away by themselves, as "page 2/3"."""

from collections.abc import Sequence

from hdmi_out.layout.rect import even
from hdmi_out.osd.draw import draw_toast
from hdmi_out.osd.overlay import Overlay
from hdmi_out.views.keys import Command
from hdmi_out.views.view import Answer, Moment, Panel, Stage

SECONDS = 2.5


class Toast:
    """One text at a time; a newer one takes the place of the one before."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._said = ""
        self._panel: Panel | None = None
        self._until_ns = 0

    def say(self, text: str) -> None:
        """Shows the text from the next frame on."""
        self._said, self._panel = text, None

    def panels(self, moment: Moment) -> Sequence[Panel]:
        """The text, while its time lasts."""
        if not self._said:
            return ()
        if self._panel is None:
            stage = self._stage
            self._panel = self._placed(draw_toast(self._said, stage.body, stage.face, stage.scale))
            self._until_ns = moment.monotonic_ns + round(SECONDS * 1e9)
        if moment.monotonic_ns >= self._until_ns:
            self._said, self._panel = "", None
            return ()
        return (self._panel,)

    def act(self, command: Command, moment: Moment) -> Answer | None:
        """It takes no commands."""
        return None

    def _placed(self, overlay: Overlay) -> Panel:
        body = self._stage.body
        x = body.x + even((body.width - overlay.width) / 2)
        y = body.y + even((body.height - overlay.height) * 0.9)
        return Panel(x, y, overlay)
