"""Pictures to H.264 groups and back: libx264 through PyAV.

All encoders of one form give the same SPS and PPS, so groups made at different times, by different processes, and
groups begun again in their middle, follow each other in one stream without a word to the decoder.
"""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.clips.recipe import Recipe
from camera_sim.errors import EncoderError
from camera_sim.h264 import NAL_IDR, NAL_PPS, NAL_SLICE, NAL_SPS, nal_type, split_annex_b

_BUFFER_SECONDS = 1
"""Rate control window: a group of one second keeps to the bitrate."""
_X264 = (
    "scenecut=0:repeat-headers=1:open-gop=0:bframes=0:force-cfr=1:aq-mode=1"
    ":colorprim=bt709:transfer=bt709:colormatrix=smpte170m:range=tv"
)


class PictureEncoder:
    """One libx264 encoder: a picture in, the picture's slices out, at once (no reordering, no lookahead)."""

    def __init__(self, recipe: Recipe) -> None:
        context = av.CodecContext.create("libx264", "w")
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
            "preset": "superfast",
            "tune": "zerolatency",
            "forced-idr": "1",
            "x264-params": _X264 + rate,
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
            raise EncoderError(f"libx264: {error}") from error
        kinds = [nal_type(nal) for nal in nals]
        slices = tuple(nal for nal, kind in zip(nals, kinds, strict=True) if kind in (NAL_SLICE, NAL_IDR))
        if not slices or (NAL_IDR in kinds) != key:
            raise EncoderError(f"libx264 made NAL units {kinds} where one {'IDR' if key else 'P'} picture was due")
        if key:
            self.parameter_sets = tuple(
                nal for nal, kind in zip(nals, kinds, strict=True) if kind in (NAL_SPS, NAL_PPS)
            )
        return Picture(slices=slices)


def frame_of(i420: NDArray[np.uint8]) -> av.VideoFrame:
    """A frame for the encoder from planes stacked as OpenCV does (3/2 height, width)."""
    return av.VideoFrame.from_ndarray(i420, format="yuv420p")


def encode_gop(encoder: PictureEncoder, pictures: Iterator[NDArray[np.uint8]]) -> Gop:
    """A group from its pictures (I420). Raises EncoderError."""
    made = tuple(encoder.encode(frame_of(picture), key=number == 0) for number, picture in enumerate(pictures))
    return Gop(parameter_sets=encoder.parameter_sets, pictures=made)


def begin_again(gop: Gop, recipe: Recipe, first: int) -> Iterator[Picture]:
    """The pictures of a group from `first` on, encoded anew so that `first` is an IDR. Raises EncoderError."""
    encoder = PictureEncoder(recipe)
    for number, frame in enumerate(_decode(gop)):
        if number < first:
            continue
        picture = encoder.encode(frame, key=number == first)
        if encoder.parameter_sets != gop.parameter_sets:
            raise EncoderError("libx264 made other parameter sets than the cached group has; delete the clip cache")
        yield picture


def _decode(gop: Gop) -> Iterator[av.VideoFrame]:
    context = av.CodecContext.create("h264", "r")
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
