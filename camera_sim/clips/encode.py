"""Pictures to groups and back: libx264 and libx265 through PyAV.

All encoders of one form give the same SPS and PPS, so groups made at different times, by different processes, and
groups begun again in their middle, follow each other in one stream without a word to the decoder.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.clips.recipe import Recipe
from camera_sim.codec import split_annex_b
from camera_sim.errors import EncoderError

_BUFFER_SECONDS = 1
"""Rate control window: a group of one second keeps to the bitrate."""
_X264 = (
    "scenecut=0:repeat-headers=1:open-gop=0:bframes=0:force-cfr=1:aq-mode=1"
    ":colorprim=bt709:transfer=bt709:colormatrix=smpte170m:range=tv"
)
_X265 = (
    "scenecut=0:repeat-headers=1:open-gop=0:bframes=0:aq-mode=1:frame-threads=1:pools=none:log-level=none:info=0"
    ":colorprim=bt709:transfer=bt709:colormatrix=smpte170m:range=limited"
)
_PRESETS = {"h264": "superfast", "h265": "ultrafast"}


class PictureEncoder:
    """One encoder: a picture in, the picture's slices out, at once (no reordering, no lookahead)."""

    def __init__(self, recipe: Recipe) -> None:
        self._codec = recipe.codec
        context = cast(av.VideoCodecContext, av.CodecContext.create(recipe.codec.encoder, "w"))
        context.width, context.height, context.pix_fmt = recipe.width, recipe.height, "yuv420p"
        context.framerate = Fraction(recipe.show.fps)
        context.time_base = Fraction(1, recipe.show.fps)
        context.gop_size = recipe.show.gop_pictures
        context.max_b_frames = 0
        context.bit_rate = recipe.bitrate
        context.thread_count = 1
        kbit = max(1, recipe.bitrate // 1000)
        rate = f":vbv-maxrate={kbit * 3 // 2}:vbv-bufsize={kbit * _BUFFER_SECONDS * 3 // 2}"
        context.options = {
            "preset": _PRESETS[recipe.codec_name],
            "tune": "zerolatency",
            "forced-idr": "1",
            ("x264-params" if recipe.codec_name == "h264" else "x265-params"): (
                _X264 + rate
                if recipe.codec_name == "h264"
                else f"{_X265}:keyint={recipe.show.gop_pictures}:min-keyint={recipe.show.gop_pictures}{rate}"
            ),
        }
        self._context = context
        self._pts = 0
        self.parameter_sets: tuple[bytes, ...] = ()

    def encode(self, frame: av.VideoFrame, *, key: bool) -> Picture:
        """The slices of one picture; `key` makes it an IDR. Raises EncoderError."""
        frame.pts = self._pts
        frame.time_base = self._context.time_base
        frame.pict_type = PictureType.I if key else PictureType.NONE
        self._pts += 1
        try:
            nals = [nal for packet in self._context.encode(frame) for nal in split_annex_b(bytes(packet))]
        except av.FFmpegError as error:
            raise EncoderError(f"{self._codec.encoder}: {error}") from error
        slices = tuple(filter(self._codec.is_slice, nals))
        if not slices or self._codec.is_key(slices[0]) != key:
            kinds = [self._codec.nal_type(nal) for nal in nals]
            due = "IDR" if key else "P"
            raise EncoderError(f"{self._codec.encoder} made NAL units {kinds} where one {due} picture was due")
        if key:
            self.parameter_sets = tuple(filter(self._codec.is_parameter_set, nals))
        return Picture(slices=slices)


def frame_of(i420: NDArray[np.uint8]) -> av.VideoFrame:
    """A frame for the encoder from planes stacked as OpenCV does (3/2 height, width)."""
    return av.VideoFrame.from_ndarray(i420, format="yuv420p")


def begin_again(gop: Gop, recipe: Recipe, first: int) -> Iterator[Picture]:
    """The pictures of a group from `first` on, encoded anew so that `first` is an IDR. Raises EncoderError."""
    encoder = PictureEncoder(recipe)
    for number, frame in enumerate(_decode(gop, recipe)):
        if number < first:
            continue
        picture = encoder.encode(frame, key=number == first)
        if encoder.parameter_sets != gop.parameter_sets:
            raise EncoderError("the encoder made other parameter sets than the cached group has; delete the clip cache")
        yield picture


def _decode(gop: Gop, recipe: Recipe) -> Iterator[av.VideoFrame]:
    context = cast(av.VideoCodecContext, av.CodecContext.create(recipe.codec.decoder, "r"))
    context.thread_count = 1
    for number, picture in enumerate(gop.pictures):
        nals = (gop.parameter_sets if number == 0 else ()) + picture.slices
        data = b"".join(b"\0\0\0\1" + nal for nal in nals)
        packet = av.Packet(len(data))
        packet.update(data)
        try:
            yield from context.decode(packet)
        except av.FFmpegError as error:
            raise EncoderError(f"picture {number} of a cached group does not decode: {error}") from error
