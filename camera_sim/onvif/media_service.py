"""Media (ver10) and Media2 (ver20): profiles, addresses of streams and snapshots, key frames on request."""

from camera_sim.onvif import names
from camera_sim.onvif.answers import say
from camera_sim.onvif.camera import OnvifCamera, Profile
from camera_sim.onvif.service import Answer, Asked, Service, about_profile, plain
from camera_sim.onvif.soap import bad_argument

_PROTOCOLS = ("UDP", "TCP", "RTSP")
_PROTOCOLS_2 = ("RtspUnicast", "RTSP")
_KINDS_2 = {"All", "VideoSource", "VideoEncoder", "AudioSource", "AudioEncoder", "AudioOutput", "AudioDecoder",
            "Metadata", "Analytics", "PTZ", "Receiver"}  # fmt: skip


def _by_encoder(camera: OnvifCamera, token: str | None) -> Profile:
    profile = next((one for one in camera.profiles if one.encoder_token == token), None)
    if profile is None:
        raise bad_argument("ter:NoConfig", "there is no such configuration")
    return profile


def _stream_uri(asked: Asked) -> str:
    profile = asked.profile()
    if asked.call.text("StreamSetup/Stream") != "RTP-Unicast" or (
        asked.call.text("StreamSetup/Transport/Protocol") not in _PROTOCOLS
    ):
        raise bad_argument("ter:InvalidStreamSetup", "unicast over UDP, TCP or RTSP is all there is")
    return say("media", "GetStreamUri", asked.camera, profile)


def _encoder(asked: Asked) -> str:
    profile = _by_encoder(asked.camera, asked.call.text("ConfigurationToken"))
    if profile.codec != "h264":
        raise bad_argument("ter:NoConfig", "this service has no word for H.265; ask Media2")
    return say("media", "GetVideoEncoderConfiguration", asked.camera, profile)


def _options(asked: Asked) -> str:
    token = asked.call.text("ConfigurationToken")
    if token is not None:
        profile = _by_encoder(asked.camera, token)
    else:
        wanted = asked.call.text("ProfileToken")
        profile = asked.profile() if wanted is not None else asked.camera.profiles[0]
    return say("media", "GetVideoEncoderConfigurationOptions", asked.camera, profile)


def _key_frame(service: str) -> Answer:
    def answer(asked: Asked) -> str:
        asked.camera.want_key(asked.profile())
        return say(service, "SetSynchronizationPoint", asked.camera)

    return answer


def _profiles_2(asked: Asked) -> str:
    token = asked.call.text("Token")
    profiles = asked.camera.profiles if token is None else (asked.profile("Token"),)
    types = {(one.text or "").strip() for one in asked.call.body if str(one.tag).endswith("}Type")}
    if types - _KINDS_2:
        raise bad_argument("ter:InvalidArgs", "there is no such kind of configuration")
    return say("media2", "GetProfiles", asked.camera, profiles, types)


def _stream_uri_2(asked: Asked) -> str:
    profile = asked.profile()
    if asked.call.text("Protocol") not in _PROTOCOLS_2:
        raise bad_argument("ter:InvalidStreamSetup", "RtspUnicast and RTSP are all there is")
    return say("media2", "GetStreamUri", asked.camera, profile)


def _options_2(asked: Asked) -> str:
    token = asked.call.text("ConfigurationToken")
    profiles = asked.camera.profiles if token is None else (_by_encoder(asked.camera, token),)
    return say("media2", "GetVideoEncoderConfigurationOptions", asked.camera, profiles)


MEDIA = Service(
    name="media",
    namespace=names.MEDIA,
    path="/onvif/media_service",
    version=(2, 60),
    answers={
        operation: plain("media", operation)
        for operation in (
            "GetServiceCapabilities",
            "GetProfiles",
            "GetVideoSources",
            "GetVideoSourceConfigurations",
            "GetVideoEncoderConfigurations",
            "GetAudioSources",
            "GetAudioSourceConfigurations",
            "GetAudioEncoderConfigurations",
        )
    }
    | {operation: about_profile("media", operation) for operation in ("GetProfile", "GetSnapshotUri")}
    | {
        "GetStreamUri": _stream_uri,
        "GetVideoEncoderConfiguration": _encoder,
        "GetVideoEncoderConfigurationOptions": _options,
        "SetSynchronizationPoint": _key_frame("media"),
    },
)
MEDIA2 = Service(
    name="media2",
    namespace=names.MEDIA2,
    path="/onvif/media2_service",
    version=(2, 60),
    answers={
        operation: plain("media2", operation)
        for operation in ("GetServiceCapabilities", "GetVideoSourceConfigurations", "GetVideoEncoderConfigurations")
    }
    | {
        "GetProfiles": _profiles_2,
        "GetStreamUri": _stream_uri_2,
        "GetSnapshotUri": about_profile("media2", "GetSnapshotUri"),
        "GetVideoEncoderConfigurationOptions": _options_2,
        "SetSynchronizationPoint": _key_frame("media2"),
    },
    has=lambda camera: camera.personality.media2,
)
