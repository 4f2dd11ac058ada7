"""Issuing: numbers an entitlement, signs it and replaces the licence file, as one act at a time per signing key."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.licence.entitlement import CameraGrant, Entitlement, Interval, Kind, parse_payload, payload_of
from gate.licence.errors import LicenceError
from gate.licence.profile import REMO, Profile
from gate.signing.envelope import ENVELOPE_BYTES_MAX, seal, verify
from gate.signing.errors import KeyBusyError, KeyFileError, SigningError
from gate.signing.files import read_regular, write_atomically
from gate.signing.keys import SIGNING_KEY_NAME, kid_of, open_keys

SEQ_NAME = "signing.seq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to entitle: every camera from `issued_at` to `until`, instants in UTC."""

    device_id: str
    cameras: Sequence[str]
    issued_at: datetime
    until: datetime
    kind: Kind = "edge"
    profile: Profile = REMO


def issue(request: Request, *, out: Path, keys: Path) -> Entitlement:
    """Replaces the whole entitlement in `out`. `keys` is the folder of `signing.key` and `root.pub`, which are made the
    first time, and of `signing.seq`, the last number given. Raises SigningError or EntitlementError."""
    key = open_keys(keys)
    with _exclusive(keys / SIGNING_KEY_NAME):
        seq = 1 + max(_last_seq(keys / SEQ_NAME), _seq_in(out, key.public_key()))
        entitlement = Entitlement(
            kid=kid_of(key.public_key()),
            device_id=request.device_id,
            device_pubkey_sha256=None,
            seq=seq,
            issued_at=request.issued_at,
            stale_after=None,
            cameras={
                camera: CameraGrant(kind=request.kind, intervals=(Interval(request.issued_at, request.until),))
                for camera in request.cameras
            },
            profile=request.profile.name,
            profile_sha256=request.profile.sha256,
        )
        payload = payload_of(entitlement)
        parse_payload(payload)  # what a device would refuse is not signed
        try:
            write_atomically(keys / SEQ_NAME, f"{seq}\n".encode())
            write_atomically(out, seal(payload, key))
        except OSError as error:
            raise SigningError(f"{out}: the licence cannot be written: {error.strerror}") from None
    return entitlement


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise KeyBusyError(f"{path}: another command is issuing a licence with this key; try again") from None
    finally:
        os.close(fd)


def _last_seq(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        raise KeyFileError(
            f"{path}: this should hold the number of the last licence issued; write a number there that is at least "
            f"as high as any issued so far"
        ) from None


def _seq_in(licence: Path, key: Ed25519PublicKey) -> int:
    """The number of the licence that is about to be replaced: it counts even if `signing.seq` has been lost."""
    try:
        return parse_payload(verify(read_regular(licence, ENVELOPE_BYTES_MAX)[0], key)).seq
    except (OSError, SigningError, LicenceError):
        return 0
