"""The clip files of a fleet: read, or refused with a sentence, one by one."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from camera_sim.clips import footage
from camera_sim.clips.footage import Footage
from camera_sim.config import FleetConfig
from camera_sim.errors import ClipError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """`footage` by camera and stream; `unusable`: why a camera is left out, by its id."""

    cache_dir: Path
    files: Mapping[tuple[str, str], Path]
    footage: Mapping[tuple[str, str], Footage]
    unusable: Mapping[str, str]

    def read_again(self) -> None:
        """Writes the cache of every clip anew."""
        for key, found in self.footage.items():
            try:
                footage.read(self.files[key], self.cache_dir, found.folder)
            except ClipError as error:
                _log.error("%s %s: %s", *key, error)


def open_library(config: FleetConfig) -> Library:
    """Reads what is not in the cache yet; takes as long as copying the clips."""
    files = {(camera.id, name): path for camera in config.cameras for name, path in camera.clips.items()}
    found: dict[tuple[str, str], Footage] = {}
    unusable: dict[str, str] = {}
    for (camera, name), path in files.items():
        try:
            found[camera, name] = footage.load(path, config.cache_dir)
        except ClipError as error:
            unusable[camera] = str(error)
            _log.error("%s is left out: %s", camera, error)
    kept = {key: value for key, value in found.items() if key[0] not in unusable}
    return Library(cache_dir=config.cache_dir, files=files, footage=kept, unusable=unusable)
