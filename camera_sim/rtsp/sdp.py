"""The session description of one stream (RFC 4566; RFC 6184 section 8.2.1; RFC 7798 section 7.1; RFC 3640 section 4.1;
RFC 2326 appendix C). Pure."""

import base64
from collections.abc import Sequence

from camera_sim.codec import H264, H265, Codec, profile_level_id
from camera_sim.rtsp.packetizer import PAYLOAD_TYPE
from camera_sim.sound.form import SoundForm

TRACKS = ("trackID=0", "trackID=1")
"""Control addresses of pictures and sound, relative to Content-Base."""
_AAC_CONFIG = "1288"
"""AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1): AAC LC, 32 kHz, one channel."""


def describe(
    *,
    title: str,
    session: int,
    host: str,
    parameter_sets: Sequence[bytes],
    fps: float,
    bitrate: int,
    codec: Codec = H264,
    sound: SoundForm | None = None,
) -> bytes:
    """The SDP of a live stream. `parameter_sets`: in the order they are sent, without start codes; may be empty."""
    family = "IP6" if ":" in host else "IP4"
    anywhere = "::" if family == "IP6" else "0.0.0.0"
    lines = (
        "v=0",
        f"o=- {session} 1 IN {family} {host}",
        f"s={title}",
        f"c=IN {family} {anywhere}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"b=AS:{-(-bitrate // 1000)}",
        f"a=rtpmap:{PAYLOAD_TYPE} {codec.name.upper()}/90000",
        *_format(parameter_sets, codec),
        f"a=framerate:{fps:g}",
        f"a=rtcp-fb:{PAYLOAD_TYPE} nack pli",
        f"a=rtcp-fb:{PAYLOAD_TYPE} ccm fir",
        f"a=control:{TRACKS[0]}",
        *(_sound(sound) if sound else ()),
        "",
    )
    return "\r\n".join(lines).encode("utf-8")


def _sound(form: SoundForm) -> list[str]:
    """The lines of the sound (RFC 3640 section 4.1, RFC 3551 section 6)."""
    number = form.payload_type
    sizes = "sizelength=13;indexlength=3;indexdeltalength=3"
    aac = f"streamtype=5;profile-level-id=1;mode=AAC-hbr;{sizes};config={_AAC_CONFIG}"
    return [
        f"m=audio 0 RTP/AVP {number}",
        f"b=AS:{form.bits_per_second // 1000}",
        f"a=rtpmap:{number} {form.rtpmap}",
        *([f"a=fmtp:{number} {aac}"] if form.name == "aac" else []),
        f"a=control:{TRACKS[1]}",
    ]


def _format(parameter_sets: Sequence[bytes], codec: Codec) -> list[str]:
    """The `fmtp` line, if there is anything to say."""
    if codec is H265:
        names = ("sprop-vps", "sprop-sps", "sprop-pps")
        values = [
            f"{name}={_base64([nal for nal in parameter_sets if codec.nal_type(nal) == kind])}"
            for name, kind in zip(names, codec.parameter_sets, strict=True)
        ]
        return [f"a=fmtp:{PAYLOAD_TYPE} {';'.join(values)}"] if parameter_sets else []
    values = ["packetization-mode=1"]
    if parameter_sets:
        values += [
            f"profile-level-id={profile_level_id(parameter_sets[0])}",
            f"sprop-parameter-sets={_base64(parameter_sets)}",
        ]
    return [f"a=fmtp:{PAYLOAD_TYPE} {';'.join(values)}"]


def _base64(nals: Sequence[bytes]) -> str:
    return ",".join(base64.b64encode(nal).decode("ascii") for nal in nals)
