"""Python, the machine's architecture and the libraries. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recorder.doctor.finding import Finding, found, ok

PYTHON_MIN = (3, 11)
ARCHITECTURES = ("x86_64", "aarch64")
"""For which every library is there ready made."""
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """`at_least`: empty: any version. `tested`: the pinned version, where the list of them is at hand. `version` None:
    it is not installed. `broken`: what importing it says, empty if it imports."""

    name: str
    at_least: str = ""
    tested: str = ""
    version: str | None
    broken: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """`bits`: of the Python that runs. `opencv_wheels`: all packages that are installed as `cv2`."""

    python: tuple[int, int, int]
    bits: int
    architecture: str
    libraries: tuple[Library, ...]
    opencv_wheels: tuple[str, ...]


def software_findings(software: Software) -> Iterator[Finding]:
    """What is wrong, or that nothing is."""
    yield _python(software)
    if len(software.opencv_wheels) > 1:
        yield _both_wheels(software.opencv_wheels)
    troubles = [finding for library in software.libraries if (finding := _library(library)) is not None]
    yield from troubles
    if not troubles:
        count = len(software.libraries)
        yield ok(
            "libraries", ja=f"ライブラリ{count}個はすべて使えます。", en=f"All {count} libraries are there and load."
        )
    others = [one for one in software.libraries if one.tested and one.version and one.version != one.tested]
    if others:
        names = ", ".join(f"{one.name} {one.version} ({one.tested})" for one in others[:4])
        more = f", +{len(others) - 4}" if len(others) > 4 else ""
        yield found(
            "hint",
            "libraries",
            (
                f"試験した版と異なるライブラリがあります: {names}{more}。",
                f"Some libraries are not the tested versions: {names}{more}.",
            ),
            (
                "pip install -c constraints.txt -e . で試験した版に揃えられます。",
                "pip install -c constraints.txt -e . brings the tested ones.",
            ),
        )


def _python(software: Software) -> Finding:
    version = ".".join(map(str, software.python))
    told = f"Python {version}, {software.bits} bit, {software.architecture}"
    if software.bits < 64:
        return found(
            "failure",
            "python",
            (f"32ビットのPythonには対応していません({told})。", f"A 32-bit Python is not supported ({told})."),
            (
                "64ビットのOS（Debian 12、Raspberry Pi OS 64-bit）を入れてください。",
                "Install a 64-bit system: Debian 12, or Raspberry Pi OS (64 bit).",
            ),
        )
    if software.python[:2] < PYTHON_MIN:
        return found(
            "failure",
            "python",
            (f"Python {version} は古すぎます。", f"Python {version} is too old."),
            (
                "Python 3.11以降で入れ直してください。",
                "Install this program with Python 3.11 or newer.",
            ),
        )
    if software.architecture not in ARCHITECTURES:
        return found(
            "warning",
            "python",
            (
                f"{software.architecture} では試験していません。",
                f"Nothing is tested on {software.architecture}.",
            ),
            ("x86_64 か aarch64 の機器を使ってください。", "Use a machine with x86_64 or aarch64."),
        )
    return ok("python", ja=f"{told}。", en=f"{told}.")


def _both_wheels(wheels: tuple[str, ...]) -> Finding:
    names = " ".join(wheels)
    shown = "、".join(wheels)
    return found(
        "warning",
        "opencv",
        (
            f"{shown} が同時に入っており、互いのファイルを上書きします。",
            f"{' and '.join(wheels)} are installed at once and overwrite each other's files.",
        ),
        (
            f"pip uninstall -y {names} のあと pip install opencv-python-headless を実行してください。",
            f"Run: pip uninstall -y {names}, then: pip install opencv-python-headless.",
        ),
    )


def _library(library: Library) -> Finding | None:
    name, again = library.name, f"pip install --force-reinstall '{library.name}{_bound(library)}'"
    remedy = (f"{again} を実行してください。", f"Run: {again}.")
    if library.version is None:
        return found("failure", "libraries", (f"{name} がありません。", f"{name} is missing."), remedy, name)
    if library.at_least and _parts(library.version) < _parts(library.at_least):
        told = (
            f"{name} {library.version} は古すぎます（{library.at_least} 以降が必要）。",
            f"{name} {library.version} is too old, {library.at_least} or newer is needed.",
        )
        return found("failure", "libraries", told, remedy, name)
    if library.broken:
        told = (f"{name} を読み込めません: {library.broken}。", f"{name} does not load: {library.broken}.")
        return found("failure", "libraries", told, remedy, name)
    return None


def _bound(library: Library) -> str:
    return f">={library.at_least}" if library.at_least else ""


def _parts(version: str) -> tuple[int, ...]:
    """The numbers at the beginning, without zeros at their end: 5.0 is 5."""
    number = _NUMBER.match(version)
    parts = [int(part) for part in number[0].split(".")] if number else []
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)
