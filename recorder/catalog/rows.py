"""What the catalogue knows, as values."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Stream = Literal["main", "sub"]
SegmentState = Literal["writing", "closed", "lost"]
GapReason = Literal["licence", "disk", "camera_offline", "clock_step", "crash", "schedule", "event_mode", "off"]
"""Why there is no footage; the first that applies counts."""

STREAMS: tuple[Stream, ...] = get_args(Stream)
"""By their number in the catalogue and in media headers."""

SEGMENT_SECONDS_MAX = 7200
"""No segment lasts longer; range queries look back this far (the schema checks it)."""

_FRAGMENT = struct.Struct(">III")
_KEY_BIT = 1 << 31


class SegmentId(NamedTuple):
    """The identity of a segment; no time is part of it."""

    camera: str
    stream: Stream
    run: int
    seq: int


class FragmentEntry(NamedTuple):
    """One fragment of a segment. `bytes`: of moof and mdat. The first begins after the init section."""

    bytes: int
    duration_90k: int
    key: bool
    decode_time_90k: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One segment. While `writing`, `end_utc_ns` is its start and sizes are 0: nobody knows yet."""

    id: SegmentId
    state: SegmentState
    start_utc_ns: int
    end_utc_ns: int
    duration_90k: int
    samples: int
    bytes: int
    init_bytes: int
    volume: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRow:
    """A volume that this index knows. `path`: where it was last."""

    number: int
    id: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectRow:
    """Footage of a camera that is deleted last."""

    id: int
    camera: str
    start_utc_ns: int
    end_utc_ns: int
    note: str


class UsageRow(NamedTuple):
    """What a camera's stream has on a volume, `lost` segments aside."""

    volume: int
    camera: str
    stream: Stream
    segments: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """A span without footage. `end_utc_ns` is None while it lasts."""

    camera: str
    stream: Stream
    start_utc_ns: int
    end_utc_ns: int | None
    reason: GapReason


def pack_fragments(entries: Iterable[FragmentEntry]) -> bytes:
    """The blob of a closed segment: 12 bytes a fragment (size, decode time, duration with the key flag on top)."""
    return b"".join(
        _FRAGMENT.pack(entry.bytes, entry.decode_time_90k, entry.duration_90k | (_KEY_BIT if entry.key else 0))
        for entry in entries
    )


def unpack_fragments(blob: bytes) -> list[FragmentEntry]:
    """The fragments in a blob of `pack_fragments`."""
    return [
        FragmentEntry(size, duration & ~_KEY_BIT, bool(duration & _KEY_BIT), decode_time)
        for size, decode_time, duration in _FRAGMENT.iter_unpack(blob)
    ]
