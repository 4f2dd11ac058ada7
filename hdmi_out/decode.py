"""Decoding of one stream and scaling to its tile. Synchronous; runs in a worker thread (FFmpeg releases the GIL).

One thread a decoder: no picture of delay. After a corrupt picture or a loss the decoder waits for a key frame: what it
would show in between is smeared, and the wall never shows a picture that was not.
"""

import logging
from collections.abc import Sequence

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter

from hdmi_out.compositor.canvas import Picture
from hdmi_out.errors import MediaError
from hdmi_out.layout.rect import Rect, fit
from hdmi_out.media import Loss, StreamFormat, Unit

_log = logging.getLogger(__name__)

CODECS = {"h264": "h264", "h265": "hevc", "hevc": "hevc"}
"""Codec names of the local site, and FFmpeg's decoders for them."""
_ITU709 = int(Colorspace.ITU709)
"""`colorspace` of a frame tagged ITU-R BT.709; untagged ones are taken for the canvas' BT.601."""


class Decoder:
    """Decodes what it is given, in order; `corrupt` counts the units it could not decode."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._context: av.VideoCodecContext | None = None
        self._wait_key = True
        self._scaler = VideoReformatter()
        self.corrupt = 0

    def decode(self, items: Sequence[StreamFormat | Unit | Loss], box: Rect) -> Picture | None:
        """The newest picture of all items, in the largest size of its aspect that fits into `box`."""
        newest: VideoFrame | None = None
        for item in items:
            match item:
                case StreamFormat():
                    self._open(item)
                case Loss():
                    newest = self._drain() or newest
                    self._wait_key = True
                case Unit():
                    newest = self._decode_unit(item) or newest
        try:
            return None if newest is None else scaled(newest, box, self._scaler)
        except av.FFmpegError as error:
            self._lose(error)
            return None

    def _open(self, stream: StreamFormat) -> None:
        self._context, self._wait_key = open_context(self._camera, stream), True

    def _decode_unit(self, unit: Unit) -> VideoFrame | None:
        if self._context is None or (self._wait_key and not unit.key):
            return None
        if self._wait_key and self._context.is_open:
            self._context.flush_buffers()
        try:
            frames = self._context.decode(packet_of(unit.data))
        except av.FFmpegError as error:
            self._lose(error)
            return None
        if any(frame.is_corrupt for frame in frames):
            self._lose("damaged picture")
            return None
        self._wait_key = False
        return frames[-1] if frames else None

    def _drain(self) -> VideoFrame | None:
        """The last picture before a loss, where the decoder still holds it for reordering."""
        if self._context is None or self._wait_key or not self._context.is_open:
            return None
        try:
            frames = self._context.decode(None)
        except av.FFmpegError as error:
            self._lose(error)
            return None
        return frames[-1] if frames and not frames[-1].is_corrupt else None

    def _lose(self, why: object) -> None:
        self.corrupt += 1
        self._wait_key = True
        if self.corrupt & (self.corrupt - 1) == 0:  # the 1st, 2nd, 4th, 8th …: a bad line must not fill the log
            _log.warning(
                "camera %s: picture not decodable (%s), waiting for a key frame; %d so far",
                self._camera,
                why,
                self.corrupt,
            )


def open_context(camera: str, stream: StreamFormat) -> av.VideoCodecContext:
    """A decoder for a stream, of one thread. Raises MediaError where there is none."""
    name = CODECS.get(stream.codec)
    if name is None:
        raise MediaError(f"camera {camera}: no decoder for {stream.codec!r}")
    context = av.CodecContext.create(name, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    context.extradata = stream.decoder_configuration
    return context


def packet_of(data: bytes) -> "av.Packet[av.stream.Stream]":
    """One picture for a decoder."""
    packet = av.Packet(len(data))  # FFmpeg reads past the end: this one has its padding
    packet.update(data)
    return packet


def scaled(frame: VideoFrame, box: Rect, scaler: VideoReformatter) -> Picture:
    """The picture in the largest size of its aspect that fits into `box`. Raises av.FFmpegError."""
    size = fit(frame.width, frame.height, box)
    if (frame.format.name, frame.width, frame.height) != ("yuv420p", size.width, size.height):
        from_709 = frame.colorspace == _ITU709
        frame = scaler.reformat(
            frame,
            width=size.width,
            height=size.height,
            format="yuv420p",
            src_colorspace=Colorspace.ITU709 if from_709 else None,
            dst_colorspace=Colorspace.ITU601 if from_709 else None,
            interpolation="BILINEAR",
            threads=1,
        )
    luma, cb, cr = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    )
    return Picture(width=size.width, height=size.height, planes=(luma, cb, cr))
