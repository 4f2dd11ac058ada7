"""Ground-truth logs: what really happened, as JSON lines for tests and benchmarks to compare with."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


class TruthLog:
    """Appends to `path`; without one it does nothing. A log that cannot be written is no reason to stop."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, line: Mapping[str, Any]) -> None:
        """One line more."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            _log.error("%s: the ground truth cannot be written: %s", self._path, error.strerror)
