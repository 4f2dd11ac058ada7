"""The disks that footage lies on: room, speed, kind, and how long they last. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recorder.doctor.finding import Finding, Level, found, ok

Kind = Literal["sd_card", "emmc", "ssd", "hard_disk", "network", "memory", "virtual", "unknown"]

YEAR_SECONDS = 365.25 * 86_400
CYCLES = {"sd_card": 300, "emmc": 1500, "ssd": 600}
"""How often a common one may be written over whole, as makers say (high-endurance cards: several thousand times)."""
YEARS_SHORT = 3.0
STREAM_BYTES_PER_SECOND = 4e6 / 8
"""Of a main stream whose rate nobody has seen."""
SPEED_MARGIN = 3.0
SYNC_SECONDS_LONG = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFacts:
    """`error`: why nothing can be written there, empty if it can. `written_bytes_per_second`: of a small test with
    syncs, `sync_seconds_max`: the longest of them. `health`: of recorder.maintenance.hardware."""

    folder: str
    filesystem: str
    kind: Kind
    model: str = ""
    health: str = "unknown"
    total_bytes: int
    free_bytes: int
    footage_bytes: int = 0
    bytes_max: int = 0
    free_bytes_min: int = 0
    error: str = ""
    written_bytes_per_second: float | None = None
    sync_seconds_max: float | None = None


def disk_findings(disk: DiskFacts, needed_bytes_per_second: float, *, estimated: bool) -> Iterator[Finding]:
    """`needed_bytes_per_second`: what the cameras send to this disk; `estimated`: nobody has seen it."""
    if disk.error:
        yield found(
            "failure",
            "disk",
            (
                f"{disk.folder} に書き込めません: {disk.error}。",
                f"Nothing can be written to {disk.folder}: {disk.error}.",
            ),
            (
                "録画用のユーザーが書き込めるフォルダーを用意し、ディスクがマウントされているか確認してください。",
                "Make the folder writable for the recorder's user, and see that its disk is mounted.",
            ),
            disk.folder,
        )
        return
    yield _room(disk)
    yield _filesystem(disk)
    if (worn := _worn(disk)) is not None:
        yield worn
    if disk.written_bytes_per_second is not None:
        yield _speed(disk, needed_bytes_per_second)
    if disk.kind in CYCLES and needed_bytes_per_second:
        yield _endurance(disk, needed_bytes_per_second, estimated=estimated)


def _room(disk: DiskFacts) -> Finding:
    sizes = f"{disk.free_bytes / 1e9:.1f} GB"
    if disk.free_bytes < disk.free_bytes_min:
        return found(
            "failure" if not disk.footage_bytes else "warning",
            "disk_room",
            (
                f"{disk.folder} の空きは {sizes} で、残すべき {disk.free_bytes_min / 1e9:.1f} GB を下回っています。",
                f"{disk.folder} has {sizes} free, less than "
                f"the {disk.free_bytes_min / 1e9:.1f} GB that are to stay free.",
            ),
            (
                "ほかのデータを移すか、storage.free_bytes_min を小さくしてください。",
                "Move other data away, or lower storage.free_bytes_min.",
            ),
            disk.folder,
        )
    possible = disk.free_bytes + disk.footage_bytes - disk.free_bytes_min
    if disk.bytes_max and possible < disk.bytes_max:
        return found(
            "hint",
            "disk_room",
            (
                f"{disk.folder} では bytes_max（{disk.bytes_max / 1e9:.0f} GB）まで録画できず、"
                f"約{possible / 1e9:.0f} GB で古いものから消えます。",
                f"{disk.folder} has no room for bytes_max ({disk.bytes_max / 1e9:.0f} GB): "
                f"old footage goes at about {possible / 1e9:.0f} GB.",
            ),
            (
                "大きなディスクにするか、bytes_max を実際の大きさに合わせてください。",
                "Take a larger disk, or a bytes_max that fits.",
            ),
            disk.folder,
        )
    return ok("disk_room", ja=f"空きは {sizes} です。", en=f"{sizes} are free.", about=disk.folder)


def _filesystem(disk: DiskFacts) -> Finding:
    kinds: dict[str, tuple[Level, tuple[str, str]]] = {
        "tmpfs": ("warning", ("再起動で録画が消えます", "its footage is gone after a restart")),
        "vfat": (
            "warning",
            ("停電に弱く、アクセス権もありません", "a power cut may damage it, and it has no permissions"),
        ),
        "exfat": (
            "warning",
            ("停電に弱く、アクセス権もありません", "a power cut may damage it, and it has no permissions"),
        ),
        "ntfs": ("warning", ("停電に弱く、遅くなります", "a power cut may damage it, and it is slow")),
        "ntfs3": ("warning", ("停電に弱くなります", "a power cut may damage it")),
        "nfs": ("hint", ("ネットワークが切れると録画が止まります", "recording stops with the network")),
        "nfs4": ("hint", ("ネットワークが切れると録画が止まります", "recording stops with the network")),
        "cifs": ("hint", ("ネットワークが切れると録画が止まります", "recording stops with the network")),
        "overlay": ("hint", ("コンテナーを消すと録画も消えます", "footage goes with its container")),
    }
    if disk.filesystem not in kinds:
        name = " ".join(filter(None, (disk.filesystem, disk.kind.replace("_", " "), disk.model)))
        return ok("filesystem", ja=f"{name}。", en=f"{name}.", about=disk.folder)
    level, (ja, en) = kinds[disk.filesystem]
    return found(
        level,
        "filesystem",
        (f"{disk.folder} は {disk.filesystem} で、{ja}。", f"{disk.folder} is {disk.filesystem}: {en}."),
        ("ext4 の内蔵ディスクかSSDを使ってください。", "Use a disk or SSD of this machine with ext4."),
        disk.folder,
    )


def _worn(disk: DiskFacts) -> Finding | None:
    if disk.health not in ("worn", "failing"):
        return None
    failing = disk.health == "failing"
    return found(
        "failure" if failing else "warning",
        "disk_health",
        (
            f"{disk.folder} のディスクは{'寿命です' if failing else 'かなり消耗しています'}。",
            f"The disk of {disk.folder} {'is at the end of its life' if failing else 'is well worn'}.",
        ),
        ("早めに交換してください。", "Replace it soon, and copy what must not be lost."),
        disk.folder,
    )


def _speed(disk: DiskFacts, needed: float) -> Finding:
    assert disk.written_bytes_per_second is not None
    speed, longest = disk.written_bytes_per_second, disk.sync_seconds_max or 0.0
    told = (
        f"書き込みは毎秒 {speed / 1e6:.0f} MB（必要 {needed / 1e6:.1f} MB）、同期は最長 {longest:.2f} 秒です。",
        f"It takes {speed / 1e6:.0f} MB/s with syncs of {longest:.2f} s at most; {needed / 1e6:.1f} MB/s are needed.",
    )
    if speed >= SPEED_MARGIN * needed and longest < SYNC_SECONDS_LONG:
        return ok("disk_speed", ja=told[0], en=told[1], about=disk.folder)
    return found(
        "failure" if speed < needed else "warning",
        "disk_speed",
        told,
        (
            "速いディスク（SSD）を使うか、カメラの台数やビットレートを減らしてください。",
            "Use a faster disk (an SSD), or fewer cameras, or lower their rates.",
        ),
        disk.folder,
    )


def _endurance(disk: DiskFacts, needed: float, *, estimated: bool) -> Finding:
    a_year = needed * YEAR_SECONDS
    years = disk.total_bytes * CYCLES[disk.kind] / a_year
    guess = ("（ビットレートは推定）", ", by estimated rates") if estimated else ("", "")
    told = (
        f"録画は年に約 {a_year / 1e12:.1f} TB です{guess[0]}。"
        f"普通の{_KINDS[disk.kind][0]}の寿命は約 {years:.1f} 年です。",
        f"Recording writes about {a_year / 1e12:.1f} TB a year{guess[1]}: "
        f"a common {_KINDS[disk.kind][1]} of this size lasts about {years:.1f} years.",
    )
    if years >= YEARS_SHORT:
        return ok("endurance", ja=told[0], en=told[1], about=disk.folder)
    return found(
        "warning" if years < 1 else "hint",
        "endurance",
        told,
        (
            "USB接続のSSDに録画するか、高耐久カードを使い、交換日を決めておいてください。",
            "Record to an SSD (by USB on a Pi), or take a high-endurance card and set a date to replace it.",
        ),
        disk.folder,
    )


_KINDS = {"sd_card": ("SDカード", "SD card"), "emmc": ("eMMC", "eMMC"), "ssd": ("SSD", "SSD")}
