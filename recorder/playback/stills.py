"""Single pictures out of footage: the one at a time, and its neighbours. Blocks on the index and the disk.

1. A time gives the picture shown at it or before; in the lowest run that covers the time, else the last before it. Only
   before all footage it gives the first there is.
2. A step gives exactly the picture that is shown next (before), over the borders of groups, segments and runs, in the
   order of recording.
3. A still comes with all that a decoder needs for it, from a key picture on, in decode order.
4. A picture that is shown before the key picture it follows (an open group) needs the group before; without that one it
   is passed over.
"""

import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recorder.catalog.footage_queries import segments_from
from recorder.catalog.rows import GapReason, SegmentId, Stream
from recorder.playback.archive import Archive
from recorder.playback.fragments import Wanted
from recorder.playback.pictures import PictureSource
from recorder.playback.placed import SLACK_NS, Group, Key, Placed, decode_utc_ns, placed
from recorder.playback.stretches import read_timeline

GROUPS_KEPT = 3
GROUP_PICTURES_MAX = 3600
GROUP_BYTES_MAX = 96 << 20
"""Of a group that is longer only so much can be shown picture by picture; playing is not bound by it."""
BROKEN_MAX = 8
"""Groups that cannot be read, one before the other, that are passed over."""
_EVER_NS = 2**62
_BEYOND_NS = 10**9
"""A gap is known by what lies behind it, too."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A picture to be shown: the last of `units` in decode order is it. `key`: where those begin; `group`: the key of
    its own group, `index` its place in there. `fps`: of the pictures around it."""

    key: Key
    group: Key
    index: int
    shown_us: int
    units: tuple[Placed, ...]
    reorders: bool
    fps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFootage:
    """A time without footage, `[start, end)`. After a step back of the clock `end` is before `start`."""

    start_us: int
    end_us: int
    reason: GapReason


