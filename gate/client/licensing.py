"""Wires a device's side of licensing: identity, knowledge of time, gate and licence file, on one data directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gate.client.errors import DeviceKeyError
from gate.client.gate import Gate
from gate.client.licence_file import LicenceFile
from gate.client.profiles import open_profile
from gate.client.timekeeper import Timekeeper, read_boot_id
from gate.clock import Clock
from gate.licence.profile import REMO
from gate.licence.text import Language
from gate.signing.errors import KeyFileError
from gate.signing.identity import DeviceIdentity, open_identity
from gate.signing.two_slots import TwoSlots

ENTITLEMENT_SLOTS, CLOCK_SLOTS = "entitlement", "clock"
FOLDER_NAME = "licence"
"""In the data directory: the slots of the last good licence and of what is known of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensing:
    """Each of `gate`, `licence` and `timekeeper` has a `run` that must be running."""

    identity: DeviceIdentity
    timekeeper: Timekeeper
    gate: Gate
    licence: LicenceFile


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
) -> Licensing:
    """Makes the device's key at its first start. `profile`: its name, or a file's path. Raises
    gate.client.errors.LicensingError or gate.yaml_file.ConfigError, one sentence for people.
    Nothing is licensed until `licence.run_once` has looked."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        identity = open_identity(data_dir)
    except OSError as error:
        raise DeviceKeyError(f"{data_dir}: the device's key cannot be made: {error.strerror}") from None
    except KeyFileError as error:
        raise DeviceKeyError(str(error)) from None
    folder = data_dir / FOLDER_NAME
    timekeeper = Timekeeper(clock=clock, boot_id=read_boot_id(), slots=TwoSlots(folder, CLOCK_SLOTS))
    gate = Gate(clock=clock, device_id=device_id, cameras=cameras, profile=open_profile(profile), time=timekeeper)
    licence = LicenceFile(
        path=path,
        root_key=root_key,
        gate=gate,
        clock=clock,
        slots=TwoSlots(folder, ENTITLEMENT_SLOTS),
        device_pubkey_sha256=identity.sha256,
        timekeeper=timekeeper,
        language=language,
    )
    return Licensing(identity=identity, timekeeper=timekeeper, gate=gate, licence=licence)
