"""Mutants of what goes on at the recorder's place: HDMI (M1, M4, M7) and the SD card (M6) cut although they survive."""

from tests.mutants.mutant import Change, Mutant
from tests.mutants.scenes import CARD_GOES_ON, MONITOR_GOES_ON

_LOCAL = "recorder/local/app.py"

MONITOR = (
    Mutant(
        name="hdmi-live-cut",
        row="M1",
        says="the monitor's live view needs a remote licence",
        changes=[Change(file=_LOCAL, old="feature=Feature.HDMI_LIVE,", new="feature=Feature.REMOTE_LIVE,")],
        scene=MONITOR_GOES_ON,
        red=["after X/M1"],
    ),
    Mutant(
        name="hdmi-playback-cut",
        row="M4",
        says="the monitor's playback needs a remote licence",
        changes=[
            Change(
                file="recorder/local/playback_route.py",
                old="async with self._served.gate.lease(Feature.HDMI_PLAYBACK, camera) as lease:",
                new="async with self._served.gate.lease(Feature.REMOTE_PLAYBACK, camera) as lease:",
            )
        ],
        scene=MONITOR_GOES_ON,
        red=["after X/M4"],
    ),
    Mutant(
        name="hdmi-events-cut",
        row="M7",
        says="the monitor's event notices need a remote licence",
        changes=[
            Change(
                file=_LOCAL,
                old="config=config,\n            feature=Feature.HDMI_EVENTS,",
                new="config=config,\n            feature=Feature.REMOTE_EVENTS,",
            )
        ],
        scene=MONITOR_GOES_ON,
        red=["after X/M7"],
    ),
    Mutant(
        name="sd-card-refused",
        row="M6",
        says="taking footage off an SD card wants a licence",
        changes=[
            Change(
                file="camera_sim/sd_card/commands.py",
                old="chosen = plan_export(options.card, options.start, options.end)",
                new='raise CardError("there is no licence for this camera")',
            )
        ],
        scene=CARD_GOES_ON,
        red=["free period/M6"],
    ),
)
