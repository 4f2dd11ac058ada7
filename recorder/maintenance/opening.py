"""Wires the upkeep of one recorder."""

from functools import partial
from pathlib import Path

from gate.client.gate import Gate
from gate.clock import Clock
from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig, load_config
from recorder.maintenance.check_job import CheckJob
from recorder.maintenance.config_file import ConfigFile
from recorder.maintenance.on_site import changed_on_site
from recorder.maintenance.upkeep import Host, TimeSource, Upkeep
from recorder.playback.archive import Archive
from recorder.volumes import volume_places


def open_upkeep(config: RecorderConfig, gate: Gate, clock: Clock, host: Host, time: TimeSource | None) -> Upkeep:
    """Its `check` has a `run` that must be running."""
    data_dir = config.device.data_dir
    return Upkeep(
        log=host.log,
        stop=host.stop,
        config=ConfigFile(host.config_path, data_dir, partial(check_edited, in_place=host.config_path, running=config)),
        check=CheckJob(archive=Archive(data_dir=data_dir), gate=gate, clock=clock),
        folders=[place.root for place in volume_places(data_dir, config.storage)],
        time=time,
    )


def check_edited(edited: Path, *, in_place: Path, running: RecorderConfig) -> None:
    """A configuration that somebody far away has made of the one in place; of the running one, where that cannot be
    read. Raises ConfigError."""
    after = load_config(edited)
    try:
        before = load_config(in_place)
    except ConfigError:
        before = running
    field = changed_on_site(before, after)
    if field is not None:
        raise ConfigError(f"{edited}: {field}: this is changed at the device itself, not from afar")
