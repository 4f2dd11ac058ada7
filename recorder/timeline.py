"""What there is of a stream, as a timeline: spans with footage, and gaps with their reasons. Pure.

1. Segments of one run that follow each other are one recorded span. Runs are never merged: after a step back of the
   clock two of them may cover one wall time; both are there, and each names its segments.
2. Where there is footage there is no gap. One exception: a short silence inside a run, while the connection held, is a
   gap although the run goes on.
3. Gaps do not overlap each other; where two would, the one that began first lasts.
4. Time between known spans that nobody accounts for held footage once: it is gone, for the disk's sake (retention made
   room, or the file is lost), so the reason is `disk`. Shorter pauses between two runs than HOLE_SECONDS_MIN are none.
5. Nothing is said of time before the first and after the last thing known.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from typing import Literal, NamedTuple

from recorder.catalog.rows import GapReason

HOLE_SECONDS_MIN = 0.5
SILENCE_SECONDS_MAX = 20.0
"""No run outlives a longer silence of its camera."""

_IDENTITY = itemgetter(2, 3)


class Piece(NamedTuple):
    """Footage of one segment. `growing`: it is still being written, and ends here for now. Any tuple like it will do: a
    day has some 1440."""

    start_utc_ns: int
    end_utc_ns: int
    run: int
    seq: int
    growing: bool = False


PieceLike = tuple[int, int, int, int, int | bool]


class Hole(NamedTuple):
    """A known time without footage; `end_utc_ns` is None while it lasts."""

    start_utc_ns: int
    end_utc_ns: int | None
    reason: GapReason


class Entitled(NamedTuple):
    """A stretch of time in which a camera was, or will be, licensed or not."""

    start_utc_ns: int
    end_utc_ns: int
    state: Literal["active", "lapsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a timeline, half-open. Recorded: which segments of which run; a gap: why. `growing`: it lasts."""

    start_utc_ns: int
    end_utc_ns: int
    state: Literal["recorded", "gap"]
    growing: bool = False
    reason: GapReason | None = None
    run: int | None = None
    first_seq: int | None = None
    last_seq: int | None = None


def plan_timeline(
    pieces: Iterable[PieceLike], holes: Iterable[Hole], *, start_utc_ns: int, end_utc_ns: int, now_utc_ns: int
) -> list[Span]:
    """The spans of `[start, end)`, by start and run. What is given may reach beyond the range; what lasts, lasts until
    `now`."""
    gaps = sorted(
        (hole for hole in holes if hole.end_utc_ns is None or hole.end_utc_ns > hole.start_utc_ns),
        key=lambda hole: hole.start_utc_ns,
    )
    recorded = list(_split_at_silences(_merge_runs(pieces), gaps))
    covered = _union((span.start_utc_ns, span.end_utc_ns) for span in recorded)
    spans = recorded + list(_plan_gaps(gaps, covered, now_utc_ns))
    spans += _unaccounted(spans)
    clipped = (_clip(span, start_utc_ns, end_utc_ns) for span in spans)
    return sorted(
        (span for span in clipped if span.start_utc_ns < span.end_utc_ns),
        key=lambda span: (span.start_utc_ns, span.run or 0, span.end_utc_ns),
    )


def plan_entitlement(
    lapses: Iterable[tuple[int, int | None]],
    covered: Iterable[tuple[int, int]],
    *,
    start_utc_ns: int,
    end_utc_ns: int,
    now_utc_ns: int,
) -> list[Entitled]:
    """The whole of `[start, end)`, by start: the past by what lapses there were (one that lasts, lasts until now), the
    future by the terms that are known now."""
    past = _union((start, now_utc_ns if end is None else min(end, now_utc_ns)) for start, end in lapses)
    ahead = _union((max(start, now_utc_ns), end) for start, end in covered if end > now_utc_ns)
    lapsed = [(start, end) for start, end in past if start < end]
    at = now_utc_ns
    for start, end in [*ahead, (max(end_utc_ns, now_utc_ns), end_utc_ns)]:
        if at < start:
            lapsed.append((at, start))
        at = end
    out: list[Entitled] = []
    at = start_utc_ns
    for start, end in _union(lapsed):
        if end <= start_utc_ns or start >= end_utc_ns:
            continue
        if at < start:
            out.append(Entitled(at, start, "active"))
        out.append(Entitled(max(start, start_utc_ns), min(end, end_utc_ns), "lapsed"))
        at = min(end, end_utc_ns)
    if at < end_utc_ns:
        out.append(Entitled(at, end_utc_ns, "active"))
    return out


