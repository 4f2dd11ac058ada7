"""The private part of a backup: the configuration, and what only the device may know.

config.yaml             as it is
data/…                  what lies in the data folder, but for footage, index, exports, locks and log; users as a whole
                        copy
beside/FIELD            files that the configuration names: a root key, certificates, files of passwords
volumes/NUMBER          the id of each volume, by its number in the index
"""

import contextlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import BaseModel

from gate.database_copy import copy_database
from recorder.access.database import NAME as ACCESS_NAME
from recorder.backup.errors import BackupError
from recorder.config import RecorderConfig
from recorder.exports.shelf import FOLDER_NAME as EXPORTS_NAME
from recorder.playback.archive import INDEX_NAME
from recorder.storage import LOCK_NAME
from recorder.volumes import MEDIA_NAME, volume_places

CONFIG, DATA, BESIDE, VOLUMES = "config.yaml", "data", "beside", "volumes"
FILE_BYTES_MAX = 128 << 20
DATA_BYTES_MAX = 384 << 20
"""Of all files together: with their names they stay below what a restore takes (form.PRIVATE_BYTES_MAX)."""
FILES_MAX = 10_000
_LEFT_OUT = (MEDIA_NAME, EXPORTS_NAME, LOCK_NAME, INDEX_NAME)
_SQLITE_ENDINGS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """`data`: by path below the data folder; `beside`: by field of the configuration; `volumes`: ids by number."""

    config: bytes
    data: Mapping[str, bytes]
    beside: Mapping[str, bytes]
    volumes: Mapping[int, bytes]


def gather_private(file: Path, config: RecorderConfig, volumes: Mapping[int, Path]) -> Private:
    """While a recorder may run: what it keeps is written whole, and read whole. Raises BackupError."""
    try:
        beside = {field: _read(path) for field, path in named_files(config).items() if path.is_file()}
        ids = {number: _read(root / "volume.json") for number, root in volumes.items()}
        data = dict(_data(config))
        return Private(config=_read(file), data=data, beside=beside, volumes=ids)
    except (OSError, sqlite3.Error) as error:
        name = getattr(error, "filename", None) or config.device.data_dir
        raise BackupError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def named_files(config: RecorderConfig) -> dict[str, Path]:
    """Every file that the configuration names, by its field; with absolute paths."""
    data = config.device.data_dir
    found = dict(_paths(config, ()))
    roots = {data, config.local.socket, *(place.root for place in volume_places(data, config.storage))}
    if config.clock.socket is not None:
        roots.add(config.clock.socket)
    if config.log is not None:
        roots.add(config.log.file)
    profile = Path(config.licence.profile)
    if profile.is_absolute():
        found["licence.profile"] = profile
    return {
        field: path
        for field, path in found.items()
        if path not in roots and not field.startswith("clock.") and not path.is_relative_to(data)
    }


def _paths(section: BaseModel, above: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            yield ".".join((*above, name)), value
        elif isinstance(value, BaseModel):
            yield from _paths(value, (*above, name))
        elif isinstance(value, tuple):
            for number, one in enumerate(value):
                if isinstance(one, BaseModel):
                    yield from _paths(one, (*above, name, str(number)))


def _data(config: RecorderConfig) -> Iterator[tuple[str, bytes]]:
    root = config.device.data_dir
    volumes = [place.root for place in volume_places(root, config.storage)]
    count = total = 0
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [
            one
            for one in folders
            if not one.startswith(".") and not _is_left_out(here / one, root) and here / one not in volumes
        ]
        for name in sorted(names):
            path = here / name
            if _is_left_out(path, root) or name.startswith(".") or not path.is_file() or path.is_symlink():
                continue
            if config.log is not None and here == config.log.file.parent and name.startswith(config.log.file.name):
                continue
            count += 1
            if count > FILES_MAX:
                raise BackupError(f"{root}: holds more than {FILES_MAX} files that are no footage; take them away")
            relative = path.relative_to(root).as_posix()
            with contextlib.suppress(FileNotFoundError):  # replaced or taken away in this moment
                content = _sqlite_copy(path) if relative == ACCESS_NAME else _read(path)
                total += len(content)
                if total > DATA_BYTES_MAX:
                    raise BackupError(
                        f"{root}: holds more than {DATA_BYTES_MAX >> 20} MiB that are no footage; take them away"
                    )
                yield relative, content


def _is_left_out(path: Path, root: Path) -> bool:
    name = path.relative_to(root).as_posix()
    return (
        name in _LEFT_OUT
        or name.startswith(INDEX_NAME)
        or ".before-" in name
        or name.endswith((*_SQLITE_ENDINGS, ".tmp", ".new", ".part"))
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise BackupError(f"{path}: larger than {FILE_BYTES_MAX >> 20} MiB, which is not backed up; take it away")
    return content


def _sqlite_copy(path: Path) -> bytes:
    """A whole copy of a database that others may be writing to."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:  # mode 0700
        copy = Path(folder) / path.name
        copy_database(path, copy)
        return _read(copy)


def pack(private: Private) -> bytes:
    """As one piece."""
    entries = {CONFIG: private.config}
    entries |= {f"{DATA}/{name}": content for name, content in private.data.items()}
    entries |= {f"{BESIDE}/{field}": content for field, content in private.beside.items()}
    entries |= {f"{VOLUMES}/{number}": content for number, content in private.volumes.items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in entries.items():
            header = tarfile.TarInfo(name)
            header.size, header.mode = len(content), 0o600
            tar.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


def unpack(content: bytes) -> Private:
    """Raises BackupError; also for names that would leave the folders they belong to."""
    parts: dict[str, dict[str, bytes]] = {DATA: {}, BESIDE: {}, VOLUMES: {}}
    config: bytes | None = None
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for header in tar:
                file = tar.extractfile(header) if header.isreg() else None
                if file is None:
                    raise BackupError(f"its private part holds {header.name!r}, which is no file")
                top, _, rest = header.name.partition("/")
                if header.name == CONFIG:
                    config = file.read()
                elif top in parts and _is_below(rest):
                    parts[top][rest] = file.read()
                else:
                    raise BackupError(f"its private part holds {header.name!r}, which belongs nowhere")
        volumes = {int(number): id for number, id in parts[VOLUMES].items()}
    except (tarfile.TarError, OSError, ValueError):
        raise BackupError("its private part cannot be read; take another copy") from None
    if config is None:
        raise BackupError("its private part holds no configuration; take another copy")
    return Private(config=config, data=parts[DATA], beside=parts[BESIDE], volumes=volumes)


def _is_below(name: str) -> bool:
    """In its one spelling, too: by their names files are known that are not simply put back."""
    path = PurePosixPath(name)
    is_plain = name == path.as_posix() and "\0" not in name
    return is_plain and bool(path.parts) and not path.is_absolute() and ".." not in path.parts
