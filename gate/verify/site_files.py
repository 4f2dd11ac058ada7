"""The configuration of a site made to be judged: small cameras, a licence service, a folder of its own."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gate.verify.given import Given

FPS = 15
LOOP_SECONDS = 10
LOOP_PICTURES = FPS * LOOP_SECONDS
"""The barcode counts the pictures of a loop."""
DEVICE = "verified-1"
_VIEWS: tuple[dict[str, Any], ...] = (
    {"scene": "shop_entrance", "presets": [{"name": "near", "view": 0}, {"name": "far", "view": 1}]},
    {"scene": "car_park", "view": 0},
    {"scene": "warehouse", "view": 0},
    {"scene": "corridor", "view": 0},
)
"""The first camera can be turned, its sub stream is recorded, too, and its known stretch is more than kernels hold of a
download; from the third on key frames are rare."""


def cache_folder() -> Path:
    """Where drawn scenes are kept between runs: the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "edge-recorder" / "verify-scenes"


def notify_section(webhook: str, webhook_secret: str, mail_port: int, mqtt_port: int) -> dict[str, Any]:
    """Where the recorder tells events: receivers on this machine."""
    return {
        "webhooks": [{"url": webhook, "secret": webhook_secret}],
        "mqtt": {"host": "127.0.0.1", "port": mqtt_port},
        "mail": {
            "host": "127.0.0.1", "port": mail_port, "security": "none", "from_address": "recorder@recording.example",
            "to": ["reader@recording.example"], "gather_seconds": 0, "every_seconds": 0, "pictures": False,
        },
    }  # fmt: skip


def write_site(root: Path, given: Given, notify: Mapping[str, Any]) -> Path:
    """Writes all files of a site below `root`; gives the one that `edge-recorder demo` starts."""
    folder = root / "configs"
    folder.mkdir(parents=True)
    files: dict[str, dict[str, Any]] = {
        "fleet": _fleet(root, given),
        "recorder": _recorder(root, given, notify),
        "hdmi": {
            "recorder": {"socket": "../run/rec.sock"}, "clock": _CLOCK, "sink": "headless", "listen": "127.0.0.1:8650",
            "language": "en", "width": 960, "height": 540, "fps": FPS,
        },
        "service": {
            "listen": "127.0.0.1:8700", "public_url": "http://127.0.0.1:8700", "data_dir": "../data/service",
            "keys": "../data/issuer", "rules": "rules.yaml", "relay": {"listen": "127.0.0.1:8722"}, "clock": _CLOCK,
            "mail": {"from_address": "no-reply@recording.example", "mailbox": {"address": "127.0.0.1:8725"}},
        },
        "rules": {
            "time_zone": "Asia/Tokyo", "profile": given.profile,
            "auto_assign": {"respect_hold": given.auto_assign.respect_hold},
        },
        "demo": {
            "fleet": "fleet.yaml", "recorder": "recorder.yaml", "hdmi": "hdmi.yaml", "service": "service.yaml",
            "licence_months": given.months,
        },
    }  # fmt: skip
    if given.kind == "direct":  # which has no monitor
        del files["hdmi"], files["demo"]["hdmi"]
    for name, content in files.items():
        (folder / f"{name}.yaml").touch(mode=0o600)
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return folder / "demo.yaml"


_CLOCK = {"mode": "shared", "socket": "../run/clock.sock"}


def card_of(root: Path) -> Path:
    """The SD card of the first camera: of a direct one what it records to."""
    return root / "data" / "card"


def cameras_of(given: Given) -> tuple[str, ...]:
    """Their ids."""
    return given.names


def _fleet(root: Path, given: Given) -> dict[str, Any]:
    cameras: list[dict[str, Any]] = [
        {
            "id": camera, "name": camera, **view,
            "main": {
                "width": 640, "height": 360, "fps": FPS, "bitrate": "1200k" if number == 1 else "600k",
                "gop_seconds": 1 if number < 3 else 5,
            },
            "sub": {"width": 320, "height": 180, "fps": FPS, "bitrate": "200k"},
        }
        for number, (camera, view) in enumerate(zip(cameras_of(given), _VIEWS, strict=False), 1)
    ]  # fmt: skip
    if given.kind == "edge":
        cameras[0]["sd_card"] = {"path": str(card_of(root)), "bytes_max": "200MB"}
    return {
        "clock": _CLOCK, "rtsp": {"listen": "127.0.0.1:8554"}, "control": {"listen": "127.0.0.1:8080"},
        "onvif": {"listen": "127.0.1.1:8080", "discovery": None}, "cache_dir": str(cache_folder()),
        "loop_seconds": LOOP_SECONDS, "cameras": cameras,
    }  # fmt: skip


def _recorder(root: Path, given: Given, notify: Mapping[str, Any]) -> dict[str, Any]:
    cameras = [
        {
            "id": camera, "name": camera,
            "main": {"url": f"rtsp://127.0.0.1:8554/{camera}/main"},
            "sub": {"url": f"rtsp://127.0.0.1:8554/{camera}/sub"},
            "onvif": {"address": f"127.0.1.{number}:8080"},
            "record": ["main", "sub"] if number == 1 else ["main"],
        }
        for number, camera in enumerate(cameras_of(given), 1)
    ]  # fmt: skip
    disk: dict[str, Any] = {"bytes_max": "1GB"}
    if given.kind == "direct":  # it records to its card
        disk = {"volumes": [{"path": str(card_of(root)), "bytes_max": "1GB"}]}
    return {
        "device": {
            "id": DEVICE, "kind": given.kind, "data_dir": "../data/recorder",
            "time_zone": "Asia/Tokyo", "language": "en",
        },
        "clock": _CLOCK,
        "licence": {
            "mode": "service", "url": "http://127.0.0.1:8700", "root_key": "../data/issuer/root.pub",
            "profile": given.profile,
        },
        "remote": {"listen": "127.0.0.1:8600", "rtsp": {"listen": "127.0.0.1:8555"}},
        "local": {"socket": "../run/rec.sock"},
        "storage": {"segment_seconds": 10, "sync_seconds": 1, "free_bytes_min": "100MB"} | disk,
        "notify": dict(notify),
        "cameras": cameras,
    }  # fmt: skip
