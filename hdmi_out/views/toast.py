"""A few words above any view that go away by themselves: "page 2/3", or which monitor this is."""

from collections.abc import Sequence

from hdmi_out.layout.rect import even
from hdmi_out.osd.draw import draw_toast
from hdmi_out.osd.overlay import Overlay
from hdmi_out.views.keys import Command
from hdmi_out.views.view import Answer, Moment, Panel, Stage

SECONDS, BIG_SECONDS = 2.5, 6.0


class Toast:
    """One text at a time; a newer one takes the place of the one before."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._said: tuple[str, bool] | None = None
        self._panel: Panel | None = None
        self._until_ns = 0

    def say(self, text: str, *, big: bool = False) -> None:
        """Shows the text from the next frame on."""
        self._said, self._panel = (text, big), None

    def panels(self, moment: Moment) -> Sequence[Panel]:
        """The text, while its time lasts."""
        if self._said is None:
            return ()
        if self._panel is None:
            text, big = self._said
            self._panel = self._placed(draw_toast(text, self._stage.body, self._stage.face, self._stage.scale, big=big))
            self._until_ns = moment.monotonic_ns + round((BIG_SECONDS if big else SECONDS) * 1e9)
        if moment.monotonic_ns >= self._until_ns:
            self._said = self._panel = None
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
