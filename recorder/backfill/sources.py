"""Wires the backfill of all cameras that have a card which can be asked."""

from gate.client.gate import Gate
from gate.clock import Clock
from recorder.backfill.backfill import Backfill
from recorder.config import CameraConfig, RecorderConfig
from recorder.ingest.rtsp.auth import Credentials
from recorder.state import StateBoard
from recorder.storage import Storage
from recorder.watchers import Watcher, Watchers


def backfills(config: RecorderConfig, storage: Storage, gate: Gate, board: StateBoard, clock: Clock) -> Watchers:
    """`apply` the cameras, `run` it in a task."""
    folder, segment_seconds = config.device.data_dir, config.storage.segment_seconds

    def plan(camera: CameraConfig) -> dict[str, Watcher]:
        if camera.card is None:
            return {}
        login = None
        if camera.user is not None and camera.password is not None:
            login = Credentials(user=camera.user, password=camera.password.get_secret_value())
        job = Backfill(
            camera=camera.id,
            url=camera.card,
            credentials=login,
            segment_seconds=segment_seconds,
            folder=folder,
            catalog=storage.catalog,
            disks=storage.volumes.disks,
            gate=gate,
            board=board,
            clock=clock,
        )
        return {"backfill": Watcher(settings=(camera.card, camera.user, camera.password), job=job.run)}

    return Watchers(plan=plan, forget=lambda _: None, clock=clock)
