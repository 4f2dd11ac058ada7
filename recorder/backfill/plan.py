"""Which footage is missing and may be fetched, and which files of a card have it. Pure.

1. Only what is missing because the camera was out of reach, and only for times that a licence in force covers: what was
   captured while denied is never stored, afterwards either.
2. What is shorter than MISSING_SECONDS_MIN or older than AGE_DAYS_MAX is left alone.
3. Footage must not lie where other footage is: pieces are cut at it.
4. One run is one unbroken series: of the files for a piece only those are taken that follow each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

MISSING_SECONDS_MIN = 2.0
AGE_DAYS_MAX = 7
BREAK_SECONDS_MAX = 1.0
"""Files further apart than this do not follow each other."""

Range = tuple[int, int]
"""`[start, end)` in UTC nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFile:
    """A file on a camera's card. Times are by the recorder's clock; `end_utc_ns` of one that still grows is now."""

    path: str
    start_utc_ns: int
    end_utc_ns: int
    bytes: int


def plan_missing(
    gaps: Iterable[Range], licensed: Sequence[Range], footage: Sequence[Range], now_utc_ns: int
) -> list[Range]:
    """What of the `gaps` may be fetched (rules 1 to 3), the oldest first."""
    oldest = now_utc_ns - AGE_DAYS_MAX * 86_400 * 10**9
    pieces = [(max(gap[0], span[0]), min(gap[1], span[1])) for gap in gaps if gap[1] > oldest for span in licensed]
    for start, end in footage:
        pieces = [rest for piece in pieces for rest in _without(piece, start, end)]
    return sorted(piece for piece in pieces if piece[1] - piece[0] >= MISSING_SECONDS_MIN * 1e9)


def plan_files(piece: Range, files: Iterable[CardFile]) -> list[CardFile]:
    """The first unbroken series of files that has something of the piece (rule 4)."""
    found = sorted(
        (file for file in files if file.start_utc_ns < piece[1] and file.end_utc_ns > piece[0]),
        key=lambda file: file.start_utc_ns,
    )
    series = found[:1]
    for before, after in pairwise(found):
        if abs(after.start_utc_ns - before.end_utc_ns) > BREAK_SECONDS_MAX * 1e9:
            break
        series.append(after)
    return series


def _without(piece: Range, start: int, end: int) -> list[Range]:
    if end <= piece[0] or start >= piece[1]:
        return [piece]
    return [rest for rest in ((piece[0], start), (end, piece[1])) if rest[0] < rest[1]]
