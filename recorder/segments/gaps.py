"""The gaps of one stream: one may be open; what takes its place begins where it ends."""

import logging
from collections.abc import Callable
from functools import partial
from sqlite3 import Connection
from typing import Any

from recorder.catalog.changes import close_gap, insert_gap, open_gap
from recorder.catalog.rows import GapReason, GapRow, Stream

_log = logging.getLogger(__name__)


class GapKeeper:
    """Keeps the catalogue's gaps of a stream. `post` makes a change in it; `open_row`: the gap that lasts."""

    def __init__(
        self, camera: str, stream: Stream, post: Callable[[Callable[[Connection], Any]], None], open_row: GapRow | None
    ) -> None:
        self._camera = camera
        self._stream: Stream = stream
        self._post = post
        self._start_utc_ns = open_row.start_utc_ns if open_row is not None else 0
        self.reason: GapReason | None = open_row.reason if open_row is not None else None
        """Of the gap that lasts; None while there is footage."""

    @property
    def start_utc_ns(self) -> int | None:
        """Where the gap that lasts begins."""
        return self._start_utc_ns if self.reason is not None else None

    def begin(self, reason: GapReason, at_utc_ns: int) -> None:
        """A gap for this reason begins, or goes on; another that lasts ends where it begins."""
        if reason == self.reason:
            return
        self.end(at_utc_ns)
        self.reason, self._start_utc_ns = reason, at_utc_ns
        self._post(partial(open_gap, camera=self._camera, stream=self._stream, start_utc_ns=at_utc_ns, reason=reason))
        _log.info("camera %s: no recording: %s", self._camera, reason)

    def insert(self, reason: GapReason, start_utc_ns: int, end_utc_ns: int) -> None:
        """A gap that is over already, beside the one that lasts."""
        if end_utc_ns > start_utc_ns:
            self._post(
                partial(
                    insert_gap,
                    camera=self._camera,
                    stream=self._stream,
                    start_utc_ns=start_utc_ns,
                    end_utc_ns=end_utc_ns,
                    reason=reason,
                )
            )
            _log.info("camera %s: %.1f s are lost: %s", self._camera, (end_utc_ns - start_utc_ns) / 1e9, reason)

    def end(self, at_utc_ns: int) -> None:
        """The gap that lasts ends; without length it never was."""
        if self.reason is not None:
            self.reason = None
            self._post(partial(close_gap, camera=self._camera, stream=self._stream, end_utc_ns=at_utc_ns))
