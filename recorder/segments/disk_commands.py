"""What a cutter tells the disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.media.sound_track import SoundPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSegment:
    """A new file. A `seq` above 0 continues the segment before without a hole. `start_pts_90k`: its start in the media
    time of the source's run."""

    run: int
    seq: int
    format: VideoFormat
    start_utc_ns: int
    start_pts_90k: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFragment:
    """One fragment for the open segment. `decode_time_90k` counts from the segment's start; `durations_90k`: one for
    each unit. `offsets_90k`: how much later than decoded each is shown (signed; empty if none is). `delay_90k`: the
    most that any picture of the segment, as far as its first fragment tells, is decoded too late for that: the file
    shows all of them so much later (recorder.media.fmp4). `data_bytes`: of pictures and `sound`."""

    decode_time_90k: int
    units: Sequence[AccessUnit]
    durations_90k: Sequence[int]
    data_bytes: int
    offsets_90k: Sequence[int] = ()
    delay_90k: int = 0
    sound: SoundPiece | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSegment:
    """The open segment is complete. `end_utc_ns`: of its last picture."""

    end_utc_ns: int


Command = OpenSegment | WriteFragment | CloseSegment
