"""The systemd of this machine, or of this user: its folder of units, and `systemctl`."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from recorder.systemd.errors import SystemdError
from recorder.systemd.units import MARK, NAMES, Part

SYSTEM_FOLDER = Path("/etc/systemd/system")
COMMAND_SECONDS_MAX = 120
_RUNNING = Path("/run/systemd/system")
_SHOWN = ("LoadState", "ActiveState", "SubState", "ActiveEnterTimestamp", "NRestarts", "MainPID", "Result")


class Systemctl:
    """`own`: of the user who calls. Raises SystemdError where there is no systemd, or it would not let us."""

    def __init__(self, *, own: bool, environ: Mapping[str, str]) -> None:
        home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
        self.folder = home / "systemd" / "user" if own else SYSTEM_FOLDER
        self._own = own
        self._words = ("systemctl", "--user") if own else ("systemctl",)
        if shutil.which("systemctl") is None or not (own or _RUNNING.is_dir()):
            raise SystemdError(
                "systemd does not run this machine: `--print` shows the units, "
                "and `edge-recorder run CONFIG` needs no systemd"
            )
        if own and "XDG_RUNTIME_DIR" not in environ:
            raise SystemdError("there is no systemd of this user (XDG_RUNTIME_DIR): sign in to a session of its own")

    def check_may_write(self) -> None:
        """Raises SystemdError where units cannot be written."""
        if not self._own and os.geteuid() != 0:
            raise SystemdError("units of the machine are written by root: sudo, or --user for your own systemd")

    def write(self, part: Part, text: str) -> Path:
        """The unit's file, in place of an older one of ours. Raises SystemdError."""
        place = self.folder / NAMES[part]
        if place.exists() and not self._is_ours(place):
            raise SystemdError(f"{place} is not of ours: move it away, then it can be written")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh = place.with_suffix(".new")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(place)
        except OSError as error:
            raise SystemdError(f"{place}: cannot be written ({error.strerror}): call it with sudo") from None
        return place

    def installed(self) -> list[Part]:
        """The parts that have units of ours."""
        return [part for part, name in NAMES.items() if self._is_ours(self.folder / name)]

    def start(self, parts: list[Part]) -> None:
        """Now, and whenever the machine starts; those that run already begin anew. Raises SystemdError."""
        names = [NAMES[part] for part in parts]
        self._call("daemon-reload")
        self._call("enable", *names)
        self._call("restart", "--no-block", *names)

    def remove(self, part: Part) -> None:
        """Ends it and takes its unit away. Raises SystemdError."""
        self._call("disable", "--now", NAMES[part])
        (self.folder / NAMES[part]).unlink(missing_ok=True)
        self._call("daemon-reload")

    def state(self, part: Part) -> dict[str, str]:
        """What systemd knows of it. Raises SystemdError."""
        shown = self._call("show", NAMES[part], *(f"--property={name}" for name in _SHOWN))
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def _is_ours(self, place: Path) -> bool:
        try:
            return place.read_text(encoding="utf-8").startswith(MARK)
        except (OSError, UnicodeDecodeError):
            return False

    def _call(self, *words: str) -> str:
        try:
            done = subprocess.run(
                [*self._words, *words], capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS_MAX
            )
        except subprocess.TimeoutExpired:
            raise SystemdError(
                f"systemctl {words[0]} has not answered in {COMMAND_SECONDS_MAX} s: look at it"
            ) from None
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            raise SystemdError(f"systemctl {' '.join(words)}: {said[-1] if said else f'status {done.returncode}'}")
        return done.stdout
