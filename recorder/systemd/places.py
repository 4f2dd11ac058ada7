"""What a unit has to know of the configuration it runs: which folders are written, which devices are opened."""

import grp
import os
import pwd
import sys
from pathlib import Path

from pydantic import BaseModel

from gate.config_fields import ClockSection, beside
from gate.log_output import LogSection
from gate.yaml_file import load
from recorder.config import load_config
from recorder.systemd.errors import SystemdError
from recorder.systemd.units import Part, UnitPlan, folders_of

SCREEN_DEVICES = ("char-drm", "char-input", "/dev/tty0", "/dev/tty1")
SCREEN_GROUPS = ("video", "render", "input", "tty")
_NOT_SHARED = (Path("/tmp"), Path("/var/tmp"))
_NEW_USER = "sudo useradd --system --create-home --home-dir /var/lib/edge-recorder edge-recorder"


class _Socket(BaseModel):
    socket: Path


class _Hdmi(BaseModel):
    """Of the monitor's configuration (hdmi_out.config) what matters here."""

    recorder: _Socket
    socket: Path | None = None
    clock: ClockSection = ClockSection()
    log: LogSection | None = None


class _Service(BaseModel):
    """Of the licence service's configuration (gate.service.config) what matters here."""

    data_dir: Path
    keys: Path
    clock: ClockSection = ClockSection()
    log: LogSection | None = None


def plan_unit(part: Part, config: Path, *, own: bool, run_as: str | None) -> UnitPlan:
    """`own`: for the systemd of the user who calls; else it runs as `run_as`, or as whoever owns the configuration.
    Raises SystemdError or ConfigError."""
    config = config.absolute()
    folders, devices, groups = _needs(part, config)
    user = None if own else _user(run_as, config)
    command = _command()
    if user is not None:
        for path in (*folders, config):
            if any(path.is_relative_to(place) for place in _NOT_SHARED):
                raise SystemdError(f"{path}: a unit has a /tmp of its own and does not see it: move it elsewhere")
        for path in (config, Path(command[0]), Path(command[0]).resolve()):
            if user != "root" and path.is_relative_to("/root"):
                raise SystemdError(f"{path}: {user} cannot read what lies in /root: install it elsewhere, say in /opt")
    return UnitPlan(
        part=part,
        command=command,
        config=config,
        folders=folders,
        devices=devices,
        groups=tuple(group for group in groups if _is_group(group)),
        user=user,
    )


def make_folders(plan: UnitPlan) -> None:
    """The folders a unit writes, which must be there before it starts; those that are made belong to its user. Raises
    SystemdError."""
    for folder in plan.folders:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for made in missing:
                if plan.user is not None:
                    owner = pwd.getpwnam(plan.user)
                    os.chown(made, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        except OSError as error:
            raise SystemdError(f"{folder}: cannot be made ({error.strerror}): make it, writable for the unit") from None


def _needs(part: Part, config: Path) -> tuple[tuple[Path, ...], tuple[str, ...], tuple[str, ...]]:
    """Folders, devices, groups."""
    if part == "recorder":
        recorder = load_config(config)
        places = [config.parent, recorder.device.data_dir, recorder.local.socket.parent]
        places += [volume.path for volume in recorder.storage.volumes]
        urls = [stream.url for camera in recorder.cameras for stream in camera.streams.values()]
        devices = tuple(sorted({url for url in urls if url.startswith("/dev/")}))
        return _with(places, recorder.clock, recorder.log), devices, ("video",) if devices else ()
    if part == "hdmi":
        hdmi = load(config, _Hdmi)
        socket = beside(config, hdmi.socket or hdmi.recorder.socket)
        log = hdmi.log and hdmi.log.beside(config)
        return _with([socket.parent], hdmi.clock.beside(config), log), SCREEN_DEVICES, SCREEN_GROUPS
    service = load(config, _Service)
    log = service.log and service.log.beside(config)
    places = [beside(config, service.data_dir), beside(config, service.keys)]
    return _with(places, service.clock.beside(config), log), (), ()


def _with(places: list[Path], clock: ClockSection, log: LogSection | None) -> tuple[Path, ...]:
    places = places + ([clock.socket.parent] if clock.socket else []) + ([log.file.parent] if log else [])
    return folders_of(places)


def _user(wanted: str | None, config: Path) -> str:
    try:
        name = wanted or config.owner()
        pwd.getpwnam(name)
    except KeyError:
        raise SystemdError(f"there is no user {wanted or 'for the configuration'}: make one ({_NEW_USER})") from None
    if name == "root" and wanted is None:
        raise SystemdError(
            f"{config} belongs to root, and nothing here has to run as root: name a user with --run-as, "
            f"or make one ({_NEW_USER})"
        )
    return name


def _is_group(name: str) -> bool:
    """A unit with a group that this system does not have would not start."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _command() -> tuple[str, ...]:
    script = Path(sys.executable).with_name("edge-recorder")
    return (str(script),) if script.exists() else (sys.executable, "-m", "recorder.cli")
