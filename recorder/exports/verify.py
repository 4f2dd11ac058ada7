"""Says whether an exported file is as its device made it. Works anywhere, offline, without a recorder. Blocks.

1. The manifest is in the file itself, its last box, or beside it. Its signature is checked first; with the key of a
   device that the reader has from elsewhere it must be that key.
2. The file is then the one in the manifest whose SHA-256 its first `bytes` bytes have. Behind them nothing may stand
   but the very manifest.
3. In a ZIP every file is judged, and every file of the manifest must be there.
"""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from gate.client.attestation import AttestationError, Attested, open_attested
from gate.licence.text import Text
from recorder.exports.errors import ExportError
from recorder.exports.making import MANIFEST_UUID
from recorder.exports.manifest import DOCUMENT_TYPE
from recorder.exports.shelf import MANIFEST_NAME

Verdict = Literal["valid", "altered", "wrong_device", "no_manifest"]
MANIFEST_BYTES_MAX = 1 << 20
_CHUNK_BYTES = 1 << 20
_BOX_HEAD_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One file. `entry`: what the manifest says of it, once it is found there. `reason` says why it is not valid."""

    name: str
    verdict: Verdict
    reason: Text | None = None
    attested: Attested | None = None
    entry: dict[str, Any] | None = None


def verify_file(path: Path, manifest: Path | None = None, known_key: bytes | None = None) -> list[Judged]:
    """An MP4, or a ZIP of a whole export. `known_key`: the device's. Raises ExportError for what cannot be read."""
    try:
        if manifest is None and zipfile.is_zipfile(path):
            return _verify_zip(path, known_key)
        beside = _read_manifest(manifest) if manifest is not None else None
        with path.open("rb") as file:
            return [_verify(path.name, file, path.stat().st_size, beside, known_key)]
    except (OSError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ExportError("unreadable", f"{path}: cannot be read: {reason}") from None


def _read_manifest(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MANIFEST_BYTES_MAX + 1)


def _verify_zip(path: Path, known_key: bytes | None) -> list[Judged]:
    with zipfile.ZipFile(path) as archive:
        names = [one for one in archive.infolist() if one.filename != MANIFEST_NAME]
        try:
            with archive.open(MANIFEST_NAME) as file:
                sealed = file.read(MANIFEST_BYTES_MAX + 1)
        except KeyError:
            return [Judged(name=path.name, verdict="no_manifest", reason=_NO_MANIFEST)]
        judged = []
        for one in names:
            with archive.open(one) as content:
                judged.append(_verify(one.filename, content, one.file_size, sealed, known_key))
    found = {one.entry["name"] for one in judged if one.entry is not None}
    attested = next((one.attested for one in judged if one.attested is not None), None)
    for entry in attested.payload["files"] if attested is not None else ():
        if entry["name"] not in found:
            judged.append(Judged(name=entry["name"], verdict="altered", reason=_MISSING, attested=attested))
    return judged or [Judged(name=path.name, verdict="altered", reason=_MISSING)]


def _verify(name: str, file: IO[bytes], size: int, beside: bytes | None, known_key: bytes | None) -> Judged:
    own = _own_manifest(file, size)
    sealed = beside if beside is not None else own
    if sealed is None:
        return Judged(name=name, verdict="no_manifest", reason=_NO_MANIFEST)
    try:
        attested = open_attested(sealed, DOCUMENT_TYPE, known_key)
    except AttestationError as error:
        verdict: Verdict = "wrong_device" if error.code == "WRONG_DEVICE" else "altered"
        return Judged(name=name, verdict=verdict, reason=error.problem)
    entry = _entry_of(file, size, attested.payload["files"])
    if entry is None:
        return Judged(name=name, verdict="altered", reason=_OTHER_CONTENT, attested=attested)
    rest = size - int(entry["bytes"])
    if rest and (own is None or own != sealed or rest != _BOX_HEAD_BYTES + len(own)):
        return Judged(name=name, verdict="altered", reason=_MORE, attested=attested)
    return Judged(name=name, verdict="valid", attested=attested, entry=entry)


def _own_manifest(file: IO[bytes], size: int) -> bytes | None:
    """The content of the last box, if it is ours. Boxes are passed over by their sizes."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(_BOX_HEAD_BYTES)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1 and len(head) >= 16:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or at + length > size:
            return None
        if kind == b"uuid" and head[8:24] == MANIFEST_UUID and at + length == size:
            return file.read(length - _BOX_HEAD_BYTES) if length <= MANIFEST_BYTES_MAX else None
        at += length
    return None


def _entry_of(file: IO[bytes], size: int, entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The entry whose bytes these are; all lengths that are asked for are tried in one pass."""
    by_length: dict[int, list[dict[str, Any]]] = {}
    for entry in entries:
        by_length.setdefault(int(entry["bytes"]), []).append(entry)
    digest, at = hashlib.sha256(), 0
    file.seek(0)
    for length in sorted(length for length in by_length if length <= size):
        at += _feed(file, length - at, digest.update)
        if at == length:
            for entry in by_length[length]:
                if entry["sha256"] == digest.hexdigest():
                    return entry
    return None


def _feed(file: IO[bytes], count: int, take: Callable[[bytes], None]) -> int:
    left = count
    while left and (data := file.read(min(left, _CHUNK_BYTES))):
        take(data)
        left -= len(data)
    return count - left


_NO_MANIFEST = Text(
    ja="署名付きの記録（マニフェスト）がありません。エクスポートしたファイルではないか、末尾が切れています。",
    en="there is no signed manifest: it is no exported file, or its end was cut off",
)
_OTHER_CONTENT = Text(
    ja="内容がマニフェストと一致しません。作成後に変更されています。",
    en="its content is not what the manifest says: it has been changed",
)
_MORE = Text(ja="末尾に別のデータが追加されています。", en="something was added at its end")
_MISSING = Text(ja="マニフェストにあるファイルがありません。", en="this file of the manifest is missing")
