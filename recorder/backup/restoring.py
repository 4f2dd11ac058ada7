"""Puts a recorder back from a backup. Nothing is changed before all of the file has been verified. Blocks.

1. What is there already is replaced only where that is asked for (`force`); footage that is there stays in any case.
2. What the device knows of time and licence, and its licence file, never become older (gate.client.restored); nor does
   a site's own clock.
3. The configuration comes last: a restore that was cut off leaves nothing that starts by itself.
4. The index is made anew from the files wherever the two do not agree: footage may be younger than the backup, or gone.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gate.client.restored import is_newer_there, is_slot, put_back_slots
from gate.shared_clock.client import stopped_site_now
from gate.shared_clock.server import STATE_NAME
from gate.yaml_file import ConfigError
from recorder.access.database import FORM as ACCESS_FORM
from recorder.access.database import NAME as ACCESS_NAME
from recorder.backup import form
from recorder.backup.errors import BackupError
from recorder.backup.private import Private, named_files, unpack
from recorder.backup.sealing import open_private
from recorder.catalog import queries
from recorder.catalog.database import MIGRATIONS
from recorder.config import RecorderConfig, load_config
from recorder.maintenance.idle import roots_of
from recorder.maintenance.index_check import check_index
from recorder.maintenance.index_rebuild import rebuild_index
from recorder.playback.archive import Archive
from recorder.segments.folder_lock import FolderLock
from recorder.segments.volume import sync_folder
from recorder.storage import LOCK_NAME

OnBytes = Callable[[int, int], None]
"""Bytes done, bytes in all."""
AskPassphrase = Callable[[], str]
_DEVICE_FILES = ("device.key", "index.db", ACCESS_NAME)
_INDEX_REST = ("-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`segments`: files of footage that were put back; `kept`: that were there already. `rebuilt`: segments of an index
    that was made anew, None where the backup's agrees with the files. `service`: the device has a licence service.
    `licence_kept`: the licence file that was there is newer than the backup's."""

    device: str
    key: str
    made_at: str
    data_dir: str
    segments: int
    kept: int
    rebuilt: int | None
    service: bool
    licence_kept: bool


def restore_backup(path: Path, into: Path, ask: AskPassphrase, *, force: bool, on_bytes: OnBytes) -> Restored:
    """`into`: where its configuration is to lie; the data folder is the one that it names from there. `ask`: for the
    passphrase, called where it is needed. Raises BackupError, RecorderError, ConfigError, LicensingError."""
    reader = form.Reader(path)
    try:
        total = sum(member.bytes for member in reader.manifest.members)
        done = 0

        def on_more(count: int) -> None:
            nonlocal done
            done += count
            on_bytes(done, total)

        passphrase = ask() if reader.manifest.sealed else None
        reader.verify(on_more)
        private = _private(reader, passphrase)
        with _config_beside(into, private) as file:
            config = load_config(file)
            _refuse_newer(reader, private)
            _refuse_taken(into, config, private, force=force)
            return _apply(reader, private, file, into, config)
    except OSError as error:
        raise BackupError(
            f"{error.filename or into}: cannot be written: {error.strerror}; mend that, and restore again with --force"
        ) from None
    finally:
        reader.close()


def _private(reader: form.Reader, passphrase: str | None) -> Private:
    if passphrase is None:
        return unpack(reader.content(form.PRIVATE, form.PRIVATE_BYTES_MAX))
    return unpack(open_private(reader.content(form.SEALED, form.PRIVATE_BYTES_MAX), passphrase))


@contextlib.contextmanager
def _config_beside(into: Path, private: Private) -> Iterator[Path]:
    """The configuration in its folder, under a name of its own. Raises ConfigError where it is not to be used."""
    into.parent.mkdir(parents=True, exist_ok=True)
    file = into.with_name(f".{into.stem}-{secrets.token_hex(4)}.yaml")
    try:
        _put(file, private.config)
        yield file
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(file), str(into))) from None
    finally:
        file.unlink(missing_ok=True)


def _refuse_newer(reader: form.Reader, private: Private) -> None:
    """Found out afterwards it would have taken the place of what this version can read."""
    head = next(reader.blocks(form.INDEX), b"") if reader.manifest.member(form.INDEX) is not None else b""
    forms = (_user_version(head), len(MIGRATIONS)), (_user_version(private.data.get(ACCESS_NAME, b"")), ACCESS_FORM)
    if any(made > known for made, known in forms):
        raise BackupError(
            f"it was made by a newer version ({reader.manifest.version}): install that one, and restore with it"
        )


def _refuse_taken(into: Path, config: RecorderConfig, private: Private, *, force: bool) -> None:
    data = config.device.data_dir
    for volume in config.storage.volumes:
        if not volume.path.is_dir():
            raise BackupError(f"{volume.path}: the volume is not there; mount it first, or make the folder")
    if force:
        return
    named = named_files(config)
    others = [
        named[field] for field, content in private.beside.items() if field in named and _differs(named[field], content)
    ]
    taken = [path for path in (into, *(data / name for name in _DEVICE_FILES)) if path.exists()] + others
    if taken:
        raise BackupError(f"{taken[0]}: is there already; --force puts what is in the backup in its place")


