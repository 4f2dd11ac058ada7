"""Wires the upkeep of one recorder."""

from gate.client.gate import Gate
from gate.clock import Clock
from recorder.config import RecorderConfig, load_config
from recorder.maintenance.check_job import CheckJob
from recorder.maintenance.config_file import ConfigFile
from recorder.maintenance.upkeep import Host, TimeSource, Upkeep
from recorder.playback.archive import Archive
from recorder.volumes import volume_places


def open_upkeep(config: RecorderConfig, gate: Gate, clock: Clock, host: Host, time: TimeSource | None) -> Upkeep:
    """Its `check` has a `run` that must be running."""
    data_dir = config.device.data_dir
    return Upkeep(
        log=host.log,
        stop=host.stop,
        config=ConfigFile(host.config_path, data_dir, load_config),
        check=CheckJob(archive=Archive(data_dir=data_dir), gate=gate, clock=clock),
        folders=[place.root for place in volume_places(data_dir, config.storage)],
        time=time,
    )
