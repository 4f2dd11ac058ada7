"""On what a report was made: the machine, and the versions of what matters. Blocks for a moment."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from gate.verify.report_schema import ReportedMachine

_PACKAGES = ("aiohttp", "av", "cryptography", "numpy", "opencv-python-headless", "uvloop")
_PROGRAMS = ("ffmpeg", "chromium")
_ANSWER_SECONDS = 10.0


def this_machine() -> ReportedMachine:
    """What can be found out about it; empty where it cannot."""
    return ReportedMachine(
        name=platform.node(),
        system=_system(),
        processor=_processor(),
        processors=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        python=platform.python_version(),
        product=_version("edge-recorder"),
        commit=_commit(),
        versions={name: _version(name) for name in _PACKAGES} | dict(_programs()),
    )


def _system() -> str:
    try:
        release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        release = ""
    return ", ".join(filter(None, (release, f"{platform.system()} {platform.release()}", platform.machine())))


def _processor() -> str:
    try:
        facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    except OSError:
        return platform.processor()
    names = {name.strip(): value.strip() for name, value in facts.items()}
    return names.get("model name") or names.get("Model") or platform.processor()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _programs() -> Iterator[tuple[str, str]]:
    for name in _PROGRAMS:
        words = _answer([name, "-version" if name == "ffmpeg" else "--version"]).split("\n")[0].split()
        if found := next((word for word in words if word[0].isdigit()), ""):
            yield name, found


def _commit() -> str:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    commit = _answer(["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]).strip()
    changed = _answer(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"]).strip()
    return commit + "+" if commit and changed else commit


def _answer(words: list[str]) -> str:
    if shutil.which(words[0]) is None:
        return ""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""
