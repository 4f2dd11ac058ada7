"""A recorder's two HTTP sides with everything real but the cameras: their pictures come from a synthetic loop."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gate.client.gate import Gate
from gate.client.uplink_status import UplinkStatus
from gate.clock import Clock, ns_of
from gate.licence.entitlement import CameraGrant, Entitlement, Interval
from gate.licence.profile import REMO
from gate.licence.text import NO_TEXT, Text
from recorder.access.access import Access, open_to_everybody
from recorder.config import RecorderConfig
from recorder.hub import Hub
from recorder.recording_control import RecordingControl
from recorder.state import CameraState, RecordingState, StateBoard, StorageState, StreamState
from recorder.web.served import Served
from tests.fakes.footage import Footage

NAMES = ("玄関", "駐車場", "レジ前", "倉庫", "廊下", "屋上")


def config_of(folder: Path, cameras: int = 4, port: int = 0) -> RecorderConfig:
    """A configuration with cam1, cam2, …, each with main and sub."""
    return RecorderConfig.model_validate(
        {
            "device": {"id": "rec-1", "data_dir": folder / "data", "language": "ja"},
            "licence": {"path": folder / "licence.json", "root_key": folder / "root.pub"},
            "remote": {"listen": f"127.0.0.1:{port}"},
            "local": {"socket": folder / "rec.sock"},
            "storage": {},
            "cameras": [
                {
                    "id": f"cam{number + 1}",
                    "name": NAMES[number % len(NAMES)],
                    "main": {"url": f"rtsp://127.0.0.1:1/cam{number + 1}/main"},
                    "sub": {"url": f"rtsp://127.0.0.1:1/cam{number + 1}/sub"},
                }
                for number in range(cameras)
            ],
        }
    )


@dataclass(slots=True)
class FileStatus:
    """Stands for whatever brings the licence."""

    text: Text = NO_TEXT
    status: UplinkStatus | None = None


@dataclass(slots=True)
class FakeStream:
    """One stream of a camera: publishes its loop, one picture a call."""

    site: "RemoteSite"
    camera: str
    name: str
    footage: Footage
    run: int = 1
    index: int = 0
    start_utc_ns: int = 0

    def publish(self, pictures: int = 1) -> None:
        """The next pictures, labelled by their place in the run."""
        for _ in range(pictures):
            unit = self.footage.unit(
                self.index,
                run=self.run,
                start_utc_ns=self.start_utc_ns,
                arrival_ns=self.site.clock.monotonic_ns(),
            )
            self.index += 1
            state = self.site.board.cameras[self.camera].streams[self.name]
            state.units += 1
            state.last_unit_monotonic_ns = unit.arrival_ns
            self.site.hub.feed(self.camera, self.name).publish(unit)

    def begin_run(self) -> None:
        """A new connection: time begins anew, with a key frame."""
        self.run += 1
        self.index = 0
        self.start_utc_ns = self.site.clock.now_ns()

    async def play(self) -> None:
        """Publishes in time until cancelled; a wall clock that jumps begins a new run."""
        self.begin_run()
        origin_ns, jumps = self.site.clock.monotonic_ns(), self.site.clock.discontinuities
        while True:
            self.publish()
            due_ns = origin_ns + self.index * 1_000_000_000 // self.footage.fps
            await self.site.clock.sleep((due_ns - self.site.clock.monotonic_ns()) / 1e9)
            if self.site.clock.discontinuities != jumps:
                self.begin_run()
                origin_ns, jumps = self.site.clock.monotonic_ns(), self.site.clock.discontinuities


@dataclass(slots=True)
class RemoteSite:
    """All that `serve_remote` and `serve_local` are given."""

    clock: Clock
    config: RecorderConfig
    hub: Hub = field(default_factory=Hub)
    licence: FileStatus = field(default_factory=FileStatus)
    seq: int = 0
    board: StateBoard = field(init=False)
    gate: Gate = field(init=False)
    recordings: RecordingControl = field(init=False)
    access: Access = field(init=False)

    def __post_init__(self) -> None:
        now = self.clock.now()
        self.gate = Gate(
            clock=self.clock, device_id=self.config.device.id, cameras=[camera.id for camera in self.config.cameras]
        )
        self.board = StateBoard(
            cameras={
                camera.id: CameraState(
                    id=camera.id,
                    name=camera.name,
                    streams={
                        name: StreamState(phase="streaming", since=now, codec="h264", fps=15.0)
                        for name in camera.streams
                    },
                    recording=RecordingState(since=now),
                )
                for camera in self.config.cameras
            },
            storage=StorageState(
                used_bytes=6_400_000_000, bytes_max=20_000_000_000, free_bytes=81_000_000_000, segments=412
            ),
        )

        self.recordings = RecordingControl(
            folder=self.config.device.data_dir, zone=ZoneInfo("Asia/Tokyo"), pre_event_seconds=10, board=self.board
        )
        self.access = open_to_everybody(self.clock, self.clock.now)

    @property
    def parts(self) -> Served:
        """What `serve_remote` and `serve_local` are given."""
        return Served(
            hub=self.hub,
            gate=self.gate,
            licence=self.licence,
            board=self.board,
            clock=self.clock,
            config=self.config,
            recordings=self.recordings,
            access=self.access,
        )

    def entitle(self, until: datetime, cameras: Iterable[str] | None = None) -> None:
        """Installs an entitlement for these cameras (None: all), from a year ago until that instant."""
        now = self.clock.now()
        self.seq += 1
        wanted = [camera.id for camera in self.config.cameras] if cameras is None else list(cameras)
        grant = CameraGrant(kind="edge", intervals=(Interval(now - timedelta(days=365), until),))
        self.gate.install(
            Entitlement(
                kid="0" * 16,
                device_id=self.config.device.id,
                device_pubkey_sha256=None,
                seq=self.seq,
                issued_at=now - timedelta(days=1),
                stale_after=None,
                cameras=dict.fromkeys(wanted, grant),
                profile=REMO.name,
                profile_sha256=REMO.sha256,
            )
        )

    def stream(self, camera: str, name: str, footage: Footage) -> FakeStream:
        """A stream that publishes `footage`, its run beginning now."""
        return FakeStream(site=self, camera=camera, name=name, footage=footage, start_utc_ns=ns_of(self.clock.now()))
