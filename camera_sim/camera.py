"""One camera of a fleet, with everything it has."""

from collections.abc import Iterator, Mapping

from camera_sim.camera_config import CameraConfig
from camera_sim.clips.footage import Footage
from camera_sim.clips.loop import Loop
from camera_sim.clips.recipe import recipe_of
from camera_sim.clips.rekey import Rekeyer
from camera_sim.clips.repertoire import Repertoire
from camera_sim.events.feed import EventSource, Teller
from camera_sim.events.programme import Programme
from camera_sim.events.switchboard import Switchboard
from camera_sim.ptz import Ptz, Turntable
from camera_sim.rtsp.stream import LiveStream
from camera_sim.sd_card.card import SdCard
from camera_sim.sd_card.slot import CardSlot
from camera_sim.sound.track import Track
from camera_sim.truth import TruthLog
from gate.clock import Clock


class Camera:
    """`streams` by name (`main`, `sub`). `programme` and `events`: of a camera that shows a scene; `ptz`: of one that
    has presets."""

    def __init__(
        self, config: CameraConfig, loops: Mapping[str, Loop], sound: Track | None, rekeyer: Rekeyer, clock: Clock
    ) -> None:
        self.config = config
        self.id = config.id
        self.streams: dict[str, LiveStream] = {
            name: LiveStream(
                config.id,
                name,
                loop,
                rekeyer,
                clock,
                title=config.name or config.id,
                account=config.account,
                transports=config.transports,
                sound=sound,
            )
            for name, loop in loops.items()
        }
        self.card = (
            None if config.sd_card is None else CardSlot(SdCard(config.sd_card.path, self.id, config.sd_card.bytes_max))
        )
        self.streams["main"].card = self.card
        self.programme: Programme | None = None
        self.events: EventSource | None = None
        self.ptz: Ptz | None = None

    def shown(self, stream: str, repertoire: Repertoire, loop_seconds: int) -> Loop:
        """The loop whose pictures a stream shows now, but for the moments of a change."""
        if self.programme is None:
            return self.streams[stream].loop
        recipe = recipe_of(self.config, stream, loop_seconds, state=self.programme.state, view=self.programme.view)
        return repertoire.scenes([recipe])[recipe]

    def plan_scenes(
        self, repertoire: Repertoire, loop_seconds: int, truth: TruthLog, numbers: Iterator[int], clock: Clock
    ) -> None:
        """Gives it events, and presets if it has any; their pictures are made when there is nothing else to do."""
        config = self.config
        switchboard = Switchboard(config, self.streams, repertoire, loop_seconds, clock)
        teller = Teller()
        programme = Programme(config.id, config.resting, config.first_view, switchboard, teller, truth, numbers, clock)
        self.programme, self.events = programme, teller
        if config.presets:
            self.ptz = Turntable(config.ptz_presets, programme.look, lambda: programme.settled)
            for preset in config.ptz_presets[1:]:
                switchboard.prepare(config.resting, preset.view)


def loops_of(
    config: CameraConfig, repertoire: Repertoire, footage: Mapping[tuple[str, str], Footage], loop_seconds: int
) -> dict[str, Loop]:
    """The loops a camera begins with; none if its clips cannot be used."""
    if config.clip is not None:
        return {name: repertoire.footage(film) for (camera, name), film in footage.items() if camera == config.id}
    recipes = {name: recipe_of(config, name, loop_seconds) for name in config.streams}
    found = repertoire.scenes(recipes.values())
    return {name: found[recipe] for name, recipe in recipes.items()}
