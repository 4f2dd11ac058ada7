"""A remote side where things happen: two cameras with footage an hour old, and events at them."""

from dataclasses import replace
from pathlib import Path

from gate.licence.decision import Granted
from gate.licence.features import Feature
from recorder.events.bus import EventBus
from recorder.events.event import CameraEvent, EventKind, EventPhase
from recorder.events.kept import SystemKind
from recorder.web.served import Served
from tests.fakes.playback_site import SECOND, PlaybackSite


class EventSite(PlaybackSite):
    """`happen` and `tell` from any thread."""

    bus: EventBus

    def _tell(self, index: Path, second_ns: int) -> None:
        """Nothing has happened yet."""

    def _served(self) -> Served:
        site = self.site

        def may_tell(camera: str | None) -> bool:
            cameras = [camera] if camera is not None else list(site.board.cameras)
            return any(isinstance(site.gate.decide(Feature.REMOTE_EVENTS, one), Granted) for one in cameras)

        self.bus = EventBus(
            store=self._catalog, clock=site.clock, last_number=0, may_tell_remotely=may_tell, trigger=bool
        )
        return replace(super()._served(), bus=self.bus)

    def happen(
        self,
        camera: str = "cam1",
        kind: EventKind = "person",
        phase: EventPhase = "pulse",
        *,
        second: float | None = None,
        rule: str = "",
    ) -> None:
        """Now, or at that second of the footage."""

        def tell() -> None:
            now_ns = self.site.clock.now_ns()
            at_ns = now_ns if second is None else self.start_ns + round(second * SECOND)
            event = CameraEvent(camera=camera, kind=kind, phase=phase, at_utc_ns=at_ns, source="onvif", rule=rule)
            self.bus.take(event)

        self.call(tell)

    def trouble(self, kind: SystemKind, detail: str, camera: str | None = None) -> None:
        """A condition of the recorder begins now."""
        self.call(lambda: self.bus.begin_system(camera, kind, detail))
