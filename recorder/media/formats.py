"""What differs by codec, by its name: the format that parameter sets describe, and where a container keeps
them."""

from collections.abc import Callable, Sequence

from recorder.media import h264, h265
from recorder.media.access_unit import VideoFormat

_SETS_OF: dict[str, Callable[[bytes], list[bytes]]] = {
    "h264": h264.parameter_sets_of,
    "h265": h265.parameter_sets_of,
}
_FORMATS: dict[str, Callable[[Sequence[bytes]], VideoFormat]] = {"h264": h264.video_format, "h265": h265.video_format}


def video_format(codec: str, parameter_sets: Sequence[bytes]) -> VideoFormat:
    """The format described by the parameter sets of a codec, "h264" or "h265". Raises ParameterSetError."""
    return _FORMATS[codec](parameter_sets)


def parameter_sets_of(codec: str, decoder_configuration: bytes) -> tuple[bytes, ...]:
    """The parameter sets in the body of an avcC or hvcC box. Raises ParameterSetError."""
    return tuple(_SETS_OF[codec](decoder_configuration))