def _merge_runs(pieces: Iterable[PieceLike]) -> Iterator[Span]:
    """Rule 1."""
    open_run = first_seq = last_seq = -1
    open_start = open_end = 0
    open_growing = False
    for start, end, run, seq, growing in sorted(pieces, key=_IDENTITY):
        if run == open_run and seq == last_seq + 1:
            open_end = max(open_end, end)
        else:
            if open_run >= 0:
                yield _recorded(open_start, open_end, open_run, first_seq, last_seq, growing=open_growing)
            open_run, first_seq, open_start, open_end = run, seq, start, end
        last_seq, open_growing = seq, bool(growing)
    if open_run >= 0:
        yield _recorded(open_start, open_end, open_run, first_seq, last_seq, growing=open_growing)


def _recorded(start_utc_ns: int, end_utc_ns: int, run: int, first_seq: int, last_seq: int, *, growing: bool) -> Span:
    return Span(
        start_utc_ns=start_utc_ns,
        end_utc_ns=end_utc_ns,
        state="recorded",
        growing=growing,
        run=run,
        first_seq=first_seq,
        last_seq=last_seq,
    )


def _split_at_silences(recorded: Iterable[Span], gaps: Sequence[Hole]) -> Iterator[Span]:
    """Rule 2's exception. Both parts name the segments of the whole: a silence may lie within one."""
    silences = [
        (gap.start_utc_ns, gap.end_utc_ns)
        for gap in gaps
        if gap.reason == "camera_offline"
        and gap.end_utc_ns is not None
        and gap.end_utc_ns - gap.start_utc_ns <= SILENCE_SECONDS_MAX * 1e9
    ]
    for span in recorded:
        rest = span
        for start, end in silences:
            if rest.start_utc_ns < start and end < rest.end_utc_ns:
                yield replace(rest, end_utc_ns=start, growing=False)
                rest = replace(rest, start_utc_ns=end)
        yield rest


def _plan_gaps(gaps: Sequence[Hole], covered: Sequence[tuple[int, int]], now_utc_ns: int) -> Iterator[Span]:
    """Rules 2 and 3; `gaps` and `covered` by start."""
    known_until, at = -(2**63), 0
    for gap in gaps:
        start = max(gap.start_utc_ns, known_until)
        end = max(now_utc_ns, gap.start_utc_ns) if gap.end_utc_ns is None else gap.end_utc_ns
        known_until = max(known_until, end)
        while at < len(covered) and covered[at][1] <= start:
            at += 1
        look = at
        while start < end:
            free_until = covered[look][0] if look < len(covered) else end
            if start < free_until:
                stop = min(end, free_until)
                growing = gap.end_utc_ns is None and stop == end
                yield Span(start_utc_ns=start, end_utc_ns=stop, state="gap", reason=gap.reason, growing=growing)
            if look == len(covered):
                break
            start = max(start, covered[look][1])
            look += 1


def _unaccounted(spans: Sequence[Span]) -> list[Span]:
    """Rule 4."""
    known = _union((span.start_utc_ns, span.end_utc_ns) for span in spans)
    return [
        Span(start_utc_ns=before, end_utc_ns=after, state="gap", reason="disk")
        for (_, before), (after, _) in pairwise(known)
        if after - before >= HOLE_SECONDS_MIN * 1e9
    ]


def _union(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time without overlaps, by start."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            if end > out[-1][1]:
                out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def _clip(span: Span, start_utc_ns: int, end_utc_ns: int) -> Span:
    if span.start_utc_ns >= start_utc_ns and span.end_utc_ns <= end_utc_ns:
        return span
    return replace(
        span,
        start_utc_ns=max(span.start_utc_ns, start_utc_ns),
        end_utc_ns=min(span.end_utc_ns, end_utc_ns),
        growing=span.growing and span.end_utc_ns <= end_utc_ns,
    )
