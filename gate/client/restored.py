"""What a restored device may still believe. A backup is older than its device: it must not make that forget.

1. The floor of time is the latest of both: a restore never takes it back (rule 2 of gate.signing.trusted_time).
2. What is known of this very boot stays: only the device itself has that.
3. The entitlement is put back only where the device would take it over the one it has (gate.signing.trust: its number,
   its key, its device); one that was forgotten by order of the service stays so.
4. A licence file stays where the device trusts it and the backup's has a lower number: nobody may have another copy.
Where nothing is left to compare with, the backup is all there is. The service remembers more: it notices a device that
has gone back (gate.signing.witness, DATA_RESTORED) and one that runs twice (TWO_DEVICES).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from gate.client.errors import LicensingError, RootKeyError
from gate.client.licensing import CLOCK_SLOTS, ENTITLEMENT_SLOTS, FOLDER_NAME
from gate.client.on_disk import load_site, pinned_by
from gate.client.timekeeper import parse_trust, trust_payload
from gate.signing.envelope import ENVELOPE_BYTES_MAX
from gate.signing.errors import KeyFileError
from gate.signing.files import read_regular
from gate.signing.trust import Trusted, with_document
from gate.signing.trusted_time import TimeTrust
from gate.signing.two_slots import TwoSlots


def is_slot(name: str) -> bool:
    """Whether a file below the data folder is one of those that are not simply put back."""
    folder, _, file = name.rpartition("/")
    return folder == FOLDER_NAME and file.partition(".")[0] in (CLOCK_SLOTS, ENTITLEMENT_SLOTS)


def put_back_slots(file: Path, slots: Mapping[str, bytes], now: datetime) -> None:
    """The slots of a backup, into the data folder of the recorder with this configuration, whose other files are there
    already. Blocks. Raises LicensingError, gate.yaml_file.ConfigError."""
    site = load_site(file)
    folder = site.device.data_dir / FOLDER_NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        trusted = pinned_by(site)
        with TemporaryDirectory(prefix=".restored-", dir=site.device.data_dir) as beside:
            for name, content in slots.items():
                (Path(beside) / name.rpartition("/")[2]).write_bytes(content)
            _put_time(TwoSlots(folder, CLOCK_SLOTS), TwoSlots(Path(beside), CLOCK_SLOTS))
            _put_entitlement(
                TwoSlots(folder, ENTITLEMENT_SLOTS), TwoSlots(Path(beside), ENTITLEMENT_SLOTS), trusted, now
            )
    except KeyFileError as error:
        raise RootKeyError(str(error)) from None
    except OSError as error:
        raise LicensingError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None


def is_newer_there(file: Path, offered: bytes, now: datetime) -> bool:
    """Rule 4: whether the licence file that this configuration names is newer than a backup's. The root key and the
    device's own are there already. Blocks. Raises LicensingError, gate.yaml_file.ConfigError."""
    site = load_site(file)
    if site.licence.path is None or not site.licence.path.is_file():
        return False
    try:
        there = read_regular(site.licence.path, ENVELOPE_BYTES_MAX)[0]
        numbers = [_number(pinned_by(site), content, now) for content in (there, offered)]
    except KeyFileError as error:
        raise RootKeyError(str(error)) from None
    except OSError as error:
        raise LicensingError(f"{site.licence.path}: cannot be read: {error.strerror}") from None
    return numbers[0] > numbers[1]


def _number(trusted: Trusted, content: bytes, now: datetime) -> int:
    """That of a licence; 0 for one that the device would not trust."""
    judged = with_document(trusted, content, now)
    return judged.entitlement.seq if isinstance(judged, Trusted) and judged.entitlement else 0


def later_of(own: TimeTrust | None, other: TimeTrust | None) -> TimeTrust | None:
    """Rules 1 and 2. Pure."""
    if own is None or other is None:
        return own or other
    floors = [floor for floor in (own.floor, other.floor) if floor is not None]
    return replace(own, floor=max(floors, default=None))


def _put_time(own: TwoSlots, other: TwoSlots) -> None:
    before = _trust(own)
    after = later_of(before, _trust(other))
    if after is not None and after != before:
        own.store(trust_payload(after))


def _trust(slots: TwoSlots) -> TimeTrust | None:
    return next((trust for content in slots.load() if (trust := parse_trust(content)) is not None), None)


def _put_entitlement(own: TwoSlots, other: TwoSlots, trusted: Trusted, now: datetime) -> None:
    """Rule 3."""
    for content in own.load():
        if not content:
            return
        kept = with_document(trusted, content, now)
        if isinstance(kept, Trusted):
            trusted = kept
            break
    newest = next(iter(other.load()), b"")
    if newest:
        taken = with_document(trusted, newest, now)
        if isinstance(taken, Trusted) and taken.payload != trusted.payload:
            own.store(newest)
