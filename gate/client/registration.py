"""What a device is registered by: its label, with a code that is made at the first start and kept with its key.

Whoever has the device in hand reads the code from its screen, or the QR code from a terminal; the first customer to
give it to the service owns the device (R19, R20).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gate.client.errors import DeviceKeyError
from gate.licence.entitlement import Kind
from gate.signing.device_label import DeviceLabel, new_code, shown_code, text_of, typed_code
from gate.signing.errors import KeyFileError
from gate.signing.files import read_regular, write_atomically
from gate.signing.identity import DeviceIdentity, open_identity
from gate.signing.keys import kid_of

CODE_NAME = "registration.code"
_CODE_FILE_BYTES_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What a device's maker wrote on it. `serial` empty: the name of its key is its serial number."""

    serial: str = ""
    model: str = "edge-recorder"
    kind: Kind = "edge"
    made_on: date | None = None


def open_registration(data_dir: Path, maker: Maker) -> "Registration":
    """The label of the device whose data these are; its key is made if there is none. Raises DeviceKeyError."""
    return Registration(data_dir=data_dir, identity=open_device_identity(data_dir), maker=maker)


def open_device_identity(data_dir: Path) -> DeviceIdentity:
    """The device's key, made with its folder if there is none. Raises DeviceKeyError."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return open_identity(data_dir)
    except OSError as error:
        raise DeviceKeyError(f"{data_dir}: the device's key cannot be made: {error.strerror}") from None
    except KeyFileError as error:
        raise DeviceKeyError(str(error)) from None


class Registration:
    """The label of one device. Blocks on the disk when it is made and when the code is renewed."""

    def __init__(self, *, data_dir: Path, identity: DeviceIdentity, maker: Maker) -> None:
        """Raises DeviceKeyError where the code cannot be read or made."""
        self._path = data_dir / CODE_NAME
        self._identity = identity
        self._maker = maker
        self._code = self._read() or self._made()

    @property
    def device(self) -> str:
        """The device's id at the service."""
        return kid_of(self._identity.public_key)

    @property
    def shown_code(self) -> str:
        """The code in groups, to be read and typed."""
        return shown_code(self._code)

    @property
    def text(self) -> str:
        """What its QR code says."""
        return text_of(self.label)

    @property
    def label(self) -> DeviceLabel:
        """All of it."""
        return DeviceLabel(
            serial=self._maker.serial or self.device,
            model=self._maker.model,
            kind=self._maker.kind,
            made_on=self._maker.made_on,
            code=self._code,
            public_key=self._identity.public_key,
        )

    def renew_code(self) -> None:
        """A new code: the old one is another device's already."""
        self._code = self._made()

    def _read(self) -> str | None:
        try:
            return typed_code(read_regular(self._path, _CODE_FILE_BYTES_MAX)[0].decode(errors="replace"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DeviceKeyError(f"{self._path}: the registration code cannot be read: {error.strerror}") from None

    def _made(self) -> str:
        code = new_code()
        try:
            write_atomically(self._path, f"{shown_code(code)}\n".encode(), mode=0o600)
        except OSError as error:
            raise DeviceKeyError(f"{self._path}: the registration code cannot be kept: {error.strerror}") from None
        return code
