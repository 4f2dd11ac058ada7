"""H.265: parameter sets and NAL unit types (ITU-T H.265 sections 7.3 and 7.4, ISO/IEC 14496-15 section 8.3.3).

Pure functions over NAL units without start code. What a camera sends may be anything: ParameterSetError is the only
error that leaves this module.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from recorder.media.access_unit import VideoFormat
from recorder.media.bits import BitReader, sei_messages, without_emulation_prevention
from recorder.media.errors import ParameterSetError

VPS, SPS, PPS, AUD, FILLER, PREFIX_SEI = 32, 33, 34, 35, 38, 39
"""nal_unit_type values (table 7-1)."""
VCL = range(32)
"""Coded slices, known and reserved ones."""
RASL = range(8, 10)
"""Leading pictures that need what came before the CRA picture they belong to."""
IRAP = range(16, 22)
"""Pictures at which decoding may begin: BLA, IDR, CRA."""

_SEI_RECOVERY_POINT = 6
_SUB_LAYERS_MAX = 7
_SIDE_MAX = 16888  # section A.4.1: sqrt(8 * MaxLumaPs) of level 6.2
_PROFILE_BITS, _LEVEL_BITS = 88, 8
_NALS_MAX = 64  # more than the standard's ids can tell apart
_BYTES_MAX = 0xFFFF  # what hvcC can measure
_PROFILE_SPACES = ("", "A", "B", "C")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sps:
    """`profile_tier_level`: the 12 bytes from general_profile_space to general_level_idc."""

    id: int
    vps_id: int
    sub_layers: int
    nested: int
    profile_tier_level: bytes
    chroma_format: int
    bit_depth_luma: int
    bit_depth_chroma: int
    width: int
    height: int


def nal_type(nal: bytes) -> int:
    """nal_unit_type of a NAL unit; 63 (unspecified) for one without a header."""
    return nal[0] >> 1 & 0x3F if len(nal) >= 2 else 63


def is_parameter_set(nal: bytes) -> bool:
    """Whether the NAL unit is a VPS, an SPS or a PPS."""
    return VPS <= nal_type(nal) <= PPS


def has_recovery_point(nal: bytes) -> bool:
    """Whether the NAL unit is an SEI with a recovery point (section D.3.8): decoding may begin there where a camera
    sends no IRAP picture."""
    return nal_type(nal) == PREFIX_SEI and any(kind == _SEI_RECOVERY_POINT for kind, _ in sei_messages(nal[2:]))


def parameter_set_id(nal: bytes) -> int | None:
    """The id of a VPS, SPS or PPS; None where it cannot be read."""
    try:
        match nal_type(nal):
            case 32:
                return nal[2] >> 4 if len(nal) > 2 else None
            case 33:
                return _parse_sps_head(nal)[0]
            case _:
                return BitReader(without_emulation_prevention(nal[2:10])).ue()
    except ParameterSetError:
        return None


def video_format(parameter_sets: Sequence[bytes]) -> VideoFormat:
    """The format described by VPS, SPS and PPS NAL units, in any order; equal sets give equal formats.

    Width, height and profile are those of the first SPS. Raises ParameterSetError if one is missing, malformed, or
    belongs to a set that is missing.
    """
    for nal in parameter_sets:
        if not is_parameter_set(nal):
            raise ParameterSetError(f"a NAL unit of type {nal_type(nal)} is no parameter set")
    by_kind = {
        kind: list(dict.fromkeys(bytes(nal) for nal in parameter_sets if nal_type(nal) == kind))
        for kind in (VPS, SPS, PPS)
    }
    for kind, name in ((VPS, "VPS"), (SPS, "SPS"), (PPS, "PPS")):
        if not by_kind[kind]:
            raise ParameterSetError(f"the {name} is missing")
    if max(map(len, by_kind.values())) > _NALS_MAX or max(map(len, parameter_sets)) > _BYTES_MAX:
        raise ParameterSetError("more or longer parameter sets than a camera has use for")
    parsed = [_parse_sps(nal) for nal in by_kind[SPS]]
    vps_ids = {parameter_set_id(nal) for nal in by_kind[VPS]}
    for sps in parsed:
        if sps.vps_id not in vps_ids:
            raise ParameterSetError(f"an SPS belongs to VPS {sps.vps_id}, which is missing")
    ids = {sps.id for sps in parsed}
    for nal in by_kind[PPS]:
        if (wanted := _sps_id_of_pps(nal)) not in ids:
            raise ParameterSetError(f"a PPS belongs to SPS {wanted}, which is missing")
    first = parsed[0]
    return VideoFormat(
        codec="h265",
        parameter_sets=(*by_kind[VPS], *by_kind[SPS], *by_kind[PPS]),
        width=first.width,
        height=first.height,
        decoder_configuration=_hvcc(first, by_kind),
        codecs=_codecs(first.profile_tier_level),
    )


def parameter_sets_of(decoder_configuration: bytes) -> list[bytes]:
    """The VPS, SPS and PPS NAL units in the body of an hvcC box. Raises ParameterSetError."""
    body = decoder_configuration
    nals: list[bytes] = []
    position = 23
    for _ in range(body[22] if len(body) > 22 else 1):
        count = int.from_bytes(body[position + 1 : position + 3], "big")
        position += 3
        for _ in range(count):
            if position + 2 > len(body):
                break
            size = int.from_bytes(body[position : position + 2], "big")
            nals.append(body[position + 2 : position + 2 + size])
            position += 2 + size
        if position > len(body):
            raise ParameterSetError("an hvcC box ends too early")
    return [nal for nal in nals if is_parameter_set(nal)]


def _parse_sps_head(nal: bytes) -> tuple[int, int, int, int, bytes, BitReader]:
    """sps_seq_parameter_set_id, VPS id, sub-layers, nesting flag, profile_tier_level, and the reader after the id."""
    rbsp = without_emulation_prevention(nal[2:])
    if len(rbsp) < 14:
        raise ParameterSetError(f"an SPS of {len(nal)} bytes is too short")
    vps_id, sub_layers, nested = rbsp[0] >> 4, (rbsp[0] >> 1 & 7) + 1, rbsp[0] & 1
    if sub_layers > _SUB_LAYERS_MAX:
        raise ParameterSetError(f"an SPS has {sub_layers} sub-layers, more than {_SUB_LAYERS_MAX}")
    bits = BitReader(rbsp[13:])
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers - 1)]
    if present:
        bits.skip(2 * (8 - len(present)))
    for profile, level in present:
        bits.skip(profile * _PROFILE_BITS + level * _LEVEL_BITS)
    return bits.ue_max(15, "sps_seq_parameter_set_id"), vps_id, sub_layers, nested, rbsp[1:13], bits


def _parse_sps(nal: bytes) -> _Sps:
    """seq_parameter_set_rbsp (section 7.3.2.2.1), as far as the bit depths."""
    sps_id, vps_id, sub_layers, nested, profile_tier_level, bits = _parse_sps_head(nal)
    chroma = bits.ue_max(3, "chroma_format_idc")
    separate_planes = chroma == 3 and bool(bits.u(1))
    width = bits.ue_max(_SIDE_MAX, "pic_width_in_luma_samples")
    height = bits.ue_max(_SIDE_MAX, "pic_height_in_luma_samples")
    if bits.u(1):
        unit_x = 2 if chroma in (1, 2) and not separate_planes else 1
        unit_y = 2 if chroma == 1 and not separate_planes else 1
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise ParameterSetError("an SPS describes an empty picture")
    return _Sps(
        id=sps_id,
        vps_id=vps_id,
        sub_layers=sub_layers,
        nested=nested,
        profile_tier_level=profile_tier_level,
        chroma_format=chroma,
        bit_depth_luma=bits.ue_max(7, "bit_depth_luma_minus8") + 8,
        bit_depth_chroma=bits.ue_max(7, "bit_depth_chroma_minus8") + 8,
        width=width,
        height=height,
    )


def _sps_id_of_pps(nal: bytes) -> int:
    bits = BitReader(without_emulation_prevention(nal[2:]))
    bits.ue_max(63, "pps_pic_parameter_set_id")
    return bits.ue_max(15, "pps_seq_parameter_set_id")


def _hvcc(sps: _Sps, nals: dict[int, list[bytes]]) -> bytes:
    """HEVCDecoderConfigurationRecord with lengths of four bytes; all sets are in it (array_completeness)."""
    head = struct.pack(
        ">B12sHBBBBHBB",
        1,
        sps.profile_tier_level,
        0xF000,
        0xFC,
        0xFC | sps.chroma_format,
        0xF8 | (sps.bit_depth_luma - 8),
        0xF8 | (sps.bit_depth_chroma - 8),
        0,
        sps.sub_layers << 3 | sps.nested << 2 | 3,
        len(nals),
    )
    parts = [head]
    for kind, units in nals.items():
        parts.append(struct.pack(">BH", 0x80 | kind, len(units)))
        parts += [struct.pack(">H", len(nal)) + nal for nal in units]
    return b"".join(parts)


def _codecs(profile_tier_level: bytes) -> str:
    """The RFC 6381 string (ISO/IEC 14496-15 annex E.3), e.g. hvc1.1.6.L93.B0."""
    space, tier, profile = (
        profile_tier_level[0] >> 6,
        profile_tier_level[0] >> 5 & 1,
        profile_tier_level[0] & 0x1F,
    )
    compatibility = int(f"{int.from_bytes(profile_tier_level[1:5], 'big'):032b}"[::-1], 2)
    constraints = "".join(f".{byte:02X}" for byte in profile_tier_level[5:11].rstrip(b"\x00"))
    level = f"{'H' if tier else 'L'}{profile_tier_level[11]}"
    return f"hvc1.{_PROFILE_SPACES[space]}{profile}.{compatibility:X}.{level}{constraints}"
