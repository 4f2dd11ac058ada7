"""What of a configuration is changed at the device alone, by whoever has its files: pure.

1. What licences are judged by: `licence` (whose signatures count, where the licence comes from, the profile), `clock`,
   and which device this is. Who maintains the recorder from afar is often the one whose licences those are.
2. Places on this machine: folders, sockets, devices, files that hold keys and passwords. A new one could have a secret
   that lies here sent away, or files of others written over.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from recorder.config import RecorderConfig

SECTIONS = ("licence", "clock")
DEVICE_FIELDS = ("id", "kind", "data_dir", "serial", "made_on")
_LOCAL_ADDRESSES = ("file:", "/")


def changed_on_site(before: RecorderConfig, after: RecorderConfig) -> str | None:
    """The first field that differs and may not, by both rules; None where all may."""
    for name in SECTIONS:
        if getattr(before, name) != getattr(after, name):
            return name
    for name in DEVICE_FIELDS:
        if getattr(before.device, name) != getattr(after.device, name):
            return f"device.{name}"
    known = set(_places(before, ""))
    return next((field for field, place in _places(after, "") if (field, place) not in known), None)


def _places(value: object, field: str) -> Iterator[tuple[str, str]]:
    """Each with the field it stands in; of which camera or channel does not matter."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _places(getattr(value, name), f"{field}.{name}" if field else name)
    elif isinstance(value, tuple):
        for one in value:
            yield from _places(one, field)
    elif isinstance(value, Path) or (
        isinstance(value, str) and field.endswith(".url") and value.startswith(_LOCAL_ADDRESSES)
    ):
        yield field, str(value)
