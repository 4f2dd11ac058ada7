"""What machine this is: memory, limits, screen, fonts, decoders."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import av
from av.codec.hwaccel import hwdevices_available

from recorder.doctor.rules.machine import Decoders, Machine, Screen

SCREEN_SECONDS_MAX = 6.0
_FONT_PACKAGE, _FONT_FILE = "noto_cjk_sans_jp_bold", "NotoSansCJKjp-Bold.otf"
_FONTS = ("**/NotoSansCJK-*.ttc", "**/ipaexg.ttf",
          "truetype/fonts-japanese-gothic.ttf")  # fmt: skip
_SDL_PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
import sdl2
failed = sdl2.SDL_VideoInit(sys.argv[1].encode())
print(json.dumps(sdl2.SDL_GetError().decode(errors="replace") or "SDL does not say why" if failed else ""))
"""
_SOFTWARE = {"h264": "H.264", "hevc": "H.265"}
_HARDWARE = {
    "v4l2m2m": "/dev/video*",
    "cuvid": "/dev/nvidia0",
    "qsv": "/dev/dri/renderD*",
    "rkmpp": "/dev/mpp_service",
}
"""Endings of FFmpeg's decoders, and the device that such a decoder needs."""


def look_at_machine() -> Machine:
    """Reads what the kernel says."""
    memory = _memory()
    files_max, files_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Machine(
        memory_bytes=memory.get("MemTotal"),
        memory_available_bytes=memory.get("MemAvailable"),
        files_max=files_max,
        files_hard=files_hard,
        root=os.geteuid() == 0,
    )


def _memory() -> Mapping[str, int]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return {}
    words = [line.replace(":", " ").split() for line in lines]
    return {word[0]: int(word[1]) << 10 for word in words if len(word) == 3 and word[2] == "kB"}


def look_at_screen(environment: Mapping[str, str]) -> Screen:
    """What SDL would use. X11 and Wayland are opened in a process of its own, without a window; KMS is not touched, as
    opening it may take the screen from whoever shows there now."""
    graphics = _devices("/dev/dri/card*")
    connected = _connected()
    font = _font()
    named = (("wayland", "WAYLAND_DISPLAY"), ("x11", "DISPLAY"))
    drivers = [driver for driver, name in named if environment.get(name)]
    if wanted := environment.get("SDL_VIDEODRIVER"):
        drivers = [wanted]
    trouble = ""
    for driver in drivers:
        trouble = "" if driver == "kmsdrm" else _sdl_trouble(driver)
        if not trouble:
            return Screen(driver=driver, connected=None, font=font)
    if drivers:
        return Screen(driver=drivers[0], trouble=trouble, font=font)
    if not graphics:
        return Screen(driver=None, font=font)
    openable = any(os.access(card, os.R_OK | os.W_OK) for card in graphics)
    trouble = "" if openable else f"{graphics[0]}: permission denied"
    return Screen(driver="kmsdrm", trouble=trouble, connected=connected, font=font)


def _connected() -> int | None:
    states = [_read(path) for path in Path("/sys/class/drm").glob("card*-*/status")]
    return sum(state == "connected" for state in states) if states else None


def _sdl_trouble(driver: str) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _SDL_PROGRAM, driver],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SCREEN_SECONDS_MAX,
        )
        return str(json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return f"no answer within {SCREEN_SECONDS_MAX:.0f} s"
    except (OSError, ValueError, IndexError):
        return "SDL does not start"


def _font() -> str | None:
    spec = find_spec(_FONT_PACKAGE)
    packaged = [Path(place) / _FONT_FILE for place in (spec.submodule_search_locations or ())] if spec else []
    installed = (path for pattern in _FONTS for path in sorted(Path("/usr/share/fonts").glob(pattern)))
    return next((path.name for path in (*packaged, *installed) if path.is_file()), None)


def look_at_decoders() -> Decoders:
    """What FFmpeg's libraries have, and what of it this machine has a device for."""
    names = av.codecs_available
    known = set(hwdevices_available())
    offered = [
        f"{codec}_{ending}"
        for codec in _SOFTWARE
        for ending, device in _HARDWARE.items()
        if f"{codec}_{ending}" in names and _devices(device)
    ]
    if "cuda" in known and _devices("/dev/nvidia0"):
        offered.append("cuda")
    return Decoders(
        offered=tuple(offered),
        closed=tuple(_closed()),
        missing=tuple(told for name, told in _SOFTWARE.items() if name not in names),
    )


def _closed() -> Iterator[str]:
    for pattern in ("/dev/dri/renderD*", "/dev/video*"):
        for device in _devices(pattern)[:8]:
            if not os.access(device, os.R_OK | os.W_OK):
                yield str(device)


def _devices(pattern: str) -> list[Path]:
    return sorted(Path("/dev").glob(pattern.removeprefix("/dev/")))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
