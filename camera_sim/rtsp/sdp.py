"""The session description of one stream (RFC 4566; RFC 6184 section 8.2.1; RFC 2326 appendix C). Pure."""

import base64
from collections.abc import Sequence

from camera_sim.h264 import profile_level_id
from camera_sim.rtsp.packetizer import PAYLOAD_TYPE

TRACK = "trackID=0"
"""Control address of the only track, relative to Content-Base."""


def describe(*, title: str, session: int, host: str, parameter_sets: Sequence[bytes], fps: int, bitrate: int) -> bytes:
    """The SDP of a live H.264 stream. `parameter_sets`: SPS, PPS, without start codes."""
    sprop = ",".join(base64.b64encode(nal).decode("ascii") for nal in parameter_sets)
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
        f"a=rtpmap:{PAYLOAD_TYPE} H264/90000",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={profile_level_id(parameter_sets[0])};"
        f"sprop-parameter-sets={sprop}",
        f"a=framerate:{fps}",
        f"a=rtcp-fb:{PAYLOAD_TYPE} nack pli",
        f"a=rtcp-fb:{PAYLOAD_TYPE} ccm fir",
        f"a=control:{TRACK}",
        "",
    )
    return "\r\n".join(lines).encode("utf-8")
