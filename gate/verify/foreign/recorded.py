"""M3 at a recorder that is not ours: something is written while we look, and what is written decodes; or nothing is."""

import asyncio
import os
import re
import zlib
from collections.abc import Sequence
from fnmatch import fnmatch
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from gate.verify.errors import ProbeError
from gate.verify.foreign.driver_file import Recording
from gate.verify.foreign.pictures import Seen, seen_in_film
from gate.verify.foreign.product import Product, RefusedError
from gate.verify.foreign.streams import media_playlist
from gate.verify.matrix import Part

_LOOK_SECONDS = 0.3
_LATE = 1.5
"""How much longer than `every_seconds` is waited."""
_FILES_TRIED = 2
_FILE_BYTES_MAX = 256 << 20
_HREF = re.compile(r"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)

State = tuple[tuple[str, int], ...]
"""The newest files, the newest last, each with a number that is another one when it has been written to: files may be
made at their full size before."""


async def probe_recording(product: Product) -> Part:
    """One part. Raises ProbeError where the place itself is refused: that says nothing of recording."""
    recording = product.driver.recording
    assert recording is not None
    try:
        return await _probe(product, recording)
    except RefusedError as refused:
        raise ProbeError(
            f"the place of recordings is refused {refused.evidence}: whether it records cannot be seen there"
        ) from None


async def _probe(product: Product, recording: Recording) -> Part:
    clock = product.clock
    before = await _state(product, recording)
    began_ns = clock.monotonic_ns()
    end_ns = began_ns + round(_LATE * recording.every_seconds * 1e9)
    while (now := await _state(product, recording)) == before and clock.monotonic_ns() < end_ns:
        await clock.sleep(_LOOK_SECONDS)
    evidence: dict[str, Any] = {
        "newest": now[-1][0] if now else None,
        "looked_seconds": round((clock.monotonic_ns() - began_ns) / 1e9, 1),
    }
    if not now:
        raise ProbeError(f"no recording is seen there ({recording.files}): whether it records cannot be seen")
    if now == before:
        return Part(name="recording", works=False, evidence=evidence)
    seen = await _newest_that_decodes(product, recording, now)
    if not seen.pictures:
        raise ProbeError(f"something is written ({evidence['newest']}), but none of it decodes")
    return Part(name="recording", works=True, evidence=evidence | seen.evidence)


async def _state(product: Product, recording: Recording) -> State:
    if recording.folder is not None:
        return await asyncio.to_thread(_in_folder, recording.folder, recording.files)
    if recording.hls is not None:
        playlist = await media_playlist(product, recording.hls)
        return tuple((address, playlist.next_sequence) for address, _ in playlist.pieces[-_FILES_TRIED:])
    assert recording.listing is not None
    page = (await product.get(recording.listing)).decode(errors="replace")
    names = sorted({unescape(name) for name in _HREF.findall(page) if _fits(name, recording.files)})
    newest = [urljoin(recording.listing, name) for name in names[-_FILES_TRIED:]]
    return tuple([(address, zlib.crc32(await product.get(address))) for address in newest])


def _fits(name: str, pattern: str) -> bool:
    return fnmatch(unquote(urlsplit(name).path).rpartition("/")[2], pattern)


def _in_folder(folder: Path, pattern: str) -> State:
    found: list[tuple[int, str]] = []
    if not folder.is_dir():
        raise ProbeError(f"there is no folder {folder}")
    for place, _, names in os.walk(folder):
        for name in names:
            if fnmatch(name, pattern):
                path = Path(place, name)
                try:
                    stat = path.stat()
                except FileNotFoundError:  # deleted meanwhile
                    continue
                found.append((stat.st_mtime_ns, str(path)))
    return tuple((path, written_ns) for written_ns, path in sorted(found)[-_FILES_TRIED:])


async def _newest_that_decodes(product: Product, recording: Recording, state: State) -> Seen:
    """A file that is being written may not be readable yet: then the one before it."""
    inits = await _inits(product, recording)
    for name, _ in reversed(state):
        if recording.folder is not None:
            film = await asyncio.to_thread(_read, Path(name))
        else:
            film = (await product.get(inits[name]) if inits.get(name) else b"") + await product.get(name)
        if (seen := await asyncio.to_thread(seen_in_film, film)).pictures:
            return seen
    return Seen()


async def _inits(product: Product, recording: Recording) -> dict[str, str]:
    if recording.hls is None:
        return {}
    pieces: Sequence[tuple[str, str | None]] = (await media_playlist(product, recording.hls)).pieces
    return {address: init for address, init in pieces if init is not None}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX)
    except OSError:
        return b""
