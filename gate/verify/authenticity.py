"""Says whether a report is as its verifier left it. Works anywhere, offline, without a site. Blocks.

1. A folder is judged by its `signature.json`: each listed file must be there, byte for byte. Files that are not listed
   are named, and change nothing: nothing in the report refers to them.
2. A page alone is judged by its own last line; any other file that the signature lists stands for its folder. One that
   it does not list is `unsigned`, however whole the others are.
3. What was changed is `changed`, by whatever key it was signed. What is whole, but by a key that the reader does not
   know from elsewhere, is `unknown key`: anybody could have signed it.
"""

import hashlib
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from gate.verify.errors import SignatureError, VerifyError
from gate.verify.signature import ENVELOPE_BYTES_MAX, Digest, Opened, apart, digest_of, fingerprint, open_sealed

Verdict = Literal["whole", "changed", "unsigned", "unknown key"]
SIGNATURE_NAME = "signature.json"
PAGE_NAME = "report.html"
PAGE_BYTES_MAX = 64 << 20
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A file that is not as it was signed, and how."""

    name: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`result`: the verdict of the report itself (pass, fail), where the signature holds. `unlisted`: files beside it
    that nobody has signed."""

    verdict: Verdict
    faults: tuple[Fault, ...] = ()
    unlisted: tuple[str, ...] = ()
    files: int = 0
    key_sha256: str | None = None
    made_at: str | None = None
    result: str | None = None


def check_report(path: Path, known: Collection[bytes]) -> Judged:
    """A report's folder, or one file of it. `known`: public keys (32 bytes) that the reader has from elsewhere. Raises
    VerifyError for what cannot be read."""
    try:
        if path.is_dir():
            return _folder(path, known)
        if path.suffix in (".html", ".htm"):
            return _page(path, known)
        if path.is_file():
            return _file(path, known)
    except OSError as error:
        raise VerifyError(f"{error.filename or path}: cannot be read: {error.strerror}") from None
    raise VerifyError(f"{path}: there is no such report")


def _file(path: Path, known: Collection[bytes]) -> Judged:
    judged = _folder(path.parent, known)
    return Judged(verdict="unsigned") if _shown(path.name) in judged.unlisted else judged


def _folder(folder: Path, known: Collection[bytes]) -> Judged:
    file = folder / SIGNATURE_NAME
    if not file.exists():
        return Judged(verdict="unsigned")
    try:
        opened = open_sealed(_read(file, ENVELOPE_BYTES_MAX))
    except SignatureError as error:
        return Judged(verdict="changed", faults=(Fault(name=SIGNATURE_NAME, how=str(error)),))
    listed = {one.name for one in opened.signed.files}
    faults = [fault for one in opened.signed.files if (fault := _fault(folder, one)) is not None]
    there = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if not path.is_dir())
    unlisted = [_shown(name) for name in there if name not in listed and name != SIGNATURE_NAME]
    return _judged(opened, faults, known, unlisted)


def _page(path: Path, known: Collection[bytes]) -> Judged:
    content = _read(path, PAGE_BYTES_MAX)
    try:
        found = apart(content)
        if found is None:
            return Judged(verdict="unsigned")
        body, envelope = found
        opened = open_sealed(envelope)
    except SignatureError as error:
        return Judged(verdict="changed", faults=(Fault(name=path.name, how=str(error)),))
    fine = list(opened.signed.files) == [digest_of(PAGE_NAME, body)]
    faults = [] if fine else [Fault(name=path.name, how="its content is not what was signed")]
    return _judged(opened, faults, known, [])


def _judged(opened: Opened, faults: list[Fault], known: Collection[bytes], unlisted: list[str]) -> Judged:
    verdict: Verdict = "changed" if faults else "whole" if opened.key in known else "unknown key"
    return Judged(
        verdict=verdict,
        faults=tuple(faults),
        unlisted=tuple(unlisted),
        files=len(opened.signed.files),
        key_sha256=fingerprint(opened.key),
        made_at=opened.signed.made_at,
        result=opened.signed.verdict,
    )


def _fault(folder: Path, listed: Digest) -> Fault | None:
    name = PurePosixPath(listed.name)
    if name.is_absolute() or ".." in name.parts:
        return Fault(name=listed.name, how="it lies outside the report")
    path = folder / name
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Fault(name=listed.name, how="it is missing")
    if not stat.S_ISREG(status.st_mode):
        return Fault(name=listed.name, how="it is no regular file")
    if status.st_size != listed.bytes:
        return Fault(name=listed.name, how=f"it has {status.st_size} bytes, not {listed.bytes}")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            digest.update(data)
    if digest.hexdigest() != listed.sha256:
        return Fault(name=listed.name, how="its content is not what was signed")
    return None


def _shown(name: str) -> str:
    """Anybody can put a file there: its name does not drive the reader's terminal."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in name)


def _read(path: Path, bytes_max: int) -> bytes:
    with path.open("rb") as file:
        return file.read(bytes_max + 1)
