"""The text of the units: what systemd starts, how it knows that it works, and what that may touch. Pure.

The processes tell by themselves that they work, live and end (gate.sd_notify). What they may do is a list: a recorder
writes its own folders, talks over the network, and nothing else; a monitor also has the screen and its keys.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recorder.maintenance.upkeep import RESTART_STATUS

Part = Literal["recorder", "hdmi", "service"]
MARK = "# Written by `edge-recorder systemd install`, which writes it anew; changes of your own: systemctl edit NAME"
NAMES: dict[Part, str] = {
    "recorder": "edge-recorder.service",
    "hdmi": "edge-recorder-hdmi.service",
    "service": "edge-recorder-licence-service.service",
}
_WORDS: dict[Part, tuple[str, ...]] = {"recorder": ("run",), "hdmi": ("hdmi",), "service": ("service", "run")}
_TITLES: dict[Part, str] = {
    "recorder": "Edge recorder",
    "hdmi": "HDMI monitor of the edge recorder",
    "service": "Licence service of edge recorders",
}

WATCHDOG_SECONDS = 60
START_SECONDS_MAX = 900
"""After a power cut the footage is looked through before recording begins; an old index may have to be migrated."""
STOP_SECONDS_MAX = 60
RESTART_SECONDS = 5
STARTS_MAX, STARTS_WITHIN_SECONDS = 10, 600
_RUN = Path("/run")
"""Empty after every start of the machine: folders there are made by systemd."""

_HARDENING = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPlan:
    """One process. `command`: how `edge-recorder` is started; `folders`: what it writes, all absolute; `devices`: the
    device files it opens; `user` None: a unit of the user who calls, for their own systemd."""

    part: Part
    command: tuple[str, ...]
    config: Path
    folders: tuple[Path, ...]
    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    user: str | None


def unit_text(plan: UnitPlan) -> str:
    """The unit's file."""
    return "\n".join([MARK, *_about(plan), "", "[Service]", *_service(plan), "", "[Install]", *_installed(plan), ""])


def _about(plan: UnitPlan) -> Iterator[str]:
    yield "[Unit]"
    yield f"Description={_TITLES[plan.part]} ({_plain(str(plan.config))})"
    yield "Documentation=man:edge-recorder(1)"
    if plan.part == "hdmi":
        yield f"After={NAMES['recorder']}"
    elif plan.user is not None:
        yield "Wants=network-online.target"
        before = f" {NAMES['service']}" if plan.part == "recorder" else ""
        yield f"After=network-online.target time-sync.target{before}"
    if plan.user is not None:
        yield f"RequiresMountsFor={_paths(plan.folders)}"
    yield f"StartLimitIntervalSec={STARTS_WITHIN_SECONDS}"
    yield f"StartLimitBurst={STARTS_MAX}"


def _service(plan: UnitPlan) -> Iterator[str]:
    yield "Type=notify"
    yield "NotifyAccess=main"
    yield f"ExecStart={' '.join(map(_argument, (*plan.command, *_WORDS[plan.part], str(plan.config))))}"
    if plan.part == "recorder":
        yield "ExecReload=kill -HUP $MAINPID"
    yield f"WatchdogSec={WATCHDOG_SECONDS}"
    yield "Restart=on-failure"
    yield f"RestartSec={RESTART_SECONDS}"
    yield f"RestartForceExitStatus={RESTART_STATUS}"
    yield f"SuccessExitStatus={RESTART_STATUS}"
    yield f"TimeoutStartSec={START_SECONDS_MAX}"
    yield f"TimeoutStopSec={STOP_SECONDS_MAX}"
    yield "KillMode=mixed"
    yield "StandardOutput=journal"
    yield "StandardError=journal"
    yield f"SyslogIdentifier={NAMES[plan.part].removesuffix('.service')}"
    yield "Environment=PYTHONUNBUFFERED=1"
    yield "UMask=0077"
    if plan.user is None:
        yield "NoNewPrivileges=yes"
        return
    yield f"User={plan.user}"
    if plan.groups:
        yield f"SupplementaryGroups={' '.join(plan.groups)}"
    yield _HARDENING
    yield f"ReadWritePaths={_paths(plan.folders)}"
    passing = [folder.relative_to(_RUN) for folder in plan.folders if folder != _RUN and folder.is_relative_to(_RUN)]
    if passing:
        yield f"RuntimeDirectory={_paths(passing)}"
        yield "RuntimeDirectoryMode=0700"
        yield "RuntimeDirectoryPreserve=yes"
    if plan.devices:
        yield "DevicePolicy=closed"
        yield from (f"DeviceAllow={device} rw" for device in plan.devices)
    else:
        yield "PrivateDevices=yes"


def _installed(plan: UnitPlan) -> Iterator[str]:
    if plan.user is not None:
        yield "WantedBy=multi-user.target"
    else:
        yield "WantedBy=default.target"


def folders_of(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The same without those that lie in another of them, in order."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda one: (len(one.parts), str(one))):
        if not any(path.is_relative_to(outer) for outer in kept):
            kept.append(path)
    return tuple(sorted(kept))


def _paths(folders: Sequence[Path]) -> str:
    return " ".join(_word(str(folder)) for folder in folders)


def _argument(text: str) -> str:
    """A word of a command line, where alone a `$` means a variable."""
    return _word(text).replace("$", "$$")


def _word(text: str) -> str:
    """A word as systemd reads it: specifiers are none, spaces part nothing."""
    plain = _plain(text)
    return f'"{plain}"' if re.search(r"""[\s'"]""", text) else plain


def _plain(text: str) -> str:
    return text.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
