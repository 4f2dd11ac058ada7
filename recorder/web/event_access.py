"""Which events one side may show: rules 1 and 2 of recorder.web.events_route."""

from gate.client.gate import Gate
from gate.licence.decision import Denied
from gate.licence.features import Feature
from recorder.events.kept import Event
from recorder.state import StateBoard


class EventAccess:
    """`feature`: HDMI_EVENTS or REMOTE_EVENTS."""

    def __init__(self, *, gate: Gate, board: StateBoard, feature: Feature) -> None:
        self._gate = gate
        self._board = board
        self.feature = feature
        self.licensed_only = feature is Feature.REMOTE_EVENTS

    def denial(self) -> Denied | None:
        """Why nothing may be shown, if no camera's events may."""
        denial = None
        for camera in self._board.cameras:
            decision = self._gate.decide(self.feature, camera)
            if not isinstance(decision, Denied):
                return None
            denial = denial or decision
        return denial

    def denial_of(self, event: Event) -> Denied | None:
        """Why this event may not be shown now."""
        if event.camera is None:
            return self.denial()
        decision = self._gate.decide(self.feature, event.camera)
        return decision if isinstance(decision, Denied) else None

    def may_show(self, event: Event) -> bool:
        """Whether it may be shown now."""
        return (event.licensed or not self.licensed_only) and self.denial_of(event) is None
