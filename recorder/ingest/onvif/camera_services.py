"""What is asked of a camera beside its streams, one function a wish. Each raises IngestError."""

from recorder.ingest.errors import UnsupportedError
from recorder.ingest.onvif import names, replies, soap
from recorder.ingest.onvif.client import OnvifClient
from recorder.ingest.onvif.replies import DeviceInformation, Preset, Profile

_STREAM_SETUP = (
    f'<StreamSetup><Stream xmlns="{names.TT}">RTP-Unicast</Stream>'
    f'<Transport xmlns="{names.TT}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
)


async def device_information(client: OnvifClient) -> DeviceInformation:
    """Who the camera is."""
    return replies.device_information(await client.ask(names.DEVICE, "GetDeviceInformation"))


async def profiles(client: OnvifClient) -> tuple[Profile, ...]:
    """What it shows, in the camera's order; by Media2 where there is one, which knows H.265."""
    if client.has(names.MEDIA2):
        found = replies.profiles2(await client.ask(names.MEDIA2, "GetProfiles", soap.given("Type", "VideoEncoder")))
        if found:
            return found
    return replies.profiles(await client.ask(names.MEDIA, "GetProfiles"))


async def stream_uri(client: OnvifClient, profile: Profile) -> str:
    """The RTSP address of a profile, on the camera's own host; without a login in it. Empty if there is none."""
    token = soap.given("ProfileToken", profile.token)
    if client.has(names.MEDIA):
        told = replies.stream_uri(await client.ask(names.MEDIA, "GetStreamUri", _STREAM_SETUP + token))
    else:
        wish = soap.given("Protocol", "RtspUnicast") + token
        told = replies.stream_uri(await client.ask(names.MEDIA2, "GetStreamUri", wish))
    return client.stream_here(told) if told else ""


async def request_key(client: OnvifClient, profile_token: str) -> None:
    """Makes a profile's next picture a key frame."""
    service = names.MEDIA if client.has(names.MEDIA) else names.MEDIA2
    await client.ask(service, "SetSynchronizationPoint", soap.given("ProfileToken", profile_token))


async def presets(client: OnvifClient, profile_token: str) -> tuple[Preset, ...]:
    """Where it can look; nothing if it cannot turn."""
    if not client.has(names.PTZ):
        return ()
    return replies.presets(await client.ask(names.PTZ, "GetPresets", soap.given("ProfileToken", profile_token)))


async def goto_preset(client: OnvifClient, profile_token: str, preset_token: str) -> None:
    """Turns it there."""
    if not client.has(names.PTZ):
        raise UnsupportedError("The camera cannot be turned.")
    wish = soap.given("ProfileToken", profile_token) + soap.given("PresetToken", preset_token)
    await client.ask(names.PTZ, "GotoPreset", wish)


async def reboot(client: OnvifClient) -> None:
    """Restarts it."""
    await client.ask(names.DEVICE, "SystemReboot")
