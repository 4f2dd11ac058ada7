"""Gathers what an MQTT broker is to hold: from the board, the gate and the events."""

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Denied
from gate.licence.denials import problem
from gate.licence.features import Feature
from recorder.config import RecorderConfig
from recorder.events.bus import EventBus
from recorder.events.kept import Event
from recorder.notify.entities import CameraFacts, Facts, Topics, retained
from recorder.notify.settings import MqttSection
from recorder.site_state import last_valid_day
from recorder.state import CameraState, StateBoard

PULSE_SECONDS = 3.0
"""How long an event is ON at least: a pulse has no length, and one that is over at once would not be seen."""


class MqttFacts:
    """`note` each event as it begins."""

    def __init__(
        self,
        section: MqttSection,
        *,
        config: RecorderConfig,
        board: StateBoard,
        gate: Gate,
        bus: EventBus,
        clock: Clock,
        kinds: Mapping[str, frozenset[str]],
    ) -> None:
        """`kinds`: which each camera has told before."""
        self._section = section
        self._device = config.device
        self._zone = ZoneInfo(config.device.time_zone)
        self._board = board
        self._gate = gate
        self._bus = bus
        self._clock = clock
        self._kinds = {camera: set(told) for camera, told in kinds.items()}
        for camera in config.cameras:
            if camera.motion.enabled:
                self._kinds.setdefault(camera.id, set()).add("motion")
        self._until_ns: dict[tuple[str | None, str], int] = {}
        self._version = version("edge-recorder")

    def note(self, event: Event) -> None:
        """An event that begins and may be told."""
        self._until_ns[event.camera, event.kind] = self._clock.monotonic_ns() + round(PULSE_SECONDS * 1e9)
        if event.camera is not None:
            self._kinds.setdefault(event.camera, set()).add(event.kind)

    @property
    def next_off_seconds(self) -> float | None:
        """When the next of the short ones is over; None: there is none."""
        now_ns = self._clock.monotonic_ns()
        return max(min(self._until_ns.values()) - now_ns, 0) / 1e9 if self._until_ns else None

    def wanted(self, topics: Topics) -> dict[str, str]:
        """As of now (recorder.notify.entities.retained)."""
        return retained(self._facts(), topics)

    def _facts(self) -> Facts:
        now_ns, now = self._clock.monotonic_ns(), self._clock.now()
        self._until_ns = {key: until for key, until in self._until_ns.items() if until > now_ns}
        on = {(event.camera, event.kind) for event in self._bus.lasting if event.licensed} | set(self._until_ns)
        expiries = self._gate.expiries()
        return Facts(
            device=self._device.id,
            version=self._version,
            language=self._device.language,
            wanted=self._section.kinds,
            on=frozenset(kind for camera, kind in on if camera is None),
            cameras={
                id: self._camera(camera, frozenset(kind for one, kind in on if one == id), expiries.get(id), now)
                for id, camera in self._board.cameras.items()
                if not self._section.cameras or id in self._section.cameras
            },
        )

    def _camera(self, camera: CameraState, on: frozenset[str], expiry: datetime | None, now: datetime) -> CameraFacts:
        decision = self._gate.decide(Feature.REMOTE_EVENTS, camera.id)
        last_day = last_valid_day(expiry, self._zone) if expiry is not None else None
        denied = decision if isinstance(decision, Denied) else None
        return CameraFacts(
            name=camera.name or camera.id,
            licensed=denied is None,
            recording=camera.recording.phase == "recording",
            on=on,
            kinds=frozenset(self._kinds.get(camera.id, ())),
            last_day=last_day,
            days_left=(last_day - now.astimezone(self._zone).date()).days if last_day is not None else None,
            code=denied.code.value if denied else None,
            reason=str(problem(denied, self._device.language, self._zone)["title"]) if denied else "",
        )
