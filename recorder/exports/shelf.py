"""Where exports lie: a folder each, `export.json` in it says what it is. Blocks.

1. `export.json` is replaced whole. It says `done` only after every file has its name and is on disk.
2. At a start whatever is not named there is removed; an export that was not over begins anew, one whose files are not
   all there any more is failed.
"""

import json
import logging
import os
import re
import shutil
from pathlib import Path

from recorder.exports.export import Export, from_record, to_record
from recorder.segments.volume import sync_folder

FOLDER_NAME = "exports"
RECORD_NAME, MANIFEST_NAME = "export.json", "manifest.json"
_ID = re.compile(r"[0-9a-f]{16}")
_RECORD_BYTES_MAX = 4 << 20

_log = logging.getLogger(__name__)


class ExportShelf:
    """The exports of one recorder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, id: str) -> Path:
        """Of one export."""
        assert _ID.fullmatch(id)
        return self.root / id

    def load(self) -> list[Export]:
        """All there are, the oldest first; the folder is made, and left tidy. Raises OSError."""
        self.root.mkdir(parents=True, exist_ok=True)
        exports = []
        for folder in sorted(self.root.iterdir()):
            export = self._read(folder) if _ID.fullmatch(folder.name) else None
            if export is None:
                _log.warning("%s: this is no export and is removed", folder)
                _remove(folder)
                continue
            self._tidy(folder, export)
            exports.append(export)
        return sorted(exports, key=lambda export: export.order.asked_utc_ns)

    def store(self, export: Export) -> None:
        """Keeps what it is now. Raises OSError."""
        folder = self.folder(export.order.id)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / RECORD_NAME, json.dumps(to_record(export)).encode())

    def store_manifest(self, id: str, sealed: bytes) -> None:
        """Beside the files, for whoever wants it by itself. Raises OSError."""
        _write(self.folder(id) / MANIFEST_NAME, sealed)

    def clear(self, export: Export) -> None:
        """Takes away all that has been made of one that is not over."""
        folder = self.folder(export.order.id)
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name != RECORD_NAME:
                path.unlink(missing_ok=True)

    def remove(self, id: str) -> None:
        """All of it. The record goes first: what is left behind by a crash is no export any more."""
        folder = self.folder(id)
        (folder / RECORD_NAME).unlink(missing_ok=True)
        _remove(folder)

    def _read(self, folder: Path) -> Export | None:
        path = folder / RECORD_NAME
        try:
            if path.stat().st_size > _RECORD_BYTES_MAX:
                return None
            export = from_record(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return export if export.order.id == folder.name else None

    def _tidy(self, folder: Path, export: Export) -> None:
        named = {file.name: file.size for file in export.files} if export.state == "done" else {}
        kept = {RECORD_NAME, MANIFEST_NAME} if export.state == "done" else {RECORD_NAME}
        sizes = {}
        for path in folder.iterdir():
            if path.name in named:
                sizes[path.name] = path.stat().st_size
            elif path.name not in kept:
                _remove(path)
        if sizes != named:
            export.state, export.problem, export.files = "failed", "export_lost", ()
            self.store(export)


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
