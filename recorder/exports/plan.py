"""What each file of an export consists of, worked out before a byte of it is written.

1. A file is one uninterrupted stretch: a run, in one format. Where a connection broke, where the clock was stepped or
   the pictures changed their form the next file begins; so every file's time is true from its first picture to its
   last.
2. Shown is what was taken in `[from, to)`, picture by picture: the file begins with the key picture at or before the
   first one shown, and an edit list hides what comes before it. Nothing is decoded or coded again.
3. Pictures in [from, to) that others are needed for (B-frames at the end) bring those along, hidden.
4. A silence of the camera within a connection stays in the file, the last picture standing still: times stay true.
5. Sound keeps its place beside the pictures (recorder.exports.layout).
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recorder.catalog.rows import Stream
from recorder.exports.errors import ExportError
from recorder.exports.layout import Chosen, Extent, Pictures, Stretch, lay_out
from recorder.exports.movie import movie_head
from recorder.exports.source import SourceFragment, read_fragments
from recorder.media.access_unit import VideoFormat
from recorder.playback.fragments import Wanted

FILES_MAX = 200
_MARGIN_NS = 1_000_000_000
"""How much earlier or later than shown a picture may be decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """One file: `head`, then the extents. `start_utc_ns` and `end_utc_ns`: of what is shown; `pictures`: how many are;
    `pre_roll_90k`: how much is hidden before them."""

    camera: str
    stream: Stream
    run: int
    format: VideoFormat
    start_utc_ns: int
    end_utc_ns: int
    pictures: int
    pre_roll_90k: int
    has_sound: bool
    head: bytes
    extents: tuple[Extent, ...]

    @property
    def bytes(self) -> int:
        """Of the whole file."""
        return len(self.head) + sum(extent.size for extent in self.extents)


def plan_files(
    db: sqlite3.Connection,
    roots: Mapping[int, Path],
    camera: str,
    stream: Stream,
    start_utc_ns: int,
    end_utc_ns: int,
    abandoned: Callable[[], bool],
) -> Iterator[FilePlan]:
    """The files of one camera's stream in `[start, end)`, in the order they were recorded in; footage that cannot be
    read is left out. Reads as it is asked. Raises sqlite3.Error, ExportError, also when it has been abandoned."""
    wanted = Wanted(camera=camera, stream=stream, start_utc_ns=start_utc_ns, end_utc_ns=end_utc_ns + _MARGIN_NS)
    files = 0
    for stretch in _stretches(read_fragments(db, roots, wanted, abandoned)):
        plan = _plan(stretch, start_utc_ns, end_utc_ns)
        if plan is None:
            continue
        files += 1
        if files > FILES_MAX:
            raise ExportError("export_too_pieced", f"camera {camera}: more than {FILES_MAX} pieces of footage")
        yield plan


def _stretches(fragments: Iterator[SourceFragment | None]) -> Iterator[Stretch]:
    stretch: Stretch | None = None
    for fragment in fragments:
        if stretch is not None and not _goes_on(stretch.fragments[-1][0], fragment):
            yield stretch
            stretch = None
        if fragment is None or (stretch is None and not fragment.head.key):
            continue
        if stretch is None:
            stretch = Stretch(first=fragment)
        stretch.add(fragment)
    if stretch is not None:
        yield stretch


def _goes_on(before: SourceFragment, fragment: SourceFragment | None) -> bool:
    return fragment is not None and fragment.place.id.run == before.place.id.run and fragment.format == before.format


def _plan(stretch: Stretch, start_utc_ns: int, end_utc_ns: int) -> FilePlan | None:
    """None if nothing of it is shown."""
    pictures = stretch.pictures()
    chosen = _choose(pictures, stretch.tick_at(start_utc_ns), stretch.tick_at(end_utc_ns))
    if chosen is None:
        return None
    layout = lay_out(stretch, pictures, chosen)
    begin_ns = stretch.utc_ns(chosen.begin)
    format = stretch.first.format
    data_bytes = sum(extent.size for extent in layout.extents)
    head = movie_head(
        format, layout.pictures, layout.sound, data_bytes=data_bytes, taken_at_unix_seconds=begin_ns // 10**9
    )
    id = stretch.first.place.id
    return FilePlan(
        camera=id.camera,
        stream=id.stream,
        run=id.run,
        format=format,
        start_utc_ns=begin_ns,
        end_utc_ns=stretch.utc_ns(chosen.end),
        pictures=chosen.count,
        pre_roll_90k=chosen.begin - int(pictures.shown[chosen.first]),
        has_sound=layout.sound is not None,
        head=head,
        extents=layout.extents,
    )


def _choose(pictures: Pictures, wanted_from: int, wanted_to: int) -> Chosen | None:
    """Rules 2 and 3."""
    shown, keys = pictures.shown, pictures.keys
    visible = np.flatnonzero((shown >= wanted_from) & (shown < wanted_to))
    if not len(visible):
        return None
    leading = keys[shown[keys] <= shown[visible].min()]
    first, last = int(leading[-1]) if len(leading) else int(keys[0]), int(visible[-1])
    visible = visible[visible >= first]
    newest = int(shown[visible].max())
    after = shown[shown > newest]
    end = int(after.min()) if len(after) else newest + pictures.last_duration
    return Chosen(first=first, last=last, count=len(visible), begin=int(shown[visible].min()), end=min(end, wanted_to))
