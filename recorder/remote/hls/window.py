"""The newest pieces of one stream in memory, and the playlist that names them. Pure.

1. A piece begins with a key picture and lasts PIECE_SECONDS_MIN at least, as the camera's groups allow it, and is ended
   after PIECE_SECONDS_MAX in any case.
2. A new run, a new format or lost pictures begin a new init section, after a discontinuity.
3. At most PIECES_MAX pieces and PIECES_BYTES_MAX bytes are held; the playlist names the newest PIECES_LISTED.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from gate.clock import instant_of
from recorder.media.access_unit import TIMESCALE, AccessUnit
from recorder.media.fmp4 import init_segment
from recorder.segments.cutter import Cutter, ns_of_ticks
from recorder.segments.disk_commands import Command, OpenSegment, WriteFragment
from recorder.segments.segment_file import boxes_of

PIECE_SECONDS_MIN = 1.0
PIECE_SECONDS_MAX = 10.0
PIECES_BEGUN = 3
"""Players begin three pieces before the newest (RFC 8216 section 6.3.3); some fail where there are fewer."""
PIECES_LISTED = 6
PIECES_MAX = 10
PIECES_BYTES_MAX = 32 << 20

_SEGMENT_SECONDS = 7_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A media segment. `init`: the number of its init section, which is that of the first piece that needs it;
    `breaks`: discontinuities before it."""

    number: int
    init: int
    body: bytes
    seconds: float
    start_utc_ns: int
    breaks: int


class Window:
    """One stream. `number`: of the first piece; a player that comes back must meet higher ones than before."""

    def __init__(self, camera: str, number: int) -> None:
        self._cutter = Cutter(camera=camera, segment_seconds=_SEGMENT_SECONDS, segment_bytes_max=1 << 62, next_run=1)
        self._opening: OpenSegment | None = None
        self._fragments: list[WriteFragment] = []
        self._number = number
        self._init = number
        self._inits: dict[int, bytes] = {}
        self._pieces: deque[Piece] = deque()
        self._boxes = 0
        self._breaks = -1
        self._longest_seconds = PIECE_SECONDS_MIN

    @property
    def ready(self) -> bool:
        """Whether there is as much as players want to begin with."""
        return len(self._pieces) >= PIECES_BEGUN

    @property
    def empty(self) -> bool:
        """Whether there is nothing to play."""
        return not self._pieces

    def push(self, unit: AccessUnit) -> None:
        """The next unit of the stream, in decode order."""
        self._carry_out(self._cutter.push(unit))
        if unit.key and _ticks(self._fragments) >= PIECE_SECONDS_MIN * TIMESCALE:
            self._end_piece()

    def lose(self) -> None:
        """Pictures are missing from here on, up to the next key picture."""
        self._carry_out(self._cutter.finish())
        self._end_piece()

    def piece(self, number: int) -> bytes | None:
        """A piece that is still held."""
        return next((piece.body for piece in self._pieces if piece.number == number), None)

    def init(self, number: int) -> bytes | None:
        """An init section of which pieces are held."""
        return self._inits.get(number)

    def playlist(self, stream: str) -> str:
        """The media playlist; names are relative to its own address, in a folder of the stream's name."""
        listed = list(self._pieces)[-PIECES_LISTED:]
        text = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{math.ceil(self._longest_seconds)}",
            f"#EXT-X-MEDIA-SEQUENCE:{listed[0].number if listed else self._number}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{listed[0].breaks if listed else 0}",
        ]
        before: Piece | None = None
        for piece in listed:
            if before is not None and piece.init != before.init:
                text.append("#EXT-X-DISCONTINUITY")
            if before is None or piece.init != before.init:
                text.append(f'#EXT-X-MAP:URI="{stream}/{piece.init}.mp4"')
                taken = instant_of(piece.start_utc_ns).isoformat(timespec="milliseconds")
                text.append(f"#EXT-X-PROGRAM-DATE-TIME:{taken}")
            text += [f"#EXTINF:{piece.seconds:.5f},", f"{stream}/{piece.number}.m4s"]
            before = piece
        return "\n".join([*text, ""])

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case OpenSegment():
                    self._end_piece()
                    self._opening, self._init = command, self._number
                case WriteFragment():
                    self._fragments.append(command)
                    if _ticks(self._fragments) >= PIECE_SECONDS_MAX * TIMESCALE:
                        self._end_piece()

    def _end_piece(self) -> None:
        fragments, self._fragments = self._fragments, []
        if not fragments or self._opening is None:
            return
        if self._init not in self._inits:
            self._init = self._number
            self._breaks += 1
            self._inits[self._init] = init_segment(self._opening.format, delay_90k=fragments[0].delay_90k)
        parts: list[bytes] = []
        for fragment in fragments:
            self._boxes += 1
            parts += boxes_of(self._boxes, fragment)
        seconds = _ticks(fragments) / TIMESCALE
        start_utc_ns = self._opening.start_utc_ns + ns_of_ticks(fragments[0].decode_time_90k)
        piece = Piece(
            number=self._number,
            init=self._init,
            body=b"".join(parts),
            seconds=seconds,
            start_utc_ns=start_utc_ns,
            breaks=self._breaks,
        )
        self._pieces.append(piece)
        self._number += 1
        self._longest_seconds = max(self._longest_seconds, seconds)
        held = sum(len(piece.body) for piece in self._pieces)
        while len(self._pieces) > PIECES_MAX or (held > PIECES_BYTES_MAX and len(self._pieces) > 1):
            gone = self._pieces.popleft()
            held -= len(gone.body)
            if self._pieces[0].init != gone.init:
                del self._inits[gone.init]


def _ticks(fragments: Sequence[WriteFragment]) -> int:
    return sum(sum(fragment.durations_90k) for fragment in fragments)
