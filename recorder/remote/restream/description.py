"""The session description of one stream (RFC 8866; RFC 6184 section 8.2, RFC 7798 section 7.2, RFC 3640 section 4.1).
Pure."""

import base64

from recorder.media.access_unit import TIMESCALE, SoundFormat, VideoFormat
from recorder.remote.restream.packets import SOUND_TYPE, VIDEO_TYPE

VIDEO_TRACK, SOUND_TRACK = "video", "sound"
"""The tracks' names in addresses."""

_H265_SETS = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}


def description(video: VideoFormat, *, host: str, name: str) -> bytes:
    """The SDP. `host`: the address that the client used; `name`: shown by players."""
    family = "IP6" if ":" in host else "IP4"
    title = name.replace("\r", " ").replace("\n", " ") or "-"
    lines = [
        "v=0", f"o=- 1 1 IN {family} {host}", f"s={title}", f"c=IN {family} {'::' if family == 'IP6' else '0.0.0.0'}",
        "t=0 0", "a=control:*", "a=range:npt=now-",
        f"m=video 0 RTP/AVP {VIDEO_TYPE}",
        f"a=rtpmap:{VIDEO_TYPE} {video.codec.upper()}/{TIMESCALE}",
        f"a=fmtp:{VIDEO_TYPE} {_video_parameters(video)}",
        f"a=framesize:{VIDEO_TYPE} {video.width}-{video.height}",
        f"a=control:{VIDEO_TRACK}",
    ]  # fmt: skip
    if video.sound is not None:
        lines += [
            f"m=audio 0 RTP/AVP {SOUND_TYPE}",
            f"a=rtpmap:{SOUND_TYPE} MPEG4-GENERIC/{video.sound.rate}/{video.sound.channels}",
            f"a=fmtp:{SOUND_TYPE} {_sound_parameters(video.sound)}",
            f"a=control:{SOUND_TRACK}",
        ]
    return ("\r\n".join(lines) + "\r\n").encode()


def _video_parameters(video: VideoFormat) -> str:
    sets = [(nal, base64.b64encode(nal).decode()) for nal in video.parameter_sets]
    if video.codec == "h265":
        by_name: dict[str, list[str]] = {}
        for nal, text in sets:
            by_name.setdefault(_H265_SETS[nal[0] >> 1 & 0x3F], []).append(text)
        return ";".join(f"{name}={','.join(texts)}" for name, texts in by_name.items())
    profile = video.parameter_sets[0][1:4].hex().upper()
    return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(text for _, text in sets)}"


def _sound_parameters(sound: SoundFormat) -> str:
    return (
        "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;"
        f"config={sound.config.hex().upper()}"
    )
