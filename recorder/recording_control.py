"""Changing how cameras are recorded while the recorder runs, and telling it that something has happened.

What was changed stays so over restarts (`recording.json` in data_dir), until the camera's `record` in the configuration
is changed: the last word counts, wherever it was said.
"""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, TypeAdapter, ValidationError

from recorder.record_settings import RecordSettings
from recorder.segments.mode import RecordingMode
from recorder.state import StateBoard

_log = logging.getLogger(__name__)

FILE_NAME = "recording.json"
FILE_BYTES_MAX = 1 << 20


class ModalRecorder(Protocol):
    """The part of a camera's recorder that is controlled."""

    def set_mode(self, mode: RecordingMode) -> None:
        """Records in this mode from the next picture on."""

    def trigger(self) -> bool:
        """Something has happened; whether it is recorded."""


class _Change(BaseModel):
    configured: RecordSettings
    changed: RecordSettings


_CHANGES = TypeAdapter(dict[str, _Change])


class RecordingControl:
    """Of all cameras of a recorder. `load` it, then `add` each camera with what its configuration says."""

    def __init__(self, *, folder: Path, zone: ZoneInfo, pre_event_seconds: float, board: StateBoard) -> None:
        self._path = folder / FILE_NAME
        self._zone = zone
        self._pre_event_seconds = pre_event_seconds
        self._board = board
        self._configured: dict[str, RecordSettings] = {}
        self._settings: dict[str, RecordSettings] = {}
        self._recorders: dict[str, ModalRecorder] = {}
        self._changes: dict[str, _Change] = {}
        self._saving = asyncio.Lock()

    def load(self) -> None:
        """Reads earlier changes. Blocks. A file that cannot be read is said and left out: the configuration counts."""
        try:
            with self._path.open("rb") as file:
                self._changes = _CHANGES.validate_json(file.read(FILE_BYTES_MAX))
        except FileNotFoundError:
            pass
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is damaged"
            _log.error("%s: cannot be read (%s); cameras are recorded as configured", self._path, reason)

    def mode_of(self, camera: str, configured: RecordSettings) -> RecordingMode:
        """How a camera is recorded from now on, by its configuration or what was changed since."""
        change = self._changes.get(camera)
        self._configured[camera] = configured
        self._settings[camera] = change.changed if change and change.configured == configured else configured
        return self._settings[camera].recording_mode(self._zone, self._pre_event_seconds)

    def add(self, camera: str, recorder: ModalRecorder) -> None:
        """A camera's recorder, made with `mode_of`."""
        self._recorders[camera] = recorder

    def remove(self, camera: str) -> None:
        """A camera that is no longer there; what was changed is forgotten with the next change that is saved."""
        for known in (self._recorders, self._settings, self._configured, self._changes):
            known.pop(camera, None)

    def settings(self, camera: str) -> RecordSettings | None:
        """As in force; None for a camera that is not recorded here."""
        return self._settings.get(camera) if camera in self._recorders else None

    async def change(self, camera: str, settings: RecordSettings) -> None:
        """Puts settings in force at once, then keeps them. Raises OSError if they could not be kept."""
        _log.info("camera %s: recording mode %s", camera, settings.mode)
        self._settings[camera] = settings
        self._recorders[camera].set_mode(settings.recording_mode(self._zone, self._pre_event_seconds))
        self._board.changed()
        self._changes[camera] = _Change(configured=self._configured[camera], changed=settings)
        async with self._saving:
            content = _CHANGES.dump_python(self._changes, mode="json")
            await asyncio.to_thread(self._save, content)

    def trigger(self, camera: str) -> bool:
        """Something has happened at a camera; whether it is recorded."""
        return self._recorders[camera].trigger()

    def _save(self, content: Any) -> None:
        temporary = self._path.with_suffix(".new")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
