"""Which Python, which libraries, and whether they load. They are loaded in a process of its own: a library built for
another processor ends that one, not the doctor."""

import contextlib
import os
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import recorder
from recorder.doctor.rules.software import Library, Software

PACKAGE = "edge-recorder"
IMPORT_SECONDS_MAX = 11.0
REASON_CHARACTERS_MAX = 160
_NEED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:>=\s*([0-9][0-9.]*))?")
_MODULES = {
    "opencv-python-headless": "cv2",
    "pysdl2": "sdl2",
    "pysdl2-dll": "sdl2dll",
    "pyyaml": "yaml",
    "argon2-cffi": "argon2",
}
"""What is imported of a package, where that is not its name."""
_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
_PROGRAM = """
import importlib, sys
for name in sys.argv[1:]:
    print("?", name, flush=True)
    try:
        importlib.import_module(name)
    except BaseException as error:
        print("-", name, type(error).__name__, str(error).splitlines()[0] if str(error) else "", flush=True)
    else:
        print("+", name, flush=True)
"""


def look_at_software() -> Software:
    """Blocks for as long as the libraries take to load, IMPORT_SECONDS_MAX at most."""
    needs = list(_needs())
    versions = {name: _version(name) for name, _ in needs}
    broken = _broken([_module(name) for name, version in versions.items() if version is not None])
    tested = _tested()
    return Software(
        python=sys.version_info[:3],
        bits=struct.calcsize("P") * 8,
        architecture=platform.machine(),
        libraries=tuple(
            Library(
                name=name,
                at_least=at_least,
                tested=tested.get(name.lower(), ""),
                version=versions[name],
                broken=broken.get(_module(name), ""),
            )
            for name, at_least in needs
        ),
        opencv_wheels=tuple(name for name in _OPENCV if _version(name) is not None),
    )


def _needs() -> Iterator[tuple[str, str]]:
    """Name and lowest version of each library that this program says it needs."""
    for line in metadata.requires(PACKAGE) or []:
        need, _, condition = line.partition(";")
        match = _NEED.match(need)
        if match is not None and "extra" not in condition:
            yield match[1], match[2] or ""


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _module(name: str) -> str:
    return _MODULES.get(name.lower(), name.replace("-", "_"))


def _tested() -> Mapping[str, str]:
    """The pinned versions, where this is a folder of the sources."""
    with contextlib.suppress(OSError):
        lines = (Path(recorder.__file__).parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()
        return {name.lower(): version for name, _, version in (line.partition("==") for line in lines) if version}
    return {}


def _broken(modules: list[str]) -> dict[str, str]:
    """Why modules do not load. One that ends the process is that, and the rest is tried without it."""
    reasons: dict[str, str] = {}
    left = list(modules)
    while left:
        try:
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, *left],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=IMPORT_SECONDS_MAX,
                env=os.environ | {"PYTHONWARNINGS": "ignore"},
            )
        except subprocess.TimeoutExpired:
            return reasons | {left[0]: f"no end within {IMPORT_SECONDS_MAX:.0f} s"}
        begun = ""
        for line in done.stdout.splitlines():
            sign, _, rest = line.partition(" ")
            name, _, reason = rest.partition(" ")
            if sign == "?":
                begun = name
            elif sign == "-":
                reasons[name] = reason.strip()[:REASON_CHARACTERS_MAX]
        if done.returncode == 0 or not begun:
            return reasons
        reasons[begun] = f"its code ended Python (status {done.returncode})"
        left = left[left.index(begun) + 1 :]
    return reasons
