"""What a folder's disk is and how fast it takes footage: a few MB are written, synced and taken away again."""

import os
import secrets
from pathlib import Path

from gate.clock import Clock
from recorder.doctor.rules.disk import DiskFacts, Kind
from recorder.maintenance.hardware import SYSFS, disk_of

PROBE_BYTES = 4 << 20
PROBE_BLOCKS = 8
PROBE_SECONDS_MAX = 1.5
"""A disk so slow is not written to any further: what came until then is the measure."""
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p")


def look_at_disk(
    folder: Path, clock: Clock, *, bytes_max: int, free_bytes_min: int, footage_bytes: int, mounted: bool
) -> DiskFacts:
    """Blocks for PROBE_SECONDS_MAX and one sync. Where the folder is not there yet, the one above it is looked at,
    unless it has to be (`mounted`)."""
    if mounted and not folder.is_dir():
        return unusable(folder, "there is no such folder")
    place = _nearest(folder)
    filesystem = _filesystem(place)
    facts = disk_of(place)
    kind = _kind(filesystem, facts["device"], facts["reason"] == "virtual")
    try:
        sizes = os.statvfs(place)
        speed, longest = _written(place, clock, sizes.f_bavail * sizes.f_frsize - free_bytes_min)
    except OSError as error:
        return unusable(folder, error.strerror or str(error))
    return DiskFacts(
        folder=str(folder),
        filesystem=filesystem,
        kind=kind,
        model=facts["model"] or "",
        health=facts["health"],
        total_bytes=sizes.f_blocks * sizes.f_frsize,
        free_bytes=sizes.f_bavail * sizes.f_frsize,
        footage_bytes=footage_bytes,
        bytes_max=bytes_max,
        free_bytes_min=free_bytes_min,
        written_bytes_per_second=speed,
        sync_seconds_max=longest,
    )


def unusable(folder: Path, why: str) -> DiskFacts:
    """A disk that nothing can be written to."""
    return DiskFacts(folder=str(folder), filesystem="", kind="unknown", total_bytes=0, free_bytes=0, error=why)


def _nearest(folder: Path) -> Path:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _written(folder: Path, clock: Clock, spare_bytes: int) -> tuple[float | None, float | None]:
    """Bytes a second with a sync after each block, and the longest sync; None where there is no room for the test."""
    if not os.access(folder, os.W_OK):
        raise PermissionError(13, "permission denied")
    if spare_bytes < PROBE_BYTES:
        return None, None
    path = folder / f".doctor-{secrets.token_hex(4)}"
    block = secrets.token_bytes(PROBE_BYTES // PROBE_BLOCKS)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        path.unlink()  # nothing is left behind, however this ends
        begun_ns, longest_ns, written = clock.monotonic_ns(), 0, 0
        for _ in range(PROBE_BLOCKS):
            written += os.write(fd, block)
            sync_ns = clock.monotonic_ns()
            os.fdatasync(fd)
            now_ns = clock.monotonic_ns()
            longest_ns = max(longest_ns, now_ns - sync_ns)
            if now_ns - begun_ns > PROBE_SECONDS_MAX * 1e9:
                break
    finally:
        os.close(fd)
    return written / max((now_ns - begun_ns) / 1e9, 1e-6), longest_ns / 1e9


def _filesystem(folder: Path) -> str:
    """Of the mount that the folder lies on; empty where the machine does not say."""
    try:
        number = folder.stat().st_dev
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    wanted = f"{os.major(number)}:{os.minor(number)}"
    for line in reversed(lines):
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            return after.split()[0]
    return ""


def _kind(filesystem: str, device: str | None, virtual: bool) -> Kind:
    if filesystem in _NETWORK:
        return "network"
    if filesystem in ("tmpfs", "ramfs"):
        return "memory"
    if device is None:
        return "unknown"
    if device.startswith("mmcblk"):
        return "emmc" if _read(SYSFS / "block" / device / "device/type") == "MMC" else "sd_card"
    if virtual:
        return "virtual"
    turns = _read(SYSFS / "block" / device / "queue/rotational")
    return {"0": "ssd", "1": "hard_disk"}.get(turns, "unknown")  # type: ignore[return-value]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
