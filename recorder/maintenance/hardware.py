"""What the machine says of itself without root: temperatures, and the disks that footage lies on. Blocks (sysfs)."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SYSFS = Path("/sys")
SENSORS_MAX = 16


def temperatures(sysfs: Path = SYSFS) -> list[dict[str, Any]]:
    """`{"name", "celsius"}` of every sensor, the hottest first; empty where there is none."""
    found: dict[str, float] = {}
    for zone in sorted((sysfs / "class/thermal").glob("thermal_zone*")):
        _take(found, _read(zone / "type") or zone.name, zone / "temp")
    for chip in sorted((sysfs / "class/hwmon").glob("hwmon*")):
        name = _read(chip / "name") or chip.name
        for sensor in sorted(chip.glob("temp*_input")):
            label = _read(chip / sensor.name.replace("_input", "_label"))
            _take(found, f"{name} {label}".strip() if label else name, sensor)
    hottest = sorted(found.items(), key=lambda one: -one[1])[:SENSORS_MAX]
    return [{"name": name, "celsius": round(celsius, 1)} for name, celsius in hottest]


def disk_of(folder: Path, sysfs: Path = SYSFS) -> dict[str, Any]:
    """The disk below a folder: `health` good, worn, failing or unknown; `reason`, where it is unknown: `no_device` (a
    network or virtual file system), `virtual`, `needs_root` (only SMART knows it)."""
    unknown = {"device": None, "model": None, "health": "unknown", "reason": "no_device", "wear_percent": None}
    try:
        number = folder.stat().st_dev
        place = (sysfs / "dev/block" / f"{os.major(number)}:{os.minor(number)}").resolve(strict=True)
    except OSError:
        return unknown
    disk = place.parent if (place / "partition").exists() else place
    model = _read(disk / "device/model") or _read(disk / "device/name")
    known = unknown | {"device": disk.name, "model": model, "reason": "needs_root"}
    if disk.name.startswith("mmcblk"):
        return known | _card_health(disk / "device")
    maker = (model or "").upper()
    if "virtual" in disk.parts or disk.name.startswith("vd") or maker.startswith(("QEMU", "VIRTUAL", "VBOX")):
        return known | {"reason": "virtual"}
    return known


def _card_health(device: Path) -> dict[str, Any]:
    """eMMC (JESD84-B51 sections 7.4.42 to 7.4.44): life time used in tenths, and an end in three states."""
    steps = [int(word, 16) for word in (_read(device / "life_time") or "").split() if word not in ("0x00", "0x0")]
    end = _read(device / "pre_eol_info")
    wear = max(steps) * 10 if steps else None
    if wear is None and end in (None, "0x00"):
        return {"reason": "card_does_not_tell"}
    health = "good"
    if end == "0x02" or (wear or 0) > 80:
        health = "worn"
    if end == "0x03" or (wear or 0) > 100:
        health = "failing"
    return {"health": health, "reason": None, "wear_percent": min(wear, 100) if wear is not None else None}


def disks_of(folders: Sequence[Path], sysfs: Path = SYSFS) -> list[dict[str, Any]]:
    """One for each folder, which it names."""
    return [{"folder": str(folder), **disk_of(folder, sysfs)} for folder in folders]


def _take(found: dict[str, float], name: str, path: Path) -> None:
    text = _read(path)
    with contextlib.suppress(ValueError):
        if text is not None and -50 < (celsius := int(text) / 1000) < 200:
            found[name] = max(celsius, found.get(name, -273.0))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
