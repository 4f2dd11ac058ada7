"""What of a configuration is changed at the device alone, by whoever has its files: pure.

1. What licences are judged by: `licence` (whose signatures count, where the licence comes from, the profile), `clock`,
   and which device this is. Who maintains the recorder from afar is often the one whose licences those are.
2. Places on this machine: folders, sockets, devices, files that hold keys and passwords. A new one could have a secret
   that lies here sent away, or files of others written over.
3. Where a password in a file is sent, and how: the broker, the mail server, for the same reason.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from recorder.config import RecorderConfig
from recorder.notify.settings import MailSection, MqttSection

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
    for field, place in _places(after, ""):
        if (field, place) not in known:
            return field
    for name in ("mqtt", "mail"):
        was, now = getattr(before.notify, name), getattr(after.notify, name)
        if now is not None and now.password_file is not None and _way(now) != _way(was):
            return f"notify.{name}.host"
    return None


def _way(section: MqttSection | MailSection | None) -> tuple[object, ...]:
    if section is None:
        return ()
    security = section.tls if isinstance(section, MqttSection) else section.security
    return section.host, section.port, security


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
