"""The form of a backup: a tar file, of which the last member, `manifest.json`, names every other with its digest.

private.tar or private.sealed   the configuration and what only the device may know (recorder.backup.private)
index.db                        a consistent copy of the index
footage/NUMBER/…                closed segments, by the number of their volume in the index; only where asked for

A file that was cut off has no manifest, and is refused. Digests tell damage; that the private part was altered is
told where it is sealed.
"""

import contextlib
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import Field, TypeAdapter

from recorder.backup.errors import BackupError

FORM = "edge-backup/v1"
MANIFEST, INDEX, PRIVATE, SEALED = "manifest.json", "index.db", "private.tar", "private.sealed"
FOOTAGE = "footage"
PRIVATE_BYTES_MAX = 512 << 20
MANIFEST_BYTES_MAX = 256 << 20
"""A year of footage has a few hundred thousand members."""
BLOCK_BYTES = 1 << 20

Word = Annotated[str, Field(pattern=r"^\P{Cc}{1,1000}$")]
"""Whoever made the file chose it, and people read it on their terminal: no control characters."""
OnBytes = Callable[[int], None]
"""Told of bytes done since the last call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of the file."""

    name: Word
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`made_at`: ISO 8601. `version`: of the program that made it. `device`: the id of its configuration; `key`: the
    name of its device key."""

    made_at: Word
    version: Word
    device: Word
    key: Word
    sealed: bool
    footage: bool
    members: tuple[Member, ...]

    def member(self, name: str) -> Member | None:
        """By its name."""
        return next((one for one in self.members if one.name == name), None)


_MANIFEST = TypeAdapter(Manifest)


class Writer:
    """Adds members to an open file, and the manifest at the end."""

    def __init__(self, file: IO[bytes], on_bytes: OnBytes = lambda _: None) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._members: list[Member] = []
        self._on_bytes = on_bytes

    def add_bytes(self, name: str, content: bytes) -> None:
        """A small member."""
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        """The file as long as it is now. Raises OSError; FileNotFoundError before anything is written."""
        with path.open("rb") as file:
            self._add(name, file, file.seek(0, io.SEEK_END))

    def close(self, facts: dict[str, Any]) -> Manifest:
        """Adds the manifest; `facts` are its fields but for the members."""
        manifest = Manifest(**facts, members=tuple(self._members))
        members = [{"name": one.name, "bytes": one.bytes, "sha256": one.sha256} for one in manifest.members]
        content = json.dumps({"form": FORM, **facts, "members": members}).encode()
        self._tar.addfile(_header(MANIFEST, len(content)), io.BytesIO(content))
        self._tar.close()
        return manifest

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        file.seek(0)
        digesting = _Digesting(file, size, self._on_bytes)
        self._tar.addfile(_header(name, size), digesting)  # type: ignore[arg-type]  # read() is all that it needs
        self._members.append(Member(name=name, bytes=size, sha256=digesting.hexdigest()))


class _Digesting:
    def __init__(self, file: IO[bytes], left: int, on_bytes: OnBytes) -> None:
        self._file, self._left, self._on_bytes = file, left, on_bytes
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        self._digest.update(data)
        self._on_bytes(len(data))
        return data

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


class Reader:
    """An open backup. Nothing of it is trusted before `verify`."""

    def __init__(self, path: Path) -> None:
        """Raises BackupError."""
        self._path = path
        with contextlib.ExitStack() as stack:
            try:
                self._tar = stack.enter_context(tarfile.open(fileobj=stack.enter_context(path.open("rb")), mode="r:"))
                self._headers = {header.name: header for header in self._tar.getmembers()}
            except (OSError, tarfile.TarError) as error:
                reason = error.strerror if isinstance(error, OSError) else ""
                raise BackupError(f"{path}: cannot be read: {reason or 'it is no backup, or cut off'}") from None
            self.manifest = self._manifest()
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Lets the file go."""
        self._stack.close()

    def verify(self, on_bytes: OnBytes = lambda _: None) -> None:
        """Every member is there, whole, and what the manifest says; and nothing else. Raises BackupError."""
        named = {one.name for one in self.manifest.members} | {MANIFEST}
        if named != set(self._headers) or len(self._headers) != len(self.manifest.members) + 1:
            raise BackupError(f"{self._path}: it does not hold what its manifest names; take another copy")
        for member in self.manifest.members:
            digest, size = hashlib.sha256(), 0
            for block in self.blocks(member.name):
                digest.update(block)
                size += len(block)
                on_bytes(len(block))
            if (size, digest.hexdigest()) != (member.bytes, member.sha256):
                raise BackupError(f"{self._path}: {member.name} is damaged; take another copy")

    def content(self, name: str, bytes_max: int) -> bytes:
        """A member, whole. Raises BackupError."""
        header = self._headers.get(name)
        if header is None or not header.isreg() or header.size > bytes_max:
            raise BackupError(f"{self._path}: has no {name} that can be used; take another copy")
        return b"".join(self.blocks(name))

    def blocks(self, name: str) -> Iterator[bytes]:
        """A member in pieces. Raises BackupError."""
        header = self._headers[name]
        try:
            file = self._tar.extractfile(header)
            if file is None or not header.isreg():
                raise BackupError(f"{self._path}: {name} is no file; take another copy")
            while block := file.read(BLOCK_BYTES):
                yield block
        except (OSError, tarfile.TarError):
            raise BackupError(f"{self._path}: {name} cannot be read; take another copy") from None

    def _manifest(self) -> Manifest:
        try:
            given = json.loads(self.content(MANIFEST, MANIFEST_BYTES_MAX))
            if given.pop("form") != FORM:
                raise BackupError(f"{self._path}: it was made by a newer version; install that one")
            return _MANIFEST.validate_python(given)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BackupError(f"{self._path}: this is no backup of a recorder") from None
