"""Who can use the recorder's files. Opens none of them but the configuration, whose text the caller has read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import yaml

from gate.client.device_files import SECRET_NAMES
from recorder.access.database import NAME as ACCESS_NAME
from recorder.config import RecorderConfig
from recorder.doctor.rules.permissions import PlaceTrouble
from recorder.maintenance.masking import find_secrets


def look_at_permissions(file: Path, config: RecorderConfig) -> tuple[PlaceTrouble, ...]:
    """All that is wrong."""
    return tuple(_troubles(file, config))


def _troubles(file: Path, config: RecorderConfig) -> Iterator[PlaceTrouble]:
    data = config.device.data_dir
    if _has_secrets(file):
        yield from _seen_by_others(file)
    for name in (*SECRET_NAMES, ACCESS_NAME):
        yield from _seen_by_others(data / name)
    for folder in (data, config.local.socket.parent, *(volume.path for volume in config.storage.volumes)):
        place = _nearest(folder)
        if not os.access(place, os.W_OK | os.X_OK):
            yield PlaceTrouble(path=str(folder), trouble="not_writable" if place == folder else "not_makeable")
    tls = config.remote.tls
    if tls is not None and tls.certificate is not None and tls.key is not None:
        yield from _seen_by_others(tls.key)
        yield from (trouble for path in (tls.certificate, tls.key) for trouble in _needed(path))


def _has_secrets(file: Path) -> bool:
    try:
        return bool(find_secrets(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False


def _seen_by_others(path: Path) -> Iterator[PlaceTrouble]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return
    if mode & 0o077:
        yield PlaceTrouble(path=str(path), trouble="readable_by_others", mode=mode)


def _needed(path: Path) -> Iterator[PlaceTrouble]:
    if not path.exists():
        yield PlaceTrouble(path=str(path), trouble="missing")
    elif not os.access(path, os.R_OK):
        yield PlaceTrouble(path=str(path), trouble="not_readable")


def _nearest(folder: Path) -> Path:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder
