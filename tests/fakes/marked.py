"""Coded pictures with their number in an SEI, as the simulator marks them, with or without B-frames: what was shown can
be told exactly."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import numpy as np

from camera_sim import barcode
from camera_sim.marks import PictureMark, build_sei, parse_sei
from recorder.media.access_unit import AccessUnit
from recorder.media.h264 import is_parameter_set, video_format
from recorder.playback.placed import Placed
from tests.fakes.video import EPOCH_NS, TICKS, ns_after, split_annex_b

STATE = "idle"
BARCODE_WIDTH_MIN = 320


@lru_cache(8)
def marked_run(
    pictures: int, gop: int = 15, b_frames: int = 0, *, open_gop: bool = False, width: int = 128
) -> tuple[AccessUnit, ...]:
    """A run from EPOCH_NS on in decode order; picture n is shown n pictures after its beginning. It is grey all over
    (`luma_of`) but for the simulator's barcode, which is there in pictures wide enough for it."""
    height = width * 9 // 16
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 90_000), Fraction(90_000, TICKS)
    context.gop_size, context.max_b_frames, context.thread_count = gop, b_frames, 1
    context.options = {
        "preset": "superfast",
        "x264-params": f"scenecut=0:b-adapt=0:bframes={b_frames}:open-gop={int(open_gop)}:log-level=none",
    }
    packets = []
    for number in range(pictures):
        luma = np.full((height, width), luma_of(number), np.uint8)
        if width >= BARCODE_WIDTH_MIN:
            barcode.draw(luma, number)
        planes = np.concatenate([luma, np.full((height // 2, width), 128, np.uint8)])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number * TICKS
        packets += context.encode(frame)
    packets += context.encode(None)
    nals = [split_annex_b(bytes(packet)) for packet in packets]
    form = video_format([nal for picture in nals for nal in picture if is_parameter_set(nal)][:2])
    units: list[AccessUnit] = []
    latest = 0
    for order, (packet, picture) in enumerate(zip(packets, nals, strict=True)):
        latest = max(latest, packet.pts)
        units.append(
            AccessUnit(
                format=form,
                data=_sample([_mark(packet.pts // TICKS), *filter(_belongs, picture)]),
                key=packet.is_keyframe,
                run=1,
                pts_90k=packet.pts,
                utc_ns=EPOCH_NS + ns_after(latest // TICKS),
                arrival_ns=ns_after(order),
                composition_90k=packet.pts - order * TICKS,
            )
        )
    return tuple(units)


def luma_of(number: int) -> int:
    """The grey of a picture: no two within twenty pictures have nearly the same."""
    return 40 + number * 7 % 160


def renumbered(units: Sequence[AccessUnit], seconds: float, run: int, first: int) -> list[AccessUnit]:
    """The same pictures so much later, as another run, with other numbers."""
    ns = round(seconds * 1e9)
    return [
        replace(
            unit,
            utc_ns=unit.utc_ns + ns,
            run=run,
            data=_sample([_mark(first + number_of(unit)), *_nals(unit.data)[1:]]),
        )
        for unit in units
    ]


def number_of(unit: AccessUnit) -> int:
    """The picture's number, out of its SEI."""
    return number_of_data(unit.data)


def number_of_data(data: bytes) -> int:
    """The same of a coded picture."""
    mark = parse_sei(_nals(data)[0])
    assert mark is not None
    return mark.n


def decoded_numbers(pictures: Iterable[Placed]) -> dict[int, int]:
    """What a decoder makes of pictures from a key picture on: the number of each by when it is shown."""
    context: Any = None
    frames: list[Any] = []
    for unit, shown_us in pictures:
        if context is None:
            context = av.CodecContext.create("h264", "r")
            context.thread_count, context.extradata = 1, unit.format.decoder_configuration
        packet = av.Packet(unit.data)
        packet.pts = shown_us
        frames += context.decode(packet)
    frames += context.decode(None) if context is not None else []
    return {frame.pts: _number(frame) for frame in frames if not frame.is_corrupt}


def _number(frame: Any) -> int:
    mark = parse_sei(bytes(frame.side_data.get("SEI_UNREGISTERED")))
    assert mark is not None
    return mark.n


def _mark(number: int) -> bytes:
    return build_sei(
        PictureMark(camera="cam1", stream="main", n=number, counter=number, utc_us=0, state=STATE, crc32=0)
    )


def _belongs(nal: bytes) -> bool:
    """Not what is told elsewhere, nor the encoder's own mark."""
    return not is_parameter_set(nal) and b"x264" not in nal[:64]


def _sample(nals: Iterable[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)


def _nals(sample: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        found.append(sample[at + 4 : at + 4 + size])
        at += 4 + size
    return found
