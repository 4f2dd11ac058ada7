"""Found cameras as a recorder's configuration: text for a person to read and complete. Pure."""

import json
from collections.abc import Sequence

from recorder.ingest.onvif.survey import Surveyed

NAME_CHARACTERS_MAX = 64
"""Of CameraConfig.name."""
_HEAD = """# A recorder for the cameras that were found; configs/recorder.yaml of the project explains every field.
device: {id: rec-1, data_dir: data}
licence: {path: licence.json, root_key: root.pub}   # edge-recorder licence issue makes both
local: {socket: rec-1.sock}
"""


def config_text(cameras: Sequence[Surveyed], user: str | None) -> str:
    """The whole file. No password is in it: where a camera wants one, a comment says where it belongs."""
    lines = [_HEAD]
    if user is not None:
        lines.append(
            "# These cameras want a password: add `password: …` beside each user, and keep this file to yourself."
        )
    lines.append("cameras:")
    usable = [camera for camera in cameras if camera.streams]
    for number, camera in enumerate(usable, 1):
        lines += _camera(f"cam{number}", camera, user)
    lines += [
        f"# left out: {camera.host} {_comment(camera.name)}: {_comment(camera.problem)}"
        for camera in cameras
        if not camera.streams
    ]
    return "\n".join(lines) + "\n"


def _camera(name: str, camera: Surveyed, user: str | None) -> list[str]:
    streams = dict(zip(("main", "sub"), camera.streams, strict=False))
    return [
        f"  - id: {name}   # {_comment(camera.model)}",
        f"    name: {_quoted((camera.name or camera.model or name)[:NAME_CHARACTERS_MAX])}",
        *(f"    {kind}: {{url: {_quoted(stream.url)}}}" for kind, stream in streams.items()),
        *([f"    user: {_quoted(user)}"] if user is not None else []),
        f"    onvif: {{address: {_quoted(camera.address)}, events: {json.dumps(camera.events)}}}",
    ]


def _quoted(text: str) -> str:
    """A YAML string: as in JSON, but what cannot be printed is escaped (YAML breaks lines at more than JSON does)."""
    inside = json.dumps(text, ensure_ascii=False)[1:-1]
    return '"' + "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in inside) + '"'


def _comment(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())
