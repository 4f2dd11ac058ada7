"""Issuing: numbers an entitlement, signs it and replaces the licence file, as one act at a time per signing key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gate.licence.entitlement import CameraGrant, Entitlement, Interval, Kind, parse_payload, payload_of
from gate.licence.errors import LicenceError
from gate.licence.profile import REMO, Profile
from gate.signing.envelope import ENVELOPE_BYTES_MAX, open_sealed, seal
from gate.signing.errors import KeyFileError, SigningError
from gate.signing.files import read_regular, write_atomically
from gate.signing.issuer import Issuer, exclusive, open_issuer
from gate.signing.keys import kid_of

SEQ_NAME = "signing.seq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to entitle: every camera from `issued_at` to `until`, instants in UTC. `device_pubkey_sha256` binds it to
    the device that has this key."""

    device_id: str
    cameras: Sequence[str]
    issued_at: datetime
    until: datetime
    kind: Kind = "edge"
    profile: Profile = REMO
    device_pubkey_sha256: str | None = None


def issue(request: Request, *, out: Path, keys: Path) -> Entitlement:
    """Replaces the whole entitlement in `out`. `keys` is the issuer's folder (gate.signing.issuer), made up the first
    time; `signing.seq` there is the last number given. Raises SigningError or EntitlementError."""
    open_issuer(keys)
    with exclusive(keys):
        issuer = open_issuer(keys)
        seq = 1 + max(_last_seq(keys / SEQ_NAME), _seq_in(out, issuer))
        entitlement = Entitlement(
            kid=kid_of(issuer.key.public_key()),
            device_id=request.device_id,
            device_pubkey_sha256=request.device_pubkey_sha256,
            seq=seq,
            issued_at=request.issued_at,
            stale_after=None,
            cameras={
                camera: CameraGrant(kind=request.kind, intervals=(Interval(request.issued_at, request.until),))
                for camera in request.cameras
            },
            profile=request.profile.name,
            profile_sha256=request.profile.for_kind(request.kind).sha256,
        )
        payload = payload_of(entitlement)
        parse_payload(payload)  # what a device would refuse is not signed
        try:
            write_atomically(keys / SEQ_NAME, f"{seq}\n".encode())
            write_atomically(out, seal(payload, issuer.key, key_sets=issuer.documents))
        except OSError as error:
            raise SigningError(f"{out}: the licence cannot be written: {error.strerror}") from None
    return entitlement


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


def _seq_in(licence: Path, issuer: Issuer) -> int:
    """The number of the licence that is about to be replaced: it counts even if `signing.seq` has been lost."""
    try:
        return parse_payload(open_sealed(read_regular(licence, ENVELOPE_BYTES_MAX)[0], issuer.known_keys()).payload).seq
    except (OSError, SigningError, LicenceError):
        return 0
