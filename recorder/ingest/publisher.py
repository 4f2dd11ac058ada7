"""Pictures of one connection in, labelled access units out, whatever brings the pictures."""

import itertools
import logging
from collections.abc import Callable
from dataclasses import replace

from gate.clock import Clock
from recorder.ingest.labels import Labelled, Labeller
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.sound_queue import SoundQueue
from recorder.media.access_unit import AccessUnit, SoundFormat, VideoFormat
from recorder.media.errors import ParameterSetError
from recorder.media.formats import video_format
from recorder.state import StreamState

SOUNDING_SECONDS = 60.0
"""How often the anchor of labels is looked at again (recorder.ingest.labels, rule 5)."""
SOUNDING_TICKS = 2

_log = logging.getLogger(__name__)


class UnitPublisher:
    """Give it each picture by `take`, call `tick` twice a second, and `close` at the end. `publish` gets the units;
    `on_first_unit` is called before the first. `name`: camera and stream, for the log. `run_before`: the last run
    number used.

    `batching_allowed`: false while arrivals are measured, or are all that tells the time.
    """

    def __init__(
        self,
        *,
        name: str,
        state: StreamState,
        clock: Clock,
        run_before: int,
        publish: Callable[[AccessUnit], None],
        on_first_unit: Callable[[], None],
    ) -> None:
        self.units = 0
        self.begun_ns = self.unit_ns = clock.monotonic_ns()
        self._name = name
        self._state = state
        self._clock = clock
        self._publish_unit = publish
        self._on_first_unit = on_first_unit
        self._labeller = Labeller(run=run_before, wall_offset_ns=self._wall_offset_ns())
        self._discontinuities = clock.discontinuities
        self._format: VideoFormat | None = None
        self._format_sets: tuple[bytes, ...] = ()
        self._sound_format: SoundFormat | None = None
        self._sound = SoundQueue(self._labeller)
        self._ticks = itertools.count(1)
        self._sounding_ends_tick = 0
        self._sounding_begins_ns = self.begun_ns + round(SOUNDING_SECONDS * 1e9)

    @property
    def last_run(self) -> int:
        """The last run number used."""
        return self._labeller.run

    @property
    def good_seconds(self) -> float:
        """From the beginning to the last unit; 0 without any."""
        return (self.unit_ns - self.begun_ns) / 1e9 if self.units else 0.0

    @property
    def needs_key(self) -> bool:
        """Whether pictures are passed over until the next key picture."""
        return self._labeller.needs_key

    @property
    def steps_back(self) -> int:
        """Pictures whose time did not go on."""
        return self._labeller.steps_back

    @property
    def batching_allowed(self) -> bool:
        return not self._sounding_ends_tick and not self._labeller.by_arrival

    def take(self, picture: Picture, arrival_ns: int) -> None:
        """The next picture, in decode order. `arrival_ns`: monotonic."""
        labeller = self._labeller
        if self._clock.discontinuities != self._discontinuities:
            self._discontinuities = self._clock.discontinuities
            self._publish(labeller.clock_stepped(self._wall_offset_ns()))
        self._publish(labeller.accept(picture, arrival_ns))

    def set_sound(self, format: SoundFormat | None) -> None:
        """Sound of this format comes with the pictures from the next key picture on; or none."""
        self._sound_format = format
        self._format_sets = ()
        self._sound.clear()

    def take_sound(self, data: bytes, begin: int, end: int) -> None:
        """The next frame of sound; when it begins and ends in RTP time of the pictures, unwrapped."""
        if self._sound_format is not None:
            self._sound.add(data, begin, end)

    def close(self) -> None:
        """Publishes what was held back; there will be no more."""
        self._publish(self._labeller.finish())

    def tick(self, now_ns: int) -> None:
        """Soundings for the anchor of labels."""
        tick = next(self._ticks)
        if self._sounding_ends_tick and tick >= self._sounding_ends_tick:
            self._sounding_ends_tick = 0
            self._labeller.end_sounding()
        elif now_ns >= self._sounding_begins_ns:
            self._sounding_begins_ns = now_ns + round(SOUNDING_SECONDS * 1e9)
            self._sounding_ends_tick = tick + SOUNDING_TICKS
            self._labeller.begin_sounding()

    def pictures_time_at(self, arrival_ns: int) -> int | None:
        """The RTP time of a picture that is labelled with this (monotonic) time; None before the first."""
        return self._labeller.timestamp_at(arrival_ns)

    def near(self, rtp_timestamp: int) -> int:
        """An RTP timestamp (32 bits) near the newest picture's, unwrapped."""
        return self._labeller.near(rtp_timestamp)

    def utc_ns_of(self, rtp_timestamp: int) -> int | None:
        """Our wall time of an RTP timestamp (32 bits) near the newest picture's; None before the first."""
        return self._labeller.utc_ns_of(rtp_timestamp)

    def _publish(self, released: list[Labelled]) -> None:
        for labelled in released:
            picture = labelled.picture
            if picture.key and picture.parameter_sets is not self._format_sets:
                self._change_format(picture)
            if self._format is None:
                continue
            if not self.units:
                self._on_first_unit()
            sound = self._sound.until(labelled.utc_ns) if self._sound else ()
            self.units += 1
            self._state.units += 1
            self._state.last_unit_monotonic_ns = self.unit_ns = labelled.arrival_ns
            self._publish_unit(
                AccessUnit(
                    format=self._format,
                    data=picture.data,
                    key=picture.key,
                    run=labelled.run,
                    pts_90k=labelled.pts_90k,
                    utc_ns=labelled.utc_ns,
                    arrival_ns=labelled.arrival_ns,
                    composition_90k=labelled.composition_90k,
                    sound=sound if self._format.sound is not None else (),
                )
            )

    def _change_format(self, picture: Picture) -> None:
        """Takes up new parameter sets. Until they can be read, nothing is published: it could not be decoded."""
        self._format_sets = picture.parameter_sets
        try:
            new = video_format(picture.codec, picture.parameter_sets)
        except ParameterSetError as error:
            _log.warning("%s: its parameter sets cannot be used: %s", self._name, error)
            self._format = None
            return
        if self._sound_format is not None:
            new = replace(new, sound=self._sound_format)
        if new != self._format:
            self._format = new
            self._state.width, self._state.height, self._state.codec = new.width, new.height, new.codec

    def _wall_offset_ns(self) -> int:
        # Wall first: the offset is then rather too small, and a label rather too early than later than its arrival.
        wall_ns = self._clock.now_ns()
        return wall_ns - self._clock.monotonic_ns()
