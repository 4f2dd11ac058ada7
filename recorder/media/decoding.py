"""Coded pictures to decoded ones, and to JPEG. Takes milliseconds: never on the event loop."""

from collections.abc import Iterable

import av
import cv2
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from recorder.media.access_unit import AccessUnit, VideoFormat

JPEG_QUALITY = 85
UNDECODABLE = (av.FFmpegError, ValueError, cv2.error)
"""What making a picture raises where a picture is damaged or missing."""

_DECODERS = {"h264": "h264", "h265": "hevc"}  # FFmpeg's names


def open_decoder(video: VideoFormat) -> VideoCodecContext:
    """A decoder of these pictures, in software, on the thread that calls it, without a picture of delay (but for
    B-frames)."""
    context = av.CodecContext.create(_DECODERS[video.codec], "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    context.extradata = video.decoder_configuration
    return context


def decode(context: VideoCodecContext, unit: AccessUnit) -> list[VideoFrame]:
    """The pictures that a unit completes. Raises av.FFmpegError."""
    packet = av.Packet(len(unit.data))  # FFmpeg reads past the end: this one has its padding
    packet.update(unit.data)
    return context.decode(packet)


def last_picture(units: Iterable[AccessUnit]) -> VideoFrame:
    """The last one shown of pictures that follow each other, the first of them a key frame. Raises UNDECODABLE."""
    context: VideoCodecContext | None = None
    frames: list[VideoFrame] = []
    for unit in units:
        context = context or open_decoder(unit.format)
        frames = decode(context, unit) or frames
    if context is not None:
        frames = context.decode(None) or frames
    if not frames:
        raise ValueError("the key frame alone gives no picture")
    return frames[-1]


def jpeg_of(frame: VideoFrame, *, width_max: int | None = None, quality: int = JPEG_QUALITY) -> bytes:
    """A decoded picture as JPEG, scaled down to `width_max` pixels where it is wider. Raises UNDECODABLE."""
    if width_max is not None and frame.width > width_max:
        height = max(round(frame.height * width_max / frame.width / 2) * 2, 2)
        frame = frame.reformat(width=width_max, height=height, format="bgr24", interpolation="AREA", threads=1)
    done, jpeg = cv2.imencode(".jpg", frame.to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the picture could not be written as JPEG")
    return jpeg.tobytes()
