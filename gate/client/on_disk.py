"""What a device would trust if it started now, read from its files while it need not run."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from gate.client.errors import RootKeyError
from gate.client.licensing import ENTITLEMENT_SLOTS, FOLDER_NAME
from gate.client.profiles import profile_place
from gate.config_fields import ClockSection, TimeZone, beside
from gate.licence.profile import REMO
from gate.licence.text import Language, Text
from gate.signing.envelope import ENVELOPE_BYTES_MAX
from gate.signing.errors import KeyFileError
from gate.signing.files import read_regular
from gate.signing.identity import DEVICE_PUBLIC_NAME, sha256_of
from gate.signing.keys import kid_of, load_root_key
from gate.signing.trust import Refusal, Trusted, pinned, with_document
from gate.signing.two_slots import TwoSlots
from gate.yaml_file import load


class _Device(BaseModel):
    id: str
    data_dir: Path
    time_zone: TimeZone = "Asia/Tokyo"
    language: Language = "ja"


class _Licence(BaseModel):
    mode: str = "file"
    path: Path | None = None
    root_key: Path
    profile: str = REMO.name


class _Local(BaseModel):
    socket: Path


class _Camera(BaseModel):
    id: str


class SiteFile(BaseModel):
    """The part of a recorder's configuration that its licence needs."""

    device: _Device
    clock: ClockSection = ClockSection()
    licence: _Licence
    local: _Local
    cameras: list[_Camera]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDisk:
    """`refusal`: why the licence file itself is not what counts, if so."""

    trusted: Trusted
    refusal: Refusal | None


def load_site(file: Path) -> SiteFile:
    """With absolute paths. Raises gate.yaml_file.ConfigError."""
    site = load(file, SiteFile)
    device = site.device.model_copy(update={"data_dir": beside(file, site.device.data_dir)})
    licence = _Licence(
        mode=site.licence.mode,
        path=beside(file, site.licence.path) if site.licence.path is not None else None,
        root_key=beside(file, site.licence.root_key),
        profile=profile_place(site.licence.profile, file),
    )
    local = _Local(socket=beside(file, site.local.socket))
    return site.model_copy(
        update={"device": device, "clock": site.clock.beside(file), "licence": licence, "local": local}
    )


def pinned_by(site: SiteFile) -> Trusted:
    """The root key and the device's own, if it has one already. A service knows the device by its key's name. Raises
    KeyFileError."""
    public = site.device.data_dir / DEVICE_PUBLIC_NAME
    key = load_root_key(public) if public.exists() else None
    device = kid_of(key) if key is not None and site.licence.mode == "service" else site.device.id
    return pinned(load_root_key(site.licence.root_key), device, sha256_of(key) if key is not None else None)


def in_force(site: SiteFile, now: datetime) -> OnDisk:
    """The last good licence and then the file, if any, as a device would take them. Raises KeyFileError."""
    trusted = pinned_by(site)
    for content in TwoSlots(site.device.data_dir / FOLDER_NAME, ENTITLEMENT_SLOTS).load():
        kept = with_document(trusted, content, now)
        if isinstance(kept, Trusted):
            trusted = kept
            break
    if site.licence.path is None:
        return OnDisk(trusted=trusted, refusal=None)
    try:
        content, _ = read_regular(site.licence.path, ENVELOPE_BYTES_MAX)
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Text(ja=f"読み取れません（{reason}）。", en=reason)
        return OnDisk(trusted=trusted, refusal=Refusal(code="UNREADABLE", problem=problem))
    judged = with_document(trusted, content, now)
    if isinstance(judged, Refusal):
        return OnDisk(trusted=trusted, refusal=judged)
    return OnDisk(trusted=judged, refusal=None)


def in_force_by(file: Path, now: datetime) -> OnDisk:
    """`in_force` of the recorder with this configuration. Raises RootKeyError for keys, gate.yaml_file.ConfigError."""
    try:
        return in_force(load_site(file), now)
    except KeyFileError as error:
        raise RootKeyError(str(error)) from None
