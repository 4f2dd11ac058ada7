"""Taking footage off a card to a PC (M6): files that play everywhere, and a manifest that can be checked. Blocks.

Every recording becomes one plain MP4 with its index first, remuxed, not encoded: the pictures and their marks stay as
they are. What is torn is taken as far as it goes; what cannot be read at all is left out and named in the manifest.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av

from camera_sim.errors import CardError
from camera_sim.sd_card.taken_out import Recording, recordings_of

MANIFEST_NAME = "manifest.json"
MANIFEST_FORMAT = "edge-sd-export/v1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPTIONS = {"movflags": "faststart", "video_track_timescale": "90000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file on the PC. `start`: by the card; `torn`: the recording did not end in good order."""

    file: str
    camera: str
    stream: str
    start: str | None
    seconds: float
    pictures: int
    bytes: int
    sha256: str
    source: str
    source_sha256: str
    torn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A file of the card that gave no picture."""

    source: str
    reason: str


def plan_export(card: Path, start: datetime | None, end: datetime | None) -> Sequence[Recording]:
    """The recordings that begin within `[start, end)`, and the one before that may reach into it. Raises CardError."""
    found = recordings_of(card)
    chosen = []
    for at, one in enumerate(found):
        after = found[at + 1] if at + 1 < len(found) and found[at + 1].camera == one.camera else None
        begins = _instant(one.start_utc_ms)
        over = _instant(after.start_utc_ms) if after else None
        if begins is not None and ((end and begins >= end) or (start and over and over <= start)):
            continue
        chosen.append(one)
    return chosen


def export_card(
    card: Path, out: Path, chosen: Sequence[Recording], zone: ZoneInfo, on_file: Callable[[int], None]
) -> tuple[list[Exported], list[Unusable]]:
    """Writes the recordings and the manifest below `out`, which must be empty or new. `on_file`: told of each source's
    bytes when it is done. Raises CardError."""
    exported: list[Exported] = []
    unusable: list[Unusable] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        if next(out.iterdir(), None) is not None:
            raise CardError(f"{out}: is not empty; give a new folder, nothing is overwritten")
        for one in chosen:
            size = one.source.stat().st_size
            try:
                exported.append(_export_one(card, out, one, zone))
            except (av.FFmpegError, ValueError, IndexError) as error:
                unusable.append(Unusable(source=str(one.source.relative_to(card)), reason=str(error)))
            on_file(size)
        write_manifest(out, card, exported, unusable)
    except OSError as error:
        raise CardError(f"{error.filename or out}: {error.strerror}") from None
    return exported, unusable


def write_manifest(out: Path, card: Path, exported: Sequence[Exported], unusable: Sequence[Unusable]) -> None:
    """The manifest of an export. Raises OSError."""
    manifest = {
        "format": MANIFEST_FORMAT,
        "card": card.resolve().name,
        "files": [asdict(one) for one in exported],
        "unusable": [asdict(one) for one in unusable],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    (out / MANIFEST_NAME).write_text(text, encoding="utf-8")


def differences(out: Path) -> list[str]:
    """What in an export is not as its manifest says, a sentence each; empty if all is. Raises CardError."""
    path = out / MANIFEST_NAME
    try:
        manifest = json.loads(path.read_bytes())
        if manifest["format"] != MANIFEST_FORMAT:
            raise ValueError
        files = {str(one["file"]): str(one["sha256"]) for one in manifest["files"]}
    except OSError as error:
        raise CardError(f"{path}: {error.strerror}; give the folder that `sd export` has made") from None
    except (ValueError, KeyError, TypeError):
        raise CardError(f"{path}: this is no manifest of `sd export`") from None
    found = []
    for name, sha256 in files.items():
        if not _is_below(out, name):
            found.append(f"{name}: lies outside of the export")
        elif not (out / name).is_file():
            found.append(f"{name}: is missing")
        elif _sha256(out / name) != sha256:
            found.append(f"{name}: is not what was exported")
    return found


def _export_one(card: Path, out: Path, one: Recording, zone: ZoneInfo) -> Exported:
    begins = _instant(one.start_utc_ms)
    stem = f"{begins.astimezone(zone):%Y-%m-%d_%H-%M-%S%z}" if begins else one.source.stem
    folder = out / one.camera / one.stream
    folder.mkdir(parents=True, exist_ok=True)
    target = _free(folder, stem)
    try:
        pictures, seconds, torn = _remux(one.source, target)
    except BaseException:
        target.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
        raise
    return Exported(
        file=target.relative_to(out).as_posix(),
        camera=one.camera,
        stream=one.stream,
        start=begins.isoformat(timespec="milliseconds") if begins else None,
        seconds=round(seconds, 3),
        pictures=pictures,
        bytes=target.stat().st_size,
        sha256=_sha256(target),
        source=one.source.relative_to(card).as_posix(),
        source_sha256=_sha256(one.source),
        torn=torn,
    )


def _remux(source: Path, target: Path) -> tuple[int, float, bool]:
    """Copies all streams as far as they can be read: pictures, seconds, and whether it broke off."""
    pictures, end, torn = 0, 0.0, False
    with av.open(str(source)) as card:
        video = card.streams.video[0]
        with av.open(str(target), "w", format="mp4", options=_OPTIONS) as out:
            streams: dict[int, Any] = {}
            for stream in (video, *card.streams.audio):
                made: Any = streams.setdefault(stream.index, out.add_stream_from_template(stream))
                if stream.codec_context.name == "hevc":
                    made.codec_context.codec_tag = "hvc1"
            packets = card.demux([*card.streams.video[:1], *card.streams.audio])
            while (packet := _next(packets)) is not None:
                if isinstance(packet, av.FFmpegError) or packet.is_corrupt:
                    torn = True
                    break
                if packet.dts is None or packet.time_base is None:
                    continue
                if packet.stream.index == video.index:
                    pictures += 1
                    shown = packet.dts if packet.pts is None else packet.pts
                    end = max(end, float((shown + (packet.duration or 0)) * packet.time_base))
                packet.stream = streams[packet.stream.index]
                out.mux_one(packet)
    if not pictures:
        raise ValueError("there is no picture in it")
    return pictures, end, torn


def _next(packets: Iterator[Any]) -> Any:
    try:
        return next(packets, None)
    except av.FFmpegError as error:
        return error


def _free(folder: Path, stem: str) -> Path:
    """A name that is not taken: after a step back of the clock two recordings may begin alike."""
    number, path = 1, folder / f"{stem}.mp4"
    while path.exists():
        number += 1
        path = folder / f"{stem}_{number}.mp4"
    return path


def _is_below(out: Path, name: str) -> bool:
    return not re.search(r"^/|(^|/)\.\.(/|$)|\\|\x00", name) and (out / name).resolve().is_relative_to(out.resolve())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _instant(utc_ms: int | None) -> datetime | None:
    return None if utc_ms is None else _EPOCH + timedelta(milliseconds=utc_ms)
