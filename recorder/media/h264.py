"""H.264: parameter sets and NAL unit types (ITU-T H.264 sections 7.3 and 7.4, ISO/IEC 14496-15 section 5.3.3).

Pure functions over NAL units without start code. What a camera sends may be anything: ParameterSetError is the only
error that leaves this module.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from recorder.media.access_unit import VideoFormat
from recorder.media.bits import BitReader, sei_messages, without_emulation_prevention
from recorder.media.errors import ParameterSetError

SLICE, SLICE_A, IDR, SEI, SPS, PPS, AUD = 1, 2, 5, 6, 7, 8, 9
"""nal_unit_type values (table 7-1)."""

_SEI_RECOVERY_POINT = 6
_SPS_MAX, _PPS_MAX = 31, 255  # what avcC can count
_BYTES_MAX = 0xFFFF  # what avcC can measure
_ID_BYTES_MAX = 8
_SIDE_MBS_MAX = 1055  # section A.3: sqrt(8 * MaxFS) of level 6.2
_CHROMA_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_WITHOUT_AVCC_TAIL = frozenset({66, 77, 88})


def nal_type(nal: bytes) -> int:
    """nal_unit_type of a NAL unit; 0 (unspecified) for an empty one."""
    return nal[0] & 0x1F if nal else 0


def is_slice(nal: bytes) -> bool:
    """Whether the NAL unit is a coded slice or slice partition: picture data (types 1 to 5)."""
    return SLICE <= nal_type(nal) <= IDR


def is_idr(nal: bytes) -> bool:
    """Whether the NAL unit is a slice of an IDR picture."""
    return nal_type(nal) == IDR


def is_parameter_set(nal: bytes) -> bool:
    """Whether the NAL unit is an SPS or a PPS."""
    return nal_type(nal) in (SPS, PPS)


def recovery_frame_count(nal: bytes) -> int | None:
    """recovery_frame_cnt of a recovery point SEI (section D.2.8): pictures until the output is right; None if the NAL
    unit holds no such message. Decoding may begin at such a picture where a camera sends no IDR."""
    if nal_type(nal) != SEI:
        return None
    for kind, payload in sei_messages(nal[1:]):
        if kind == _SEI_RECOVERY_POINT:
            try:
                return BitReader(payload).ue()
            except ParameterSetError:
                return None
    return None


def parameter_set_id(nal: bytes) -> int | None:
    """seq_parameter_set_id of an SPS, pic_parameter_set_id of a PPS; None where it cannot be read."""
    # profile_idc, constraint flags and level_idc come before the id of an SPS; the id of a PPS comes first
    try:
        return BitReader(nal[4 if nal_type(nal) == SPS else 1 :][:_ID_BYTES_MAX]).ue()
    except ParameterSetError:
        return None


def video_format(parameter_sets: Sequence[bytes]) -> VideoFormat:
    """The format described by SPS and PPS NAL units, in any order; equal sets give equal formats.

    Width, height and profile are those of the first SPS. Raises ParameterSetError if one is missing, malformed, or a
    PPS belongs to none of the SPS.
    """
    sps_nals = list(dict.fromkeys(bytes(nal) for nal in parameter_sets if nal_type(nal) == SPS))
    pps_nals = list(dict.fromkeys(bytes(nal) for nal in parameter_sets if nal_type(nal) == PPS))
    for nal in parameter_sets:
        if not is_parameter_set(nal):
            raise ParameterSetError(f"a NAL unit of type {nal_type(nal)} is no parameter set")
    if not sps_nals or not pps_nals:
        raise ParameterSetError(f"the {'PPS' if sps_nals else 'SPS'} is missing")
    if len(sps_nals) > _SPS_MAX or len(pps_nals) > _PPS_MAX or max(map(len, sps_nals + pps_nals)) > _BYTES_MAX:
        raise ParameterSetError("more or longer parameter sets than an avcC box can hold")
    parsed = [_parse_sps(nal) for nal in sps_nals]
    ids = {sps.id for sps in parsed}
    for nal in pps_nals:
        if (wanted := _sps_id_of_pps(nal)) not in ids:
            raise ParameterSetError(f"a PPS belongs to SPS {wanted}, which is missing")
    first = parsed[0]
    return VideoFormat(
        codec="h264",
        parameter_sets=(*sps_nals, *pps_nals),
        width=first.width,
        height=first.height,
        decoder_configuration=_avcc(first, sps_nals, pps_nals),
        codecs=f"avc1.{sps_nals[0][1:4].hex().upper()}",
    )


def parameter_sets_of(decoder_configuration: bytes) -> list[bytes]:
    """The SPS and PPS NAL units in the body of an avcC box. Raises ParameterSetError."""
    nals: list[bytes] = []
    position = 5
    for mask in (0x1F, 0xFF):
        if position >= len(decoder_configuration):
            raise ParameterSetError("an avcC box ends too early")
        count, position = decoder_configuration[position] & mask, position + 1
        for _ in range(count):
            size = int.from_bytes(decoder_configuration[position : position + 2], "big")
            nals.append(decoder_configuration[position + 2 : position + 2 + size])
            position += 2 + size
    if position > len(decoder_configuration):
        raise ParameterSetError("an avcC box ends too early")
    return nals


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sps:
    id: int
    profile: int
    chroma_format: int
    bit_depth_luma: int
    bit_depth_chroma: int
    width: int
    height: int


def _parse_sps(nal: bytes) -> _Sps:
    if len(nal) < 5:
        raise ParameterSetError(f"an SPS of {len(nal)} bytes is too short")
    profile = nal[1]
    bits = BitReader(without_emulation_prevention(nal[4:]))
    sps_id = bits.ue_max(31, "seq_parameter_set_id")
    chroma, luma_depth, chroma_depth, separate_planes = 1, 0, 0, False
    if profile in _CHROMA_PROFILES:
        chroma = bits.ue_max(3, "chroma_format_idc")
        separate_planes = chroma == 3 and bool(bits.u(1))
        luma_depth = bits.ue_max(6, "bit_depth_luma_minus8")
        chroma_depth = bits.ue_max(6, "bit_depth_chroma_minus8")
        bits.u(1)  # qpprime_y_zero_transform_bypass_flag
        if bits.u(1):
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    _skip_picture_order(bits)
    bits.ue_max(16, "max_num_ref_frames")
    bits.u(1)  # gaps_in_frame_num_value_allowed_flag
    width, height = _picture_size(bits, 0 if separate_planes else chroma)
    return _Sps(
        id=sps_id,
        profile=profile,
        chroma_format=chroma,
        bit_depth_luma=luma_depth + 8,
        bit_depth_chroma=chroma_depth + 8,
        width=width,
        height=height,
    )


def _skip_scaling_lists(bits: BitReader, lists: int) -> None:
    """scaling_list(), section 7.3.2.1.1.1."""
    for index in range(lists):
        if not bits.u(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _skip_picture_order(bits: BitReader) -> None:
    bits.ue_max(12, "log2_max_frame_num_minus4")
    order = bits.ue_max(2, "pic_order_cnt_type")
    if order == 0:
        bits.ue_max(12, "log2_max_pic_order_cnt_lsb_minus4")
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue_max(255, "num_ref_frames_in_pic_order_cnt_cycle")):
            bits.se()


def _picture_size(bits: BitReader, chroma_array_type: int) -> tuple[int, int]:
    """Width and height in luma samples after cropping (equations 7-13 to 7-22)."""
    width = (bits.ue_max(_SIDE_MBS_MAX - 1, "pic_width_in_mbs_minus1") + 1) * 16
    height_map_units = bits.ue_max(_SIDE_MBS_MAX - 1, "pic_height_in_map_units_minus1") + 1
    frame_mbs_only = bits.u(1)
    height = height_map_units * 16 * (2 - frame_mbs_only)
    if not frame_mbs_only:
        bits.u(1)  # mb_adaptive_frame_field_flag
    bits.u(1)  # direct_8x8_inference_flag
    if bits.u(1):
        unit_x = 2 if chroma_array_type in (1, 2) else 1
        unit_y = (2 if chroma_array_type == 1 else 1) * (2 - frame_mbs_only)
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise ParameterSetError("an SPS crops the whole picture away")
    return width, height


def _sps_id_of_pps(nal: bytes) -> int:
    bits = BitReader(without_emulation_prevention(nal[1:]))
    bits.ue_max(255, "pic_parameter_set_id")
    return bits.ue_max(31, "seq_parameter_set_id")


def _avcc(sps: _Sps, sps_nals: Sequence[bytes], pps_nals: Sequence[bytes]) -> bytes:
    """AVCDecoderConfigurationRecord with lengths of four bytes."""
    parts = [b"\x01", sps_nals[0][1:4], bytes([0xFC | 3, 0xE0 | len(sps_nals)])]
    parts += [struct.pack(">H", len(nal)) + nal for nal in sps_nals]
    parts.append(bytes([len(pps_nals)]))
    parts += [struct.pack(">H", len(nal)) + nal for nal in pps_nals]
    if sps.profile not in _WITHOUT_AVCC_TAIL:
        parts.append(
            bytes([0xFC | sps.chroma_format, 0xF8 | (sps.bit_depth_luma - 8), 0xF8 | (sps.bit_depth_chroma - 8), 0])
        )
    return b"".join(parts)
