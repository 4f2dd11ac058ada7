"""What a recorder is and how it fares, for whoever maintains it: remotely under M9, at the recorder always."""

import os
import platform
from importlib.metadata import version
from typing import Any

from gate.clock import Clock
from recorder.addresses import own_addresses
from recorder.config import RecorderConfig
from recorder.state import StateBoard, StorageState

MODEL = "edge-recorder"


class DeviceInformation:
    """Of one recorder, from its start on."""

    def __init__(self, *, board: StateBoard, clock: Clock, config: RecorderConfig) -> None:
        self._board = board
        self._clock = clock
        self._config = config
        self._started_ns = clock.monotonic_ns()

    def object(self) -> dict[str, Any]:
        """The object of `/api/v1/device` (docs/protocols.md)."""
        device = self._config.device
        return {
            "id": device.id,
            "model": MODEL,
            "firmware": version("edge-recorder"),
            "serial": device.serial,
            "time_zone": device.time_zone,
            "language": device.language,
            "now": self._clock.now().isoformat(timespec="microseconds"),
            "uptime_seconds": (self._clock.monotonic_ns() - self._started_ns) // 1_000_000_000,
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "python": platform.python_version(),
            "load_average": [round(load, 2) for load in os.getloadavg()],
            "addresses": own_addresses(),
            "remote_listen": self._config.remote.listen,
            "cameras": len(self._board.cameras),
            "storage": storage_object(self._board.storage),
        }


def storage_object(storage: StorageState) -> dict[str, Any]:
    """`fits_seconds`: how much footage fits at the present rate; `full_seconds`: when the oldest will begin to go, null
    once it does. Both null while nothing is written. Pure."""
    rate = storage.written_bytes_per_second
    room_bytes = max(storage.bytes_max - storage.used_bytes, 0)
    writing = rate >= 1
    return {
        "used_bytes": storage.used_bytes,
        "bytes_max": storage.bytes_max,
        "free_bytes": storage.free_bytes,
        "written_bytes_per_second": round(rate),
        "fits_seconds": round(storage.bytes_max / rate) if writing else None,
        "full_seconds": round(room_bytes / rate) if writing and room_bytes > rate * 60 else None,
        "message": storage.message,
    }
