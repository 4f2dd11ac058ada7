"""A card that was taken out, as a folder on a PC: what is on it, whoever wrote it. Blocks.

Two kinds: cards of simulated cameras (layout.py), and the recording volume of a recorder, which is the card of a direct
camera: `VOLUME/CAMERA/STREAM/YYYY-MM-DD/RUN-SEQ.mp4`, each file with a `uuid` box that says when it begins.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from camera_sim.errors import CardError
from camera_sim.sd_card.card import card_owner
from camera_sim.sd_card.layout import CARD_NAME, files_of

VOLUME_NAME = "volume.json"
_BOX = struct.Struct(">I4s")
_SEGMENT_UUID = bytes.fromhex("c5b0a1c27d2f4f0e9a3ee1d9a0f6b7d4")
_SEGMENT = struct.Struct(">BIIq")
_HEAD_BYTES_MAX = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One file of a card. `start_utc_ms` is None where the file does not say."""

    source: Path
    camera: str
    stream: str
    start_utc_ms: int | None


def recordings_of(card: Path) -> Sequence[Recording]:
    """What is on a card, by camera and time. Raises CardError: no card, or unreadable."""
    try:
        if (card / CARD_NAME).exists():
            owner = card_owner(card)
            return [
                Recording(source=card / file.path, camera=owner, stream="main", start_utc_ms=file.start_utc_ms)
                for file in files_of(card)
            ]
        if (card / VOLUME_NAME).exists():
            found = [
                Recording(
                    source=path, camera=path.parts[-4], stream=path.parts[-3], start_utc_ms=segment_start_utc_ms(path)
                )
                for path in card.glob("*/*/*/*.mp4")
            ]
            return sorted(found, key=lambda one: (one.camera, one.stream, one.source.parts[-2:]))
    except OSError as error:
        raise CardError(f"{card}: {error.strerror}") from None
    raise CardError(f"{card}: this is no SD card ({CARD_NAME} or {VOLUME_NAME} is missing); give the card's folder")


def segment_start_utc_ms(path: Path) -> int | None:
    """When a recorder's file begins, from its `uuid` box; None if it has none within its head."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES_MAX)
    at = 0
    while at + 24 <= len(head):
        size, kind = _BOX.unpack_from(head, at)
        if kind == b"uuid" and head[at + 8 : at + 24] == _SEGMENT_UUID and at + 24 + _SEGMENT.size <= len(head):
            version, _, _, start_utc_ns = _SEGMENT.unpack_from(head, at + 24)
            return int(start_utc_ns // 1_000_000) if version == 1 else None
        if size < 8:
            return None
        at += size
    return None