class Stills:
    """Of one stream; for one thread. Each question raises sqlite3.Error if the index cannot be read."""

    def __init__(self, archive: Archive, camera: str, stream: Stream) -> None:
        self._archive = archive
        self._camera = camera
        self._stream = stream
        self._db: sqlite3.Connection | None = None
        self._groups: OrderedDict[Key, Group] = OrderedDict()

    def at(self, at_us: int, run: int | None = None) -> Still | None:
        """The picture of a time (rule 1); None if there is no footage at all. `run`: the one that is meant, if several
        cover it."""
        at_ns = at_us * 1000 + 999
        ahead = self._load(self._wanted(at_ns, run))
        group = ahead
        if group is None or group.first_us > at_us:
            before = self._before(group.key) if group is not None and group.key.decode_utc_ns <= at_ns else None
            group = before or self._last_before(at_us, run) or ahead
        if group is None:
            return None
        index = group.index_at_or_before(at_us)
        if index is None:
            return self._still(group, 0)
        after = self._next(group) if group.reorders else None
        if after is not None and (leading := _between(after.leading, -_EVER_NS, at_us + 1)):
            return self._leading_still(group, after, leading[-1])
        return self._still(group, index)

    def step(self, still: Still, direction: int) -> Still | None:
        """The picture after (before, `direction` -1) a still; None where there is none."""
        group = self._group(still.group)
        if group is None:
            return None
        return self._after(group, still.shown_us) if direction > 0 else self._before_in(group, still.shown_us)

    def gap(self, start_us: int, end_us: int, now_us: int) -> NoFootage | None:
        """The longest gap between two times, with its reason."""
        db = self._connection()
        beyond_ns = end_us * 1000 + _BEYOND_NS
        spans = read_timeline(
            db, self._roots(db), self._camera, self._stream, start_us * 1000, beyond_ns, now_us * 1000
        )
        gaps = [span for span in spans if span.state == "gap" and span.start_utc_ns < end_us * 1000]
        longest = max(gaps, key=lambda span: span.end_utc_ns - span.start_utc_ns, default=None)
        if longest is None or longest.reason is None:
            return None
        return NoFootage(
            start_us=longest.start_utc_ns // 1000, end_us=longest.end_utc_ns // 1000, reason=longest.reason
        )

    def gap_at(self, still: Still, at_us: int, now_us: int) -> NoFootage | None:
        """Why a time has no footage; None if it has, or nobody knows. `still`: what `at` gave for it."""
        ahead = self._load(self._wanted(at_us * 1000 + 999))
        end_us = ahead.first_us if ahead is not None and ahead.first_us > at_us else now_us
        if not still.shown_us < at_us < end_us:
            return None
        gap = self.gap(still.shown_us, end_us, now_us)
        return gap if gap is not None and gap.start_us <= at_us < gap.end_us else None

    def close(self) -> None:
        """Lets the index go."""
        if self._db is not None:
            self._db.close()

    def _after(self, group: Group, shown_us: int) -> Still | None:
        before = self._before(group.key) if shown_us < group.first_us else None
        if before is not None and (leading := _between(group.leading, shown_us, group.first_us)):
            return self._leading_still(before, group, leading[0])
        index = group.index_after(shown_us)
        if index is not None:
            return self._still(group, index)
        following = self._next(group)
        if following is None:
            return None
        if following.key.run != group.key.run and following.first_us <= shown_us:  # the clock was set back
            following = self._load(self._wanted(-_EVER_NS, following.key.run)) or following
        if following.key.run == group.key.run and (leading := _between(following.leading, shown_us, _EVER_NS)):
            return self._leading_still(group, following, leading[0])
        return self._still(following, 0)

    def _before_in(self, group: Group, shown_us: int) -> Still | None:
        before = self._before(group.key)
        if shown_us > group.first_us and (index := group.index_at_or_before(shown_us - 1)) is not None:
            return self._still(group, index)
        if before is None:
            return None
        if before.key.run == group.key.run and (leading := _between(group.leading, -_EVER_NS, shown_us)):
            return self._leading_still(before, group, leading[-1])
        last = max(range(len(before.pictures)), key=lambda i: before.pictures[i].shown_us)
        return self._still(before, last)

    def _still(self, group: Group, index: int) -> Still:
        return Still(
            key=group.key,
            group=group.key,
            index=index,
            shown_us=group.pictures[index].shown_us,
            units=tuple(group.pictures[: index + 1]),
            reorders=group.reorders,
            fps=_fps(group),
        )

    def _leading_still(self, before: Group, group: Group, picture: Placed) -> Still:
        index = group.pictures.index(picture)
        return Still(
            key=before.key,
            group=group.key,
            index=index,
            shown_us=picture.shown_us,
            units=(*before.pictures, *group.pictures[: index + 1]),
            reorders=True,
            fps=_fps(group),
        )

    def _group(self, key: Key) -> Group | None:
        kept = self._groups.get(key)
        if kept is not None and kept.whole:
            self._groups.move_to_end(key)
            return kept
        return self._load(self._wanted(key.decode_utc_ns, key.run))

    def _next(self, group: Group) -> Group | None:
        return self._group(group.following) if group.following is not None else None

    def _before(self, key: Key) -> Group | None:
        """The group recorded before that of a key picture."""
        for kept in self._groups.values():
            if kept.following == key:
                return kept
        found = self._key_before(key.decode_utc_ns - 2 * SLACK_NS, key.run)
        if found is None or found.run != key.run:  # it begins its run
            first = SegmentId(self._camera, self._stream, key.run, 0)
            rows = segments_from(self._connection(), first._replace(seq=-1), 1, backwards=True)
            found = self._key_before(_EVER_NS, rows[0].id.run) if rows else None
        return self._group(found) if found is not None else None

    def _last_before(self, at_us: int, run: int | None) -> Group | None:
        """The last group that begins by that time; one that cannot be read is passed over."""
        at_ns = at_us * 1000 + 999
        for _ in range(BROKEN_MAX):
            found = self._key_before(at_ns, run)
            group = self._group(found) if found is not None else None
            if found is None or (group is not None and group.first_us <= at_us):
                return group
            at_ns = found.decode_utc_ns - 2 * SLACK_NS
        return None

    def _key_before(self, at_ns: int, run: int | None) -> Key | None:
        """The last key picture decoded by that time."""
        wanted = Wanted(camera=self._camera, stream=self._stream, start_utc_ns=at_ns, run=run, backward=True)
        source = self._source(wanted)
        try:
            units = source.next_units()
        finally:
            source.close()
        return Key(units[0].run, decode_utc_ns(units[0])) if units else None

    def _wanted(self, at_ns: int, run: int | None = None) -> Wanted:
        return Wanted(camera=self._camera, stream=self._stream, start_utc_ns=at_ns, run=run)

    def _load(self, wanted: Wanted) -> Group | None:
        """The first group of what is wanted."""
        source = self._source(wanted)
        try:
            group = _first_group(source, self._camera)
        finally:
            source.close()
        if group is not None:
            self._groups[group.key] = group
            self._groups.move_to_end(group.key)
            if len(self._groups) > GROUPS_KEPT:
                self._groups.popitem(last=False)
        return group

    def _source(self, wanted: Wanted) -> PictureSource:
        db = self._archive.connect()
        try:
            return PictureSource(db, self._roots(db), wanted)
        except BaseException:
            db.close()
            raise

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = self._archive.connect()
        return self._db

    def _roots(self, db: sqlite3.Connection) -> Mapping[int, Path]:
        return self._archive.roots(db)


def _between(pictures: list[Placed], after_us: int, before_us: int) -> list[Placed]:
    """Those shown in between, by when they are."""
    return sorted((p for p in pictures if after_us < p.shown_us < before_us), key=lambda p: p.shown_us)


def _first_group(source: PictureSource, camera: str) -> Group | None:
    group: Group | None = None
    size, broken = 0, False
    while (units := source.next_units()) is not None:
        left_out = source.take_left_out() is not None
        if group is None:
            if not units[0].key:
                continue
            group = Group(key=Key(units[0].run, decode_utc_ns(units[0])))
        elif units[0].key:
            group.following = Key(units[0].run, decode_utc_ns(units[0]))
            group.whole = True
            return group
        else:
            broken |= left_out or units[0].run != group.key.run  # nothing after it can be decoded
        size += sum(len(unit.data) for unit in units)
        if not broken and (len(group.pictures) >= GROUP_PICTURES_MAX or size > GROUP_BYTES_MAX):
            _log.warning("camera %s: a group of pictures is too long to be stepped through to its end", camera)
            broken = True
        if not broken:
            group.pictures += placed(units)
    return group


def _fps(group: Group) -> float:
    if len(group.pictures) < 2:
        return 0.0
    times = [picture.shown_us for picture in group.pictures]
    span = max(times) - min(times)
    return (len(times) - 1) * 1e6 / span if span else 0.0
