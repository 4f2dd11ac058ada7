"""PTZ: presets, the way there, and whether the camera still moves."""

from camera_sim.errors import PresetError
from camera_sim.onvif import names
from camera_sim.onvif.answers import say
from camera_sim.onvif.duration import told
from camera_sim.onvif.service import Answer, Asked, Service, plain
from camera_sim.onvif.soap import bad_argument


def _checked(operation: str, argument: str, token: str) -> Answer:
    def answer(asked: Asked) -> str:
        if asked.call.text(argument) != token:
            raise bad_argument("ter:NoEntity", f"{argument} is wrong")
        return say("ptz", operation, asked.camera)

    return answer


def _presets(asked: Asked) -> str:
    asked.profile()
    return say("ptz", "GetPresets", asked.camera)


def _goto(asked: Asked) -> str:
    asked.profile()
    assert asked.camera.ptz is not None  # PTZ.has
    try:
        asked.camera.ptz.goto(asked.call.text("PresetToken") or "")
    except PresetError as error:
        raise bad_argument("ter:NoToken", str(error)) from None
    return say("ptz", "GotoPreset", asked.camera)


def _status(asked: Asked) -> str:
    asked.profile()
    return say("ptz", "GetStatus", asked.camera, told(asked.camera.now))


PTZ = Service(
    name="ptz",
    namespace=names.PTZ,
    path="/onvif/ptz_service",
    version=(2, 60),
    answers={
        operation: plain("ptz", operation) for operation in ("GetServiceCapabilities", "GetNodes", "GetConfigurations")
    }
    | {
        "GetNode": _checked("GetNode", "NodeToken", "PTZNode_1"),
        "GetConfiguration": _checked("GetConfiguration", "PTZConfigurationToken", "PTZConfig_1"),
        "GetPresets": _presets,
        "GotoPreset": _goto,
        "GetStatus": _status,
    },
    has=lambda camera: camera.ptz is not None,
)
