"""Wires a device's side of licensing: identity, knowledge of time, gate, and what brings the licence, on one data
directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from gate.client.acceptance import Acceptance
from gate.client.gate import Gate
from gate.client.licence_file import LicenceFile
from gate.client.profiles import open_profile
from gate.client.registration import Maker, Registration, open_device_identity
from gate.client.timekeeper import Timekeeper, read_boot_id
from gate.client.uplink_status import UplinkStatus
from gate.client.visitors import Visitors
from gate.clock import Clock
from gate.licence.entitlement import Kind
from gate.licence.profile import REMO
from gate.licence.text import Language, Text
from gate.signing.identity import DeviceIdentity
from gate.signing.two_slots import TwoSlots

if TYPE_CHECKING:
    from gate.client.uplink import Uplink

ENTITLEMENT_SLOTS, CLOCK_SLOTS = "entitlement", "clock"
FOLDER_NAME = "licence"
"""In the data directory: the slots of the last good licence and of what is known of the time."""


class LicenceSource(Protocol):
    """Whatever brings the licence to the gate."""

    @property
    def text(self) -> Text:
        """What is wrong and what to do; empty while all is well."""

    @property
    def status(self) -> UplinkStatus | None:
        """The connection to the licence service; None where there is to be none."""

    async def run_once(self) -> None:
        """Puts in force what is there already."""

    async def run(self) -> None:
        """Follows it until cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensing:
    """Each of `gate`, `licence` and `timekeeper` has a `run` that must be running. `uplink` is the `licence` of a
    device that has a service, and `visitors` judges that service's people."""

    identity: DeviceIdentity
    timekeeper: Timekeeper
    gate: Gate
    licence: LicenceSource
    uplink: "Uplink | None" = None
    visitors: Visitors | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlace:
    """Where the licence service is, and how this device presents itself there. `cameras`: ids and names."""

    url: str
    name: str
    maker: Maker
    cameras: tuple[tuple[str, str], ...]
    zone: ZoneInfo


def open_licensing(
    *,
    clock: Clock,
    data_dir: Path,
    device_id: str,
    cameras: Sequence[str],
    path: Path,
    root_key: Path,
    language: Language = "ja",
    profile: str = REMO.name,
    kind: Kind = "edge",
) -> Licensing:
    """By a licence file. Makes the device's key at its first start. `profile`: its name, or a file's path. Raises
    gate.client.errors.LicensingError or gate.yaml_file.ConfigError, one sentence for people.
    Nothing is licensed until `licence.run_once` has looked."""
    identity, timekeeper = open_device_identity(data_dir), _timekeeper(clock, data_dir)
    gate = Gate(
        clock=clock, device_id=device_id, cameras=cameras, profile=open_profile(profile), time=timekeeper, kind=kind
    )
    licence = LicenceFile(
        path=path,
        root_key=root_key,
        gate=gate,
        clock=clock,
        slots=TwoSlots(data_dir / FOLDER_NAME, ENTITLEMENT_SLOTS),
        device_pubkey_sha256=identity.sha256,
        timekeeper=timekeeper,
        language=language,
    )
    return Licensing(identity=identity, timekeeper=timekeeper, gate=gate, licence=licence)


def open_service_licensing(
    place: ServicePlace,
    *,
    clock: Clock,
    data_dir: Path,
    root_key: Path,
    profile: str = REMO.name,
) -> Licensing:
    """By a licence service, which knows the device by its key; otherwise as `open_licensing`."""
    from gate.client.uplink import Uplink  # SSH is loaded where it is spoken

    identity, timekeeper = open_device_identity(data_dir), _timekeeper(clock, data_dir)
    registration = Registration(data_dir=data_dir, identity=identity, maker=place.maker)
    cameras = [camera for camera, _ in place.cameras]
    gate = Gate(
        clock=clock,
        device_id=registration.device,
        cameras=cameras,
        kind=place.maker.kind,
        profile=open_profile(profile),
        time=timekeeper,
    )
    acceptance = Acceptance(
        root_key=root_key,
        gate=gate,
        slots=TwoSlots(data_dir / FOLDER_NAME, ENTITLEMENT_SLOTS),
        device_pubkey_sha256=identity.sha256,
        timekeeper=timekeeper,
    )
    uplink = Uplink(
        url=place.url,
        name=place.name,
        identity=identity,
        registration=registration,
        cameras=place.cameras,
        acceptance=acceptance,
        timekeeper=timekeeper,
        gate=gate,
        clock=clock,
        zone=place.zone,
    )
    visitors = Visitors(
        device=registration.device,
        keys=lambda: acceptance.trusted.keys.keys,
        evidence=gate.evidence,
        owned=lambda: uplink.status.code is None,
        clock=clock,
    )
    return Licensing(
        identity=identity, timekeeper=timekeeper, gate=gate, licence=uplink, uplink=uplink, visitors=visitors
    )


def _timekeeper(clock: Clock, data_dir: Path) -> Timekeeper:
    return Timekeeper(clock=clock, boot_id=read_boot_id(), slots=TwoSlots(data_dir / FOLDER_NAME, CLOCK_SLOTS))
