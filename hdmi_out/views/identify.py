"""Which monitor is this? The recorder's name over everything, because somebody asked for it there or at the monitor."""

from collections.abc import Sequence

from hdmi_out.osd.draw import draw_identity
from hdmi_out.views.keys import Command, Key
from hdmi_out.views.view import Answer, Moment, Move, Panel, Stage

SECONDS = 6.0
"""How long the monitor's own key shows it."""


class Identify:
    """A layer over the whole body; any key takes it away."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._until_ns = 0
        self._seen = ""
        self._panel: tuple[str, Panel] | None = None

    def panels(self, moment: Moment) -> Sequence[Panel]:
        """The name, while somebody wants to see it."""
        if not self._shown(moment):
            self._panel = None
            return ()
        name = moment.state.device.id if moment.state else ""
        if self._panel is None or self._panel[0] != name:
            stage = self._stage
            overlay = draw_identity("HDMI", name, stage.body, stage.face, stage.scale)
            self._panel = (name, Panel(stage.body.x, stage.body.y, overlay))
        return (self._panel[1],)

    def act(self, command: Command, moment: Moment) -> Answer | None:
        """`identify` shows it, any other key takes it away."""
        if command is Key.IDENTIFY:
            self._until_ns = moment.monotonic_ns + round(SECONDS * 1e9)
            return Move.STAY
        if not isinstance(command, Key) or not self._shown(moment):
            return None
        self._until_ns = 0
        self._seen = self._asked(moment)
        return Move.STAY

    def _shown(self, moment: Moment) -> bool:
        asked = self._asked(moment)
        return moment.monotonic_ns < self._until_ns or bool(asked and asked != self._seen)

    def _asked(self, moment: Moment) -> str:
        """Until when the recorder wants to be shown, by its own clock, which may be wrong; empty where it does not."""
        if moment.state is None or (until := moment.state.device.identify_until) is None:
            return ""
        now = moment.state.now if moment.lost_seconds is None and moment.state.now is not None else moment.now
        return until.isoformat() if now < until else ""