def _differs(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() != content


def _apply(reader: form.Reader, private: Private, file: Path, into: Path, config: RecorderConfig) -> Restored:
    data = config.device.data_dir
    archive = Archive(data_dir=data)
    lock = FolderLock(data, LOCK_NAME)
    lock.lock()
    try:
        _put_data(private, config)
        named = named_files(config)
        for field, content in private.beside.items():
            if field in named and named[field] != config.licence.path:
                _put(named[field], content)
        now = stopped_site_now(config.clock.mode, data / STATE_NAME)
        licence_kept = not _put_licence(private, file, config, now)
        slots = {name: content for name, content in private.data.items() if is_slot(name)}
        put_back_slots(file, slots, now)
        roots = _put_index(reader, archive)
        for number, id in private.volumes.items():
            if number in roots and not (roots[number] / "volume.json").exists():
                _put(roots[number] / "volume.json", id)
        segments, kept = _put_footage(reader, roots)
        file.replace(into)
        sync_folder(into.parent)
    finally:
        lock.unlock()
    return Restored(
        device=config.device.id,
        key=reader.manifest.key,
        made_at=reader.manifest.made_at,
        data_dir=str(data),
        segments=segments,
        kept=kept,
        rebuilt=_mend_index(archive, config),
        service=config.licence.mode == "service",
        licence_kept=licence_kept,
    )


def _put_data(private: Private, config: RecorderConfig) -> None:
    data = config.device.data_dir
    for name, content in private.data.items():
        path = data / name
        if is_slot(name) or path == config.licence.path or (name == STATE_NAME and path.exists()):  # rule 2
            continue
        (data / f"{name}-journal").unlink(missing_ok=True)
        _put(path, content)


def _put_licence(private: Private, file: Path, config: RecorderConfig, now: datetime) -> bool:
    """Rule 2, by the keys of the backup; False where a newer one lies there, which stays."""
    path, data = config.licence.path, config.device.data_dir
    if path is None:
        return True
    inside = path.relative_to(data).as_posix() if path.is_relative_to(data) else ""
    content = private.data.get(inside) if inside else private.beside.get("licence.path")
    if content is None:
        return True
    if is_newer_there(file, content, now):
        return False
    _put(path, content)
    return True


def _put_index(reader: form.Reader, archive: Archive) -> Mapping[int, Path]:
    """Puts the index back, if there is one; gives where its volumes lie, which are made where they are missing."""
    if reader.manifest.member(form.INDEX) is None:
        return {}
    fresh = archive.index.with_name(f".{archive.index.name}.restored")
    _put_blocks(fresh, reader.blocks(form.INDEX))
    for ending in _INDEX_REST:  # not before all of the new one is on the disk: in these are the old one's last changes
        archive.index.with_name(archive.index.name + ending).unlink(missing_ok=True)
    fresh.replace(archive.index)
    sync_folder(archive.index.parent)
    with contextlib.closing(sqlite3.connect(archive.index)) as db:
        roots = {volume.number: archive.data_dir / volume.path for volume in queries.volumes(db)}
    for root in roots.values():
        root.mkdir(parents=True, exist_ok=True)
    return roots


def _put_footage(reader: form.Reader, roots: Mapping[int, Path]) -> tuple[int, int]:
    """How many files were put, how many were there."""
    put = kept = 0
    for member in reader.manifest.members:
        top, _, rest = member.name.partition("/")
        if top != form.FOOTAGE:
            continue
        number, _, relative = rest.partition("/")
        root = roots.get(int(number)) if number.isdecimal() else None
        if root is None or ".." in Path(relative).parts or Path(relative).is_absolute() or not relative:
            raise BackupError(f"{member.name}: belongs to no volume; take another copy")
        if (root / relative).exists():
            kept += 1
            continue
        _put_blocks(root / relative, reader.blocks(member.name))
        put += 1
    return put, kept


def _mend_index(archive: Archive, config: RecorderConfig) -> int | None:
    roots = roots_of(archive, config.storage)
    if archive.index.exists() and not check_index(archive, deep=False, progress=lambda _: None).counts:
        return None
    if not any(root.is_dir() for root in roots):
        return None
    for root in roots:
        root.mkdir(parents=True, exist_ok=True)
    return rebuild_index(archive, roots, files_only=False, progress=lambda done, total: None).segments


def _user_version(database: bytes) -> int:
    """Which form the beginning of a SQLite file says it has (https://sqlite.org/fileformat2.html, 1.3.14)."""
    return int.from_bytes(database[60:64], "big")


def _put(path: Path, content: bytes) -> None:
    _put_blocks(path, iter([content]))


def _put_blocks(path: Path, blocks: Iterator[bytes]) -> None:
    """Whole or not at all, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.writelines(blocks)
            file.flush()
            os.fsync(fd)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
