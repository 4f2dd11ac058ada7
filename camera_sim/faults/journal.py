"""The ground-truth log: when each fault began and ended, to the picture. One JSON object a line.

`{"utc", "event": "began|ended", "id", "kind", "scope", "seed", "duration", "params", "streams": {"/cam1/main": {"n",
"counter"}}, "did": {…}}`: `n` and `counter` are those of the last picture before (null: none was sent yet).
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from camera_sim.faults.fault import Fault
from camera_sim.rtsp.stream import LiveStream
from camera_sim.truth import TruthLog
from gate.clock import Clock

_log = logging.getLogger(__name__)


class Journal:
    """Appends to `path`; without one, to the log only."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._truth = TruthLog(path)
        self._clock = clock

    def began(self, number: int, fault: Fault, streams: Iterable[LiveStream]) -> None:
        """Call it before anything is wrong."""
        _log.info("fault %s: %s of %s begins", number, fault.kind, fault.scope)
        facts = {"seed": fault.seed, "duration": fault.duration, "params": dict(fault.params)}
        self._write("began", number, fault, streams, facts)

    def ended(self, number: int, fault: Fault, streams: Iterable[LiveStream], did: Mapping[str, int]) -> None:
        """Call it when everything is right again."""
        _log.info("fault %s: %s of %s is over", number, fault.kind, fault.scope)
        self._write("ended", number, fault, streams, {"did": dict(did)})

    def _write(
        self, event: str, number: int, fault: Fault, streams: Iterable[LiveStream], facts: Mapping[str, Any]
    ) -> None:
        line = {
            "utc": self._clock.now().isoformat(),
            "event": event,
            "id": number,
            "kind": fault.kind,
            "scope": fault.scope,
            **facts,
            "streams": {f"/{stream.camera}/{stream.name}": stream.last_picture for stream in streams},
        }
        self._truth.write(line)
