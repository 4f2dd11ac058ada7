"""Opens a recorder's exporter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from gate.client.attestation import Attestor
from gate.client.gate import Gate
from gate.clock import Clock
from recorder.config import RecorderConfig
from recorder.exports.exporter import Exporter
from recorder.exports.shelf import FOLDER_NAME
from recorder.playback.archive import Archive


@asynccontextmanager
async def open_exporter(
    config: RecorderConfig, gate: Gate, clock: Clock, attestor: Attestor
) -> AsyncIterator[Exporter]:
    """What lies in the data folder is read. `run` it for anything to be made."""
    device, storage = config.device, config.storage
    exporter = Exporter(
        config=config.exports,
        folder=device.data_dir / FOLDER_NAME,
        archive=Archive(data_dir=device.data_dir),
        gate=gate,
        clock=clock,
        attestor=attestor,
        device={"id": device.id, "serial": device.serial or None, "firmware": version("edge-recorder")},
        zone_name=device.time_zone,
        free_bytes_min=storage.free_bytes_min,
    )
    try:
        await exporter.open()
        yield exporter
    finally:
        exporter.close()
