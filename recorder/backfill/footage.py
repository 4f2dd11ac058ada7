"""Files of a camera's card as access units of one run. Blocks; for a thread."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av

from recorder.backfill.errors import BackfillError
from recorder.backfill.plan import Range
from recorder.ingest.libav import SINGLE_NALS
from recorder.ingest.libav_reader import CODECS, Splitter, ticks_of
from recorder.ingest.rtsp.depacketize import Picture
from recorder.ingest.rtsp.rtp_stream import DEPACKETIZERS
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.media.errors import ParameterSetError
from recorder.media.formats import video_format
from recorder.segments.cutter import ns_of_ticks
from recorder.segments.cutter import ticks_of as ticks_of_ns


class CardFootage:
    """`run`: the number of the run. Give it files in order; each begins where it says, by the recorder's clock."""

    def __init__(self, piece: Range, run: int) -> None:
        self._piece = piece
        self._run = run
        self._format: VideoFormat | None = None
        self._sets: tuple[bytes, ...] = ()
        self._origin_ns: int | None = None
        self._label_ns = 0
        self._decoded_ticks = -1

    def units(self, path: Path, start_utc_ns: int) -> Iterator[AccessUnit]:
        """What of a file lies in the piece, from a key picture on. Raises BackfillError."""
        try:
            with av.open(str(path)) as container:
                for shown, decoded, picture in _pictures(container):
                    utc_ns = start_utc_ns + ns_of_ticks(shown)
                    if utc_ns >= self._piece[1]:
                        return
                    if utc_ns < self._piece[0] or (self._origin_ns is None and not picture.key):
                        continue
                    yield from self._unit(picture, utc_ns, shown - decoded)
        except (av.FFmpegError, ParameterSetError, IndexError, KeyError) as error:
            raise BackfillError(f"{path.name} cannot be read ({error})") from None

    def _unit(self, picture: Picture, utc_ns: int, composition: int) -> Iterator[AccessUnit]:
        if self._origin_ns is None:
            self._origin_ns = utc_ns
        if picture.key and picture.parameter_sets != self._sets:
            self._sets = picture.parameter_sets
            self._format = video_format(picture.codec, picture.parameter_sets)
        pts = ticks_of_ns(utc_ns - self._origin_ns)
        if self._format is None or pts - composition <= self._decoded_ticks:
            return  # files that overlap by a picture
        self._decoded_ticks = pts - composition
        self._label_ns = max(self._label_ns, utc_ns)
        yield AccessUnit(
            format=self._format,
            data=picture.data,
            key=picture.key,
            run=self._run,
            pts_90k=pts,
            utc_ns=self._label_ns,
            arrival_ns=0,
            composition_90k=composition,
        )


def _pictures(container: av.container.InputContainer) -> Iterator[tuple[int, int, Picture]]:
    """When each picture of the first video stream is shown and decoded, in ticks since the file began."""
    stream = container.streams.video[0]
    codec = CODECS[stream.codec.name]
    splitter = Splitter(codec, stream.codec_context.extradata or b"")
    single = SINGLE_NALS[codec]
    depacketizer = DEPACKETIZERS[codec](tuple(filter(single, splitter.sets)))
    for packet in container.demux(stream):
        if not packet.size or packet.is_corrupt:
            continue
        shown, decoded = ticks_of(packet)
        nals: Sequence[bytes] = tuple(filter(single, splitter.nals(bytes(packet))))
        for at, nal in enumerate(nals):
            depacketizer.push(memoryview(nal), 0, len(nal), shown & 0xFFFFFFFF, at == len(nals) - 1)
        for picture in depacketizer.pictures:
            yield shown, decoded, picture
        depacketizer.pictures.clear()
