"""Recording to a card: pictures of the main stream as they are sent, into fragmented MP4 by PyAV, in a thread.

1. A file begins with a key picture and ends before the first key picture FILE_SECONDS later, at a step of the
   camera's clock, when the form of the pictures changes, and when the card goes.
2. Pictures wait in a queue bounded in bytes; what does not fit is left out up to the next key picture, and counted.
3. Troubles of the card are said once, and tried again with every key picture: the stream itself never notices.
"""

import io
import logging
import queue
import threading
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from camera_sim.codec import Codec
from camera_sim.errors import CardError
from camera_sim.sd_card.card import SdCard

FILE_SECONDS = 60
QUEUE_BYTES_MAX = 32 << 20
STEP_MS = 1_000
"""Labels further apart than this beyond the pictures' own distance: somebody has set the camera's clock."""

_RTP_HZ = 90_000
_TIME_BASE = Fraction(1, _RTP_HZ)
_START_CODE = b"\0\0\0\1"
_OPTIONS = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "video_track_timescale": str(_RTP_HZ),
    "flush_packets": "1",  # a still scene would take seconds to fill FFmpeg's buffer
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPicture:
    """`nals`: without start codes, the mark first; `parameter_sets` of a key picture, empty for any other. `decode_90k`
    counts up by the stream's own clock, `shift_90k` is how much later it is shown. `utc_ms`: by the camera's clock."""

    parameter_sets: tuple[bytes, ...]
    nals: tuple[bytes, ...]
    decode_90k: int
    shift_90k: int
    utc_ms: int
    codec: Codec

    @property
    def key(self) -> bool:
        """Whether decoding can begin with it."""
        return bool(self.parameter_sets)

    @property
    def size_bytes(self) -> int:
        """What it takes in a file, nearly."""
        return sum(map(len, self.nals))

    def annex_b(self) -> bytes:
        """With start codes."""
        return b"".join(_START_CODE + nal for nal in (*self.parameter_sets, *self.nals))


class CardRecorder:
    """`put` pictures from any thread; `close` finishes the file. `fault`: what is wrong with the card, "" if nothing
    (set by whoever makes faults: `full` or `removed`)."""

    def __init__(self, card: SdCard) -> None:
        self.card = card
        self.fault = ""
        self.message = ""
        """What keeps it from recording, in one sentence; empty while it records."""
        self.lost_pictures = 0
        self.damage_due = False
        """Whether the newest finished file is to be damaged, as soon as there is one."""
        self._queue: queue.SimpleQueue[CardPicture | None] = queue.SimpleQueue()
        self._queued_bytes = 0
        self._skipping = False
        self._lock = threading.Lock()
        self._file: _File | None = None
        self._thread = threading.Thread(target=self._run, name=f"sd card {card.camera}", daemon=True)
        self._thread.start()

    @property
    def queued_bytes(self) -> int:
        """What waits to be written."""
        return self._queued_bytes

    def put(self, picture: CardPicture) -> None:
        """Never blocks."""
        with self._lock:
            if picture.key:
                self._skipping = False
            if self._skipping or self._queued_bytes + picture.size_bytes > QUEUE_BYTES_MAX:
                self._skipping = True
                self.lost_pictures += 1
                return
            self._queued_bytes += picture.size_bytes
        self._queue.put(picture)

    def close(self) -> None:
        """Writes what waits and finishes the file. Blocks."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self.card.insert()
        except CardError as error:
            self._say(str(error))
        while (picture := self._queue.get()) is not None:
            with self._lock:
                self._queued_bytes -= picture.size_bytes
            try:
                self._take(picture)
            except (CardError, OSError, av.FFmpegError) as error:
                self._stop()
                self._say(str(error))
        self._stop()

    def _take(self, picture: CardPicture) -> None:
        if self.damage_due and self.card.damage_newest():
            self.damage_due = False
        if self._file is not None and (self.fault or not self._file.takes(picture) or not self.card.present):
            self._stop()
        if self._file is None:
            if not picture.key:
                return
            self._begin(picture)
        assert self._file is not None
        self._file.write(picture)

    def _begin(self, picture: CardPicture) -> None:
        if self.fault == "removed":
            raise CardError(f"camera {self.card.camera}: the SD card is taken out")
        if self.fault == "full":
            raise CardError(f"camera {self.card.camera}: the SD card is full and may not be overwritten")
        if self.message:
            self.card.insert()
        self._file = _File(self.card.begin(picture.utc_ms), picture, self.card.file_bytes_max)
        self._say("")

    def _stop(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except (OSError, av.FFmpegError) as error:
            self._say(f"camera {self.card.camera}: SD card: {error}")
            return
        self.card.finish(file.path, file.start_utc_ms, file.end_utc_ms)

    def _say(self, message: str) -> None:
        if message != self.message:
            self.message = message
            if message:
                _log.warning("%s; recording to the card waits", message)
            else:
                _log.info("camera %s: records to its SD card", self.card.camera)


class _File:
    """One file being written."""

    def __init__(self, path: Path, first: CardPicture, bytes_max: int) -> None:
        self.path = path
        self._bytes_max = bytes_max
        self.start_utc_ms = self.end_utc_ms = first.utc_ms
        self._first = first
        self._last = first
        self._bytes = 0
        self._container = av.open(str(path), "w", format="mp4", options=_OPTIONS)
        with av.open(io.BytesIO(first.annex_b()), format=first.codec.decoder) as form:
            self._stream: Any = self._container.add_stream_from_template(form.streams.video[0])

    def takes(self, picture: CardPicture) -> bool:
        """Whether the picture belongs into this file (rule 1)."""
        first, last = self._first, self._last
        elapsed_ms = (picture.decode_90k - last.decode_90k) * 1000 // _RTP_HZ
        if elapsed_ms <= 0 or abs(picture.utc_ms - last.utc_ms - elapsed_ms) > STEP_MS:
            return False
        if picture.key and picture.parameter_sets != first.parameter_sets:
            return False
        full = picture.utc_ms // 1000 // FILE_SECONDS != first.utc_ms // 1000 // FILE_SECONDS
        return not (picture.key and (full or 2 * self._bytes > self._bytes_max))

    def write(self, picture: CardPicture) -> None:
        """Raises OSError, av.FFmpegError."""
        packet = av.Packet(picture.annex_b())
        packet.stream = self._stream
        packet.dts = picture.decode_90k - self._first.decode_90k
        packet.pts = packet.dts + picture.shift_90k
        packet.time_base = _TIME_BASE
        packet.is_keyframe = picture.key
        self._container.mux_one(packet)
        self._bytes += picture.size_bytes
        frame_ms = -((self._last.decode_90k - picture.decode_90k) * 1000 // _RTP_HZ)  # rounded up
        self._last = picture
        self.end_utc_ms = picture.utc_ms + frame_ms

    def close(self) -> None:
        """Raises OSError, av.FFmpegError."""
        self._container.close()
