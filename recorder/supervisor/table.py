"""What a terminal shows of a site: its addresses, its cameras."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table

from recorder.config import RecorderConfig

_PLACES = {
    "show": "show board",
    "remote": "remote web app",
    "restream": "cameras over RTSP",
    "hdmi": "HDMI monitor",
    "metrics": "metrics, health",
    "portal": "licence portal",
    "mail": "its mail server (SMTP)",
    "rtsp": "simulated cameras",
    "local": "local site (socket)",
    "clock": "site clock (socket)",
}


def address_table(
    addresses: Mapping[str, str], sign_ins: Sequence[Mapping[str, str]], recorder: RecorderConfig, config: Path
) -> None:
    """Prints every address, who may sign in to the portal, and what a visitor wants to do next."""
    table = Table(title=f"{recorder.device.id} is up; Ctrl-C ends it", title_justify="left", show_header=False)
    for name, label in _PLACES.items():
        if name in addresses:
            table.add_row(label, addresses[name])
    table.add_row("recordings", str(recorder.device.data_dir))
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    if sign_ins:
        people = Table(title="sign in to the portal as", title_justify="left", box=box.SIMPLE_HEAD, show_header=False)
        for one in sign_ins:
            people.add_row(one["role"], one["email"], one["password"])
        console.print(people)
    console.print(f"cross the expiry:  edge-recorder clock --config {os.path.relpath(config)} to-expiry --before 10s")
    console.print(f"renew:             {_renewal(addresses, recorder)}")


def _renewal(addresses: Mapping[str, str], recorder: RecorderConfig) -> str:
    if recorder.licence.path is None:
        return "in the portal, as partner: ライセンス管理 (Licences), 割り当てる (Allocate) to the customer"
    cameras = " ".join(f"--camera {camera.id}" for camera in recorder.cameras)
    clock = f" --clock {os.path.relpath(addresses['clock'])}" if "clock" in addresses else ""
    return (
        f"edge-recorder licence issue --device {recorder.device.id} {cameras} --months 12{clock} "
        f"--out {os.path.relpath(recorder.licence.path)}"
    )


def state_table(state: Mapping[str, Any]) -> None:
    """Prints one row a camera, and the disk."""
    now = datetime.fromisoformat(state["now"]).astimezone(ZoneInfo(state["device"]["time_zone"]))
    title = f"{state['device']['id']} at {now:%Y-%m-%d %H:%M:%S %Z}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("camera", "main", "sub", "recording", "licensed to"):
        table.add_column(heading)
    for camera in state["cameras"]:
        streams, recording, licence = camera["streams"], camera["recording"], camera["licence"]
        table.add_row(
            f"{camera['id']} {camera['name']}",
            _stream(streams["main"]),
            _stream(streams["sub"]) if "sub" in streams else "–",
            _recording(recording),
            licence["last_day"] or licence["state"],
        )
    storage = state["storage"]
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    console.print(
        f"{storage['segments']} segments, {storage['used_bytes'] / 1e9:.2f} of {storage['bytes_max'] / 1e9:.0f} GB, "
        f"{storage['free_bytes'] / 1e9:.0f} GB free"
    )
    faults = [
        f"{camera['id']} {name}: {stream['message']}"
        for camera in state["cameras"]
        for name, stream in camera["streams"].items()
        if stream["message"]
    ]
    clock = state["licence"]["clock"] or {"doubt": None, "message": ""}
    doubt = clock["message"] if clock["doubt"] else ""
    for message in (*faults, storage["message"], state["licence"]["message"], doubt):
        if message:
            console.print(message)


def _recording(recording: Mapping[str, Any]) -> str:
    now = str(recording["phase"]) + (f": {recording['reason']}" if recording["reason"] else "")
    return now if recording["mode"] == "continuous" else f"{now} ({recording['mode']})"


def recording_line(settings: Mapping[str, Any]) -> str:
    """How a camera is recorded, and whether it is now."""
    mode = settings["mode"]
    if mode == "event":
        before = settings["pre_event_seconds"]
        before = "the usual time" if before is None else f"{before:g} s"
        mode += f" (from {before} before to {settings['post_event_seconds']:g} s after)"
    elif mode == "schedule":
        mode += f" ({'; '.join(settings['schedule'])})"
    now = settings["phase"] + (f": {settings['reason']}" if settings["reason"] else "")
    return f"{settings['camera']}: {mode}; now {now}"


def _stream(stream: Mapping[str, Any]) -> str:
    if stream["phase"] != "streaming":
        return str(stream["phase"])
    return f"{stream['width']}×{stream['height']}@{stream['fps']:.0f} {stream['bitrate_bps'] / 1e6:.1f}M"
